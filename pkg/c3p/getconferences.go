package c3p

import (
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/strictxml"
)

// GetConferences asks for the records of all conferences of the sender; Conferences is of the response.
type GetConferences struct{ Conferences []*confinfo.Document }

// Name implements Command.
func (c *GetConferences) Name() string { return "getConferences" }

func (c *GetConferences) check() error { return nil }

// readGetConferences walks "response → command → wrapper → record": the wrapper's name was never seen, so any is taken.
func readGetConferences(e *strictxml.Element) (Command, error) {
	c := &GetConferences{}
	for _, wrapper := range e.Children {
		for record := range wrapper.All(confinfo.Namespace, "conference-info") {
			conference, err := confinfo.ParseElement(record)
			if err != nil {
				return nil, err
			}
			c.Conferences = append(c.Conferences, conference)
		}
	}
	return c, nil
}

func (c *GetConferences) append(w *strictxml.Writer) {
	if len(c.Conferences) == 0 {
		return
	}
	w.Start("conferences")
	for _, conference := range c.Conferences {
		conference.AppendFragment(w)
	}
	w.End("conferences")
}
