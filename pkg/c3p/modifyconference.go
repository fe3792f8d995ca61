package c3p

import (
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/strictxml"
)

// ModifyConference changes what its Conference says of the conference that is its Entity; what it does not say stays.
//
//	to        says
//	factory   the Description: the record. With a Version it must be that of the record. The response has the record as it is now
//	MCU       View/EntityState/Filters: all attendees are muted, or no longer
//	our MCU   from the focus: Users, with the filters of streams
type ModifyConference struct{ Conference *confinfo.Document }

// Name implements Command.
func (c *ModifyConference) Name() string { return "modifyConference" }

func readModifyConference(e *strictxml.Element) (Command, error) {
	conference, err := readConferenceInfo(e)
	return &ModifyConference{Conference: conference}, err
}

func (c *ModifyConference) check() error {
	switch {
	case c.Conference == nil:
		return invalid(ReasonInvalidContent, "no conference-info")
	case c.Conference.Entity == "":
		return invalid(ReasonConferenceEntityInvalid, "the conference-info has no entity")
	}
	if err := checkFilters(c.Conference.View); err != nil {
		return err
	}
	return checkDescription(c.Conference.Description)
}

// checkFilters: attendees can be muted together; presenters are not.
func checkFilters(v *confinfo.View) error {
	if v == nil {
		return nil
	}
	for i := range v.Entities {
		s := v.Entities[i].EntityState
		if s == nil || s.Filters == nil {
			continue
		}
		if len(s.Filters.Initial) != 1 || s.Filters.Initial[0].Role != confinfo.Attendee || s.Filters.Initial[0].Ingress == "" {
			return invalid(ReasonInvalidContent, "mediaFiltersRules want one initialFilters, with an ingressFilter of the role attendee")
		}
	}
	return nil
}

func (c *ModifyConference) append(w *strictxml.Writer) {
	if c.Conference != nil {
		c.Conference.AppendFragment(w)
	}
}
