package mcu

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
)

// modifyEndpoint brings a leg an answer, a new offer, a request for one, or lets it into the mix; an endpoint with the status
// disconnected ends it.
func (s *Server) modifyEndpoint(ctx context.Context, call *c3p.Call) (c3p.Command, error) {
	command := call.Request.Command.(*c3p.ModifyEndpoint)
	c, err := s.conference(command.Keys.Conference)
	if err != nil || command.Endpoint == nil {
		return nil, err
	}
	leg, err := c.find(ctx, command.Keys)
	if err != nil {
		return nil, err
	}
	var out *confinfo.SDP
	if command.Endpoint.SDP != nil {
		if out, err = c.renegotiate(ctx, leg, command.Endpoint.SDP); err != nil {
			return nil, err
		}
	}
	var described confinfo.Endpoint
	err = c.with(ctx, leg, func() {
		if command.Endpoint.Status == confinfo.StatusDisconnected {
			c.unlink(leg, time.Now())
		} else if a := command.Endpoint.Admitted; a != nil && *a {
			leg.admit()
		}
		described = leg.described(out)
	})
	return &c3p.ModifyEndpoint{Keys: command.Keys, Endpoint: &described}, err
}

// renegotiate takes one step of offer/answer with a leg that is linked already.
func (c *Conference) renegotiate(ctx context.Context, leg *Leg, in *confinfo.SDP) (*confinfo.SDP, error) {
	leg.negotiation.Lock()
	defer leg.negotiation.Unlock()
	out, agreed, err := leg.negotiate(in)
	if err != nil || agreed == nil {
		return out, err
	}
	if err = c.with(ctx, leg, func() { leg.take(agreed) }); err != nil {
		agreed.encoder.Close()
	}
	return out, err
}

// find is the leg with these keys.
func (c *Conference) find(ctx context.Context, keys c3p.EndpointKeys) (leg *Leg, err error) {
	if err = c.clock.call(ctx, func() { leg = c.leg(keys.User, keys.Endpoint) }); err != nil {
		return nil, err
	}
	if leg == nil {
		return nil, fmt.Errorf("endpoint %s of %s: %w", keys.Endpoint, keys.User, errNoEndpoint)
	}
	return leg, nil
}

// with runs f on the clock, unless the leg has gone since it was found: nothing brings a closed leg back into the mix.
func (c *Conference) with(ctx context.Context, leg *Leg, f func()) error {
	linked := false
	err := c.clock.call(ctx, func() {
		if linked = slices.Contains(c.legs, leg); linked {
			f()
		}
	})
	if err == nil && !linked {
		err = fmt.Errorf("endpoint %s of %s: %w", leg.endpoint, leg.user, errNoEndpoint)
	}
	return err
}
