package focus

import (
	"context"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
)

// deleteUser takes a participant out with all endpoints.
func (s *Server) deleteUser(ctx context.Context, call *c3p.Call) (c3p.Command, error) {
	keys, by := call.Request.Command.(*c3p.DeleteUser).Keys, actor(call.Principal)
	user := conference.EntityID(keys.User)
	_, err := s.command(ctx, c3p.ConferenceKeys{Entity: keys.Conference}, func(f *Focus) error {
		return f.remove(by, user)
	})
	return nil, err
}
