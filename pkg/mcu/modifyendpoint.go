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
	var described confinfo.Endpoint
	change := func(leg *Leg, out *confinfo.SDP) {
		if command.Endpoint.Status == confinfo.StatusDisconnected {
			c.unlink(leg, time.Now())
		} else if a := command.Endpoint.Admitted; a != nil && *a {
			leg.admit()
		}
		described = leg.described(out)
	}
	if sdp := command.Endpoint.SDP; sdp != nil && sdp.Type == confinfo.SDPCandidates {
		err = c.trickle(ctx, command.Keys, sdp.Text, func(leg *Leg) { described = leg.described(nil) })
	} else if sdp == nil {
		err = c.onLeg(ctx, command.Keys, func(leg *Leg) { change(leg, nil) })
	} else if leg, notFound := c.find(ctx, command.Keys); notFound != nil {
		err = notFound
	} else {
		err = c.renegotiate(ctx, leg, command.Endpoint, change)
	}
	if err != nil {
		return nil, err
	}
	return &c3p.ModifyEndpoint{Keys: command.Keys, Endpoint: &described}, nil
}

// trickle brings a leg candidates of its peer.
func (c *Conference) trickle(ctx context.Context, keys c3p.EndpointKeys, text string, then func(*Leg)) error {
	leg, err := c.find(ctx, keys)
	if err == nil {
		err = leg.trickle(text)
	}
	if err == nil {
		err = c.with(ctx, leg, func() { then(leg) })
	}
	return err
}

// onLeg runs f on the clock with the leg that has these keys. Each wait for the clock costs two changes of thread: one is enough for most commands.
func (c *Conference) onLeg(ctx context.Context, keys c3p.EndpointKeys, f func(*Leg)) error {
	found := false
	err := c.clock.call(ctx, func() {
		leg := c.leg(keys.User, keys.Endpoint)
		if found = leg != nil; found {
			f(leg)
		}
	})
	if err == nil && !found {
		err = noEndpoint(keys.User, keys.Endpoint)
	}
	return err
}

// renegotiate takes one step of offer/answer with a leg that is linked already, and then what else was commanded. The endpoint's URI, if there is
// one, says where its signalling comes from: of somebody who was called that is not known before.
func (c *Conference) renegotiate(ctx context.Context, leg *Leg, in *confinfo.Endpoint, then func(*Leg, *confinfo.SDP)) error {
	leg.negotiation.Lock()
	defer leg.negotiation.Unlock()
	out, agreed, err := leg.negotiate(in.SDP)
	if err != nil {
		return err
	}
	taken := agreed == nil
	err = c.with(ctx, leg, func() {
		if !taken {
			taken = true
			leg.locate(in.URI)
			leg.take(agreed)
		}
		then(leg, out)
	})
	if !taken {
		agreed.encoder.Close()
	}
	return err
}

func noEndpoint(user, endpoint string) error {
	return fmt.Errorf("endpoint %s of %s: %w", endpoint, user, errNoEndpoint)
}

// find is the leg with these keys.
func (c *Conference) find(ctx context.Context, keys c3p.EndpointKeys) (leg *Leg, err error) {
	if err = c.clock.call(ctx, func() { leg = c.leg(keys.User, keys.Endpoint) }); err != nil {
		return nil, err
	}
	if leg == nil {
		return nil, noEndpoint(keys.User, keys.Endpoint)
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
		err = noEndpoint(leg.user, leg.endpoint)
	}
	return err
}
