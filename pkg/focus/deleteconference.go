package focus

import (
	"context"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
)

// deleteConference ends a conference for good. That is stored before anything happens and before the answer; then everybody gets BYE and
// the MCU forgets the conference. Its id stays taken for a while, so that those who dial it are told.
func (s *Server) deleteConference(ctx context.Context, call *c3p.Call) (c3p.Command, error) {
	by := actor(call.Principal)
	f, err := s.command(ctx, call.Request.Command.(*c3p.DeleteConference).Keys, func(f *Focus) error {
		return f.conference.May(by, conference.DeleteConference, "")
	})
	if err != nil {
		return nil, err
	}
	now := time.Now()
	if err := f.store(ctx, func(r *conference.Record) { r.Ended = now }); err != nil {
		return nil, err
	}
	f.post(func() {
		_, _ = f.conference.End(now, itself)
		f.finish(480, "the conference has ended")
	})
	select {
	case <-f.gone:
	case <-ctx.Done():
	}
	return nil, nil
}
