package mcu

import (
	"context"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
)

// modifyConferenceAnnouncements switches the tones that say somebody came or left.
func (s *Server) modifyConferenceAnnouncements(ctx context.Context, call *c3p.Call) (c3p.Command, error) {
	command := call.Request.Command.(*c3p.ModifyConferenceAnnouncements)
	c, err := s.conference(command.Keys.Entity)
	if err != nil {
		return nil, err
	}
	return nil, c.clock.call(ctx, func() { c.announcements = command.Enabled })
}
