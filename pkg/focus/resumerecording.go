package focus

import (
	"context"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
)

// resumeRecording goes on after pauseRecording.
func (s *Server) resumeRecording(ctx context.Context, call *c3p.Call) (c3p.Command, error) {
	command, by := call.Request.Command.(*c3p.ResumeRecording), actor(call.Principal)
	f, err := s.command(ctx, command.Keys, func(f *Focus) error { return f.conference.May(by, conference.ResumeRecording, "") })
	if err != nil {
		return nil, err
	}
	order := &c3p.ResumeRecording{Keys: c3p.ConferenceKeys{Entity: f.uri}}
	return nil, f.record(ctx, by, order, conference.Recording, func() error { return f.isRecorded(by, conference.ResumeRecording) })
}
