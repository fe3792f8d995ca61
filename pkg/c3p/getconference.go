package c3p

import (
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/strictxml"
)

// GetConference asks for the record of one conference; Conference is of the response.
type GetConference struct {
	Keys       ConferenceKeys
	Conference *confinfo.Document
}

// Name implements Command.
func (c *GetConference) Name() string { return "getConference" }

func readGetConference(e *strictxml.Element) (Command, error) {
	conference, err := readConferenceInfo(e)
	return &GetConference{Keys: readConferenceKeys(e), Conference: conference}, err
}

func (c *GetConference) check() error { return c.Keys.check() }

func (c *GetConference) append(w *strictxml.Writer) {
	c.Keys.append(w)
	if c.Conference != nil {
		c.Conference.AppendFragment(w)
	}
}
