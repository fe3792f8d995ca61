package c3p

import "github.com/seed-f3cefc8c/focus/pkg/strictxml"

// SetMediaFilter (fx) says whom a participant hears: everybody but Users or, with Only, nobody but Users. Without both it is
// everybody again.
type SetMediaFilter struct {
	Keys  UserKeys
	Only  bool
	Users []string // URIs; they need not be in
}

// MaxFilteredUsers bounds SetMediaFilter.Users.
const MaxFilteredUsers = 256

// Name implements Command.
func (c *SetMediaFilter) Name() string { return "setMediaFilter" }

func readSetMediaFilter(e *strictxml.Element) (Command, error) {
	only, err := readFlag(e, "only")
	c := &SetMediaFilter{Keys: readUserKeys(e), Only: only}
	for speaker := range e.All(ExtensionNamespace, "speaker") {
		c.Users = append(c.Users, speaker.Trimmed())
	}
	return c, err
}

// readFlag reads an optional xs:boolean attribute.
func readFlag(e *strictxml.Element, local string) (bool, error) {
	text, found := e.LookupAttr("", local)
	if !found {
		return false, nil
	}
	value, ok := strictxml.ParseBool(text)
	if !ok {
		return false, invalid(ReasonInvalidContent, local+" is not true or false")
	}
	return value, nil
}

func (c *SetMediaFilter) check() error {
	if len(c.Users) > MaxFilteredUsers {
		return invalid(ReasonInvalidContent, "more than 256 speakers")
	}
	for _, user := range c.Users {
		if user == "" {
			return invalid(ReasonInvalidUserEntity, "a speaker without a URI")
		}
	}
	return c.Keys.check()
}

// append writes nothing for the zero value, the body of a response.
func (c *SetMediaFilter) append(w *strictxml.Writer) {
	if c.Only {
		w.Attr("only", "true")
	}
	c.Keys.append(w)
	for _, user := range c.Users {
		w.Leaf("fx:speaker", user)
	}
}
