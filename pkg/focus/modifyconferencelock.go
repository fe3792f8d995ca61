package focus

import (
	"context"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
)

// modifyConferenceLock locks the conference against newcomers, or opens it. It holds from the moment of the command, and is taken back if
// it cannot be stored.
func (s *Server) modifyConferenceLock(ctx context.Context, call *c3p.Call) (c3p.Command, error) {
	command, by := call.Request.Command.(*c3p.ModifyConferenceLock), actor(call.Principal)
	changed := false
	f, err := s.command(ctx, command.Keys, func(f *Focus) error {
		changes, err := f.conference.SetLock(time.Now(), by, command.Locked)
		changed = len(changes) > 0
		return err
	})
	if err != nil || !changed {
		return nil, err
	}
	if err := f.store(ctx, func(*conference.Record) {}); err != nil {
		f.post(func() { _, _ = f.conference.SetLock(time.Now(), itself, !command.Locked) })
		return nil, err
	}
	return nil, nil
}
