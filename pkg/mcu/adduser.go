package mcu

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
)

// addUser makes a leg: with an offer it answers it, without one it makes an offer and the answer comes by modifyEndpoint.
// Everything slow happens here, on the caller's goroutine; the clock only links the leg in.
func (s *Server) addUser(ctx context.Context, call *c3p.Call) (c3p.Command, error) {
	command := call.Request.Command.(*c3p.AddUser)
	c, err := s.conference(command.Keys.Entity)
	if err != nil {
		return nil, err
	}
	if command.User == nil || len(command.User.Endpoints) != 1 {
		return nil, fmt.Errorf("addUser: %w", errNoEndpoint)
	}
	user, endpoint := *command.User, command.User.Endpoints[0]
	leg, err := c.build(&user, &endpoint, time.Now())
	if err != nil {
		return nil, err
	}
	out, agreed, err := leg.negotiate(endpoint.SDP)
	if err == nil {
		err = c.join(ctx, leg, agreed, user.Hears, func() { user.Endpoints = []confinfo.Endpoint{leg.described(out)} })
	}
	if err != nil {
		leg.discard()
		if agreed != nil {
			agreed.encoder.Close()
		}
		return nil, err
	}
	return &c3p.AddUser{Keys: command.Keys, User: &user}, nil
}

// join links a new leg in, unless its endpoint is here already or the conference has ended meanwhile. hears is whom the user hears; nil: as
// before. joined runs on the clock, to which the leg belongs from then on.
func (c *Conference) join(ctx context.Context, leg *Leg, agreed *negotiated, hears *confinfo.Hears, joined func()) error {
	refused := errClosed
	err := c.clock.call(ctx, func() {
		switch {
		case c.ended:
			refused = errNoConference
		case c.leg(leg.user, leg.endpoint) != nil:
			refused = errEndpointExists
		default:
			refused = nil
			if hears != nil {
				c.remember(leg.user, filterOf(hears))
			}
			c.link(leg, agreed, time.Now())
			joined()
		}
	})
	if err != nil {
		return err
	}
	return refused
}
