package focus

import (
	"context"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
)

// spotlight says at whom everybody is to look. Audio is not the worse for it: the roster says it, and that is all.
func (s *Server) spotlight(ctx context.Context, call *c3p.Call) (c3p.Command, error) {
	command, by := call.Request.Command.(*c3p.Spotlight), actor(call.Principal)
	_, err := s.command(ctx, c3p.ConferenceKeys{Entity: command.Keys.Conference}, func(f *Focus) error {
		_, err := f.conference.SetSpotlight(time.Now(), by, conference.EntityID(command.Keys.User), command.On)
		return err
	})
	return nil, err
}
