package focus

import (
	"context"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
)

// modifyConferenceLock locks the conference against newcomers, or opens it.
func (s *Server) modifyConferenceLock(ctx context.Context, call *c3p.Call) (c3p.Command, error) {
	command, by := call.Request.Command.(*c3p.ModifyConferenceLock), actor(call.Principal)
	_, err := s.keep(ctx, command.Keys, func(f *Focus) (func(), error) {
		locked := f.conference.Locked()
		_, err := f.conference.SetLock(time.Now(), by, command.Locked)
		return func() { _, _ = f.conference.SetLock(time.Now(), itself, locked) }, err
	})
	return nil, err
}
