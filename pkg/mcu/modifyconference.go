package mcu

import (
	"context"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
)

// modifyConference takes a new rule of encryption for who joins from now on, and obeys the filters of many streams at once: all of them in the same frame. Who has left meanwhile is passed over. Whom mute-all
// is about is decided by the focus.
func (s *Server) modifyConference(ctx context.Context, call *c3p.Call) (c3p.Command, error) {
	document := call.Request.Command.(*c3p.ModifyConference).Conference
	if document == nil {
		return nil, errNoConference
	}
	c, err := s.conference(document.Entity)
	if err != nil {
		return nil, err
	}
	if d := document.Description; d != nil && d.Encryption != "" {
		c.encryption.Store(d.Encryption)
	}
	return nil, c.clock.call(ctx, func() { c.filterAll(document.Users) })
}

func (c *Conference) filterAll(users []confinfo.User) {
	legs := make(map[c3p.EndpointKeys]*Leg, len(c.legs))
	for _, l := range c.legs {
		legs[l.keys()] = l
	}
	for i := range users {
		for j := range users[i].Endpoints {
			endpoint := &users[i].Endpoints[j]
			l := legs[c3p.EndpointKeys{Conference: c.entity, User: users[i].Entity, Endpoint: endpoint.Entity}]
			if l != nil {
				l.obey(endpoint.Media)
			}
		}
	}
}

// obey takes the filters and the gain of the one stream that a leg has.
func (l *Leg) obey(media []confinfo.Media) {
	for i := range media {
		if media[i].ID == audioMedia {
			l.filter(&media[i])
		}
	}
}
