package focus

import (
	"context"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
)

// pauseRecording stops writing; the conference clock goes on.
func (s *Server) pauseRecording(ctx context.Context, call *c3p.Call) (c3p.Command, error) {
	command, by := call.Request.Command.(*c3p.PauseRecording), actor(call.Principal)
	f, err := s.command(ctx, command.Keys, func(f *Focus) error { return f.conference.May(by, conference.PauseRecording, "") })
	if err != nil {
		return nil, err
	}
	order := &c3p.PauseRecording{Keys: c3p.ConferenceKeys{Entity: f.uri}}
	return nil, f.record(ctx, by, order, conference.RecordingPaused, func() error { return f.isRecorded(by, conference.PauseRecording) })
}
