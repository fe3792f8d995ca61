package c3p

import "github.com/seed-f3cefc8c/focus/pkg/strictxml"

// ModifyConferenceLock locks the conference against newcomers, or opens it.
type ModifyConferenceLock struct {
	Keys   ConferenceKeys
	Locked bool
}

// Name implements Command.
func (c *ModifyConferenceLock) Name() string { return "modifyConferenceLock" }

func readModifyConferenceLock(e *strictxml.Element) (Command, error) {
	value, err := readBool(e, "locked")
	return &ModifyConferenceLock{Keys: readConferenceKeys(e), Locked: value}, err
}

func (c *ModifyConferenceLock) check() error { return c.Keys.check() }

// append writes nothing for the zero value, the body of a response.
func (c *ModifyConferenceLock) append(w *strictxml.Writer) {
	if c.Keys == (ConferenceKeys{}) {
		return
	}
	c.Keys.append(w)
	w.BoolLeaf("locked", c.Locked)
}

// readBool reads an xs:boolean child of the C3P namespace. A request without it is refused; in a response, which has no keys
// either, it is not missed.
func readBool(e *strictxml.Element, local string) (bool, error) {
	switch child := e.Child(Namespace, local); child.Trimmed() {
	case "true", "1":
		return true, nil
	case "false", "0":
		return false, nil
	default:
		if child == nil && len(e.Children) == 0 {
			return false, nil
		}
		return false, invalid(ReasonInvalidContent, local+" is not true or false")
	}
}
