package mcu

import (
	"context"
	"strings"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
)

// deleteConference ends the media of a conference: recordings are closed and on disk when it returns.
func (s *Server) deleteConference(ctx context.Context, call *c3p.Call) (c3p.Command, error) {
	command := call.Request.Command.(*c3p.DeleteConference)
	c, err := s.conference(command.Keys.Entity)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	delete(s.conferences, strings.ToLower(command.Keys.Entity))
	s.mu.Unlock()
	c.end(ctx, "conference ended")
	return nil, nil
}
