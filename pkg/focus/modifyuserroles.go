package focus

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
)

// modifyUserRoles promotes or demotes a participant.
func (s *Server) modifyUserRoles(ctx context.Context, call *c3p.Call) (c3p.Command, error) {
	command, by := call.Request.Command.(*c3p.ModifyUserRoles), actor(call.Principal)
	if len(command.Roles) != 1 {
		return nil, fmt.Errorf("%w: want one, not %d", conference.ErrInvalidRole, len(command.Roles))
	}
	_, err := s.command(ctx, c3p.ConferenceKeys{Entity: command.Keys.Conference}, func(f *Focus) error {
		_, err := f.conference.SetRole(time.Now(), by, conference.EntityID(command.Keys.User), conference.Role(command.Roles[0]))
		return err
	})
	return nil, err
}
