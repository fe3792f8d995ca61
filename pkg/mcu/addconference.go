package mcu

import (
	"context"
	"fmt"
	"strings"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
)

// addConference boots the media plane of a conference: until it has members that is a map entry and a mixer, and no tick.
func (s *Server) addConference(_ context.Context, call *c3p.Call) (c3p.Command, error) {
	command := call.Request.Command.(*c3p.AddConference)
	if command.Conference == nil || command.Conference.Entity == "" {
		return nil, &c3p.Error{Reason: c3p.ReasonInvalidConferenceID, Detail: "addConference without an entity"}
	}
	entity, key := command.Conference.Entity, strings.ToLower(command.Conference.Entity)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return nil, errClosed
	case s.conferences[key] != nil:
		return nil, fmt.Errorf("conference %s: %w", entity, errExists)
	}
	c := s.newConference(command.Conference)
	c.epoch = call.Epoch
	s.conferences[key] = c
	return nil, nil
}
