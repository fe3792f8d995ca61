package c3p

import "github.com/seed-f3cefc8c/focus/pkg/strictxml"

// ModifyConferenceAnnouncements switches the tones and announcements on joining and leaving. The wire form of the
// original was never seen; this one is inferred.
type ModifyConferenceAnnouncements struct {
	Keys    ConferenceKeys
	Enabled bool
}

// Name implements Command.
func (c *ModifyConferenceAnnouncements) Name() string { return "modifyConferenceAnnouncements" }

func readModifyConferenceAnnouncements(e *strictxml.Element) (Command, error) {
	value, err := readBool(e, "enabled")
	return &ModifyConferenceAnnouncements{Keys: readConferenceKeys(e), Enabled: value}, err
}

func (c *ModifyConferenceAnnouncements) check() error { return c.Keys.check() }

// append writes nothing for the zero value, the body of a response.
func (c *ModifyConferenceAnnouncements) append(w *strictxml.Writer) {
	if c.Keys == (ConferenceKeys{}) {
		return
	}
	c.Keys.append(w)
	w.BoolLeaf("enabled", c.Enabled)
}
