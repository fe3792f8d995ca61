package c3p

import (
	"strconv"

	"github.com/seed-f3cefc8c/focus/pkg/strictxml"
)

// Spotlight (fx) puts a participant where everybody looks, or takes them out of there.
type Spotlight struct {
	Keys UserKeys
	On   bool
}

// Name implements Command.
func (c *Spotlight) Name() string { return "spotlight" }

func readSpotlight(e *strictxml.Element) (Command, error) {
	on, err := readSwitch(e, "on")
	return &Spotlight{Keys: readUserKeys(e), On: on}, err
}

// readSwitch reads an xs:boolean attribute that a request must have. A response, which has no keys either, is read without.
func readSwitch(e *strictxml.Element, local string) (bool, error) {
	if _, found := e.LookupAttr("", local); !found && len(e.Children) > 0 {
		return false, invalid(ReasonInvalidContent, "no "+local)
	}
	return readFlag(e, local)
}

func (c *Spotlight) check() error { return c.Keys.check() }

// append writes nothing for the zero value, the body of a response.
func (c *Spotlight) append(w *strictxml.Writer) {
	if c.Keys == (UserKeys{}) {
		return
	}
	w.Attr("on", strconv.FormatBool(c.On))
	c.Keys.append(w)
}
