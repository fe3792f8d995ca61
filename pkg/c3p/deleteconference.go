package c3p

import "github.com/seed-f3cefc8c/focus/pkg/strictxml"

// DeleteConference removes the record at the factory, ends the meeting at the focus, and frees the media at an MCU.
type DeleteConference struct{ Keys ConferenceKeys }

// Name implements Command.
func (c *DeleteConference) Name() string { return "deleteConference" }

func readDeleteConference(e *strictxml.Element) (Command, error) {
	return &DeleteConference{Keys: readConferenceKeys(e)}, nil
}

func (c *DeleteConference) check() error { return c.Keys.check() }

func (c *DeleteConference) append(w *strictxml.Writer) { c.Keys.append(w) }
