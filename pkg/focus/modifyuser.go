package focus

import (
	"context"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
)

// modifyUser changes what a participant is called.
func (s *Server) modifyUser(ctx context.Context, call *c3p.Call) (c3p.Command, error) {
	command, by := call.Request.Command.(*c3p.ModifyUser), actor(call.Principal)
	_, err := s.command(ctx, c3p.ConferenceKeys{Entity: command.Keys.Conference}, func(f *Focus) error {
		_, err := f.conference.SetDisplayText(time.Now(), by, conference.EntityID(command.Keys.User), clean(command.User.DisplayText))
		return err
	})
	return nil, err
}
