package focus

import (
	"context"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
)

// deleteUser takes a participant out with all endpoints.
func (s *Server) deleteUser(ctx context.Context, call *c3p.Call) (c3p.Command, error) {
	keys, by := call.Request.Command.(*c3p.DeleteUser).Keys, actor(call.Principal)
	user := conference.EntityID(keys.User)
	_, err := s.command(ctx, c3p.ConferenceKeys{Entity: keys.Conference}, func(f *Focus) error {
		if _, err := f.conference.Remove(time.Now(), by, user); err != nil {
			return err
		}
		for _, l := range f.legs {
			if l.joined && l.user == user {
				f.drop(l, 480, "removed from the conference")
			}
		}
		return nil
	})
	return nil, err
}
