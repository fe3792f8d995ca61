package focus

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
)

// modifyUserRoles promotes or demotes a participant; a user is that too when he comes back.
func (s *Server) modifyUserRoles(ctx context.Context, call *c3p.Call) (c3p.Command, error) {
	command, by := call.Request.Command.(*c3p.ModifyUserRoles), actor(call.Principal)
	if len(command.Roles) != 1 {
		return nil, fmt.Errorf("%w: want one, not %d", conference.ErrInvalidRole, len(command.Roles))
	}
	user := conference.EntityID(command.Keys.User)
	var changes []conference.Change
	f, err := s.keep(ctx, c3p.ConferenceKeys{Entity: command.Keys.Conference}, func(f *Focus) (_ func(), err error) {
		before, _ := f.conference.Participant(user)
		changes, err = f.conference.SetRole(time.Now(), by, user, conference.Role(command.Roles[0]))
		return func() { _, _ = f.conference.SetRole(time.Now(), itself, user, before.Role) }, err
	})
	if err != nil {
		return nil, err
	}
	f.tellStreamsLater(changes) // while all attendees are muted, a presenter is not
	return nil, nil
}
