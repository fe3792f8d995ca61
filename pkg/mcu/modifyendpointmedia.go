package mcu

import (
	"context"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
)

// modifyEndpointMedia blocks what comes from a leg (mute) or goes to it, and sets its gain. What the document does not name
// stays as it is.
func (s *Server) modifyEndpointMedia(ctx context.Context, call *c3p.Call) (c3p.Command, error) {
	command := call.Request.Command.(*c3p.ModifyEndpointMedia)
	c, err := s.conference(command.Keys.Conference)
	if err != nil || command.Media == nil {
		return nil, err
	}
	var described confinfo.Media
	keys := c3p.EndpointKeys{Conference: command.Keys.Conference, User: command.Keys.User, Endpoint: command.Keys.Endpoint}
	err = c.onLeg(ctx, keys, func(leg *Leg) {
		leg.filter(command.Media)
		described = leg.mediaOf()[0]
	})
	return &c3p.ModifyEndpointMedia{Keys: command.Keys, Media: &described}, err
}

// filter obeys the filters and the gain that a document names.
func (l *Leg) filter(m *confinfo.Media) {
	if m.IngressFilter != "" {
		l.setMuted(m.IngressFilter == confinfo.Block)
	}
	if m.EgressFilter != "" {
		l.deaf = m.EgressFilter == confinfo.Block
	}
	if m.Gain != nil {
		l.gain = min(max(*m.Gain, minGain), maxGain)
	}
	if l.member != nil {
		l.control()
	}
}

// Gains beyond these are a mistake or an attack on ears, in dB.
const (
	minGain = -40
	maxGain = 20
)
