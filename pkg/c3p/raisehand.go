package c3p

import (
	"strconv"

	"github.com/seed-f3cefc8c/focus/pkg/strictxml"
)

// RaiseHand (fx) says that a participant wants to speak, or does not any more.
type RaiseHand struct {
	Keys EndpointKeys // Endpoint is not used; User "": lowers the hands of all
	Up   bool
}

// Name implements Command.
func (c *RaiseHand) Name() string { return "raiseHand" }

func readRaiseHand(e *strictxml.Element) (Command, error) {
	up, err := readSwitch(e, "up")
	keys := readAnyKeys(e)
	keys.Endpoint = ""
	return &RaiseHand{Keys: keys, Up: up}, err
}

func (c *RaiseHand) check() error {
	switch {
	case c.Keys.Conference == "":
		return invalid(ReasonInvalidContent, "the keys name no conference")
	case c.Keys.User == "" && c.Up:
		return invalid(ReasonInvalidUserEntity, "the keys name no user: only lowering is for all hands")
	}
	return nil
}

// append writes nothing for the zero value, the body of a response.
func (c *RaiseHand) append(w *strictxml.Writer) {
	if c.Keys == (EndpointKeys{}) {
		return
	}
	w.Attr("up", strconv.FormatBool(c.Up))
	c.Keys.appendAny(w)
}
