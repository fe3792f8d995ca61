package mcu

import (
	"context"
	"slices"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/mixer"
)

// setMediaFilter says whom a user hears, on all of his endpoints and on those that come.
func (s *Server) setMediaFilter(ctx context.Context, call *c3p.Call) (c3p.Command, error) {
	command := call.Request.Command.(*c3p.SetMediaFilter)
	c, err := s.conference(command.Keys.Conference)
	if err != nil {
		return nil, err
	}
	filter := filterOf(&confinfo.Hears{Only: command.Only, Users: command.Users})
	set := error(nil)
	err = c.clock.call(ctx, func() { set = c.setFilter(command.Keys.User, filter) })
	if err != nil {
		return nil, err
	}
	return nil, set
}

// filterOf is what the mixer wants; nil is everybody.
func filterOf(h *confinfo.Hears) *mixer.Filter {
	if h == nil || !h.Only && len(h.Users) == 0 {
		return nil
	}
	users := slices.Clone(h.Users)
	slices.Sort(users)
	return &mixer.Filter{Only: h.Only, IDs: users}
}

// setFilter takes effect on all endpoints of a user, or on none.
func (c *Conference) setFilter(user string, filter *mixer.Filter) error {
	legs := c.legsOf(user)
	if len(legs) == 0 {
		return noEndpoint("any", user)
	}
	before := c.filters[user]
	for i, l := range legs {
		if l.filtered(filter) {
			continue
		}
		for _, done := range legs[:i] {
			done.filtered(before)
		}
		return errTooManyFilters
	}
	c.remember(user, filter)
	return nil
}

// remember keeps the filter for endpoints that come.
func (c *Conference) remember(user string, filter *mixer.Filter) {
	if filter == nil {
		delete(c.filters, user)
		return
	}
	c.filters[user] = filter
}

// filtered sets the filter of a leg that is in the conference's mix; one that is not gets it when it enters.
func (l *Leg) filtered(filter *mixer.Filter) bool {
	return l.member == nil || !l.admitted || l.member.SetFilter(filter)
}
