package focus

import (
	"context"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
)

// raiseHand raises one's hand, or lowers somebody's; without a user it lowers all hands.
func (s *Server) raiseHand(ctx context.Context, call *c3p.Call) (c3p.Command, error) {
	command, by := call.Request.Command.(*c3p.RaiseHand), actor(call.Principal)
	_, err := s.command(ctx, c3p.ConferenceKeys{Entity: command.Keys.Conference}, func(f *Focus) (err error) {
		if command.Keys.User == "" {
			_, err = f.conference.LowerHands(time.Now(), by)
			return err
		}
		_, err = f.conference.RaiseHand(time.Now(), by, conference.EntityID(command.Keys.User), command.Up)
		return err
	})
	return nil, err
}
