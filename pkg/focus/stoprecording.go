package focus

import (
	"context"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
)

// stopRecording ends the recording; its files are closed when it answers.
func (s *Server) stopRecording(ctx context.Context, call *c3p.Call) (c3p.Command, error) {
	command, by := call.Request.Command.(*c3p.StopRecording), actor(call.Principal)
	f, err := s.command(ctx, command.Keys, func(f *Focus) error { return f.conference.May(by, conference.StopRecording, "") })
	if err != nil {
		return nil, err
	}
	order := &c3p.StopRecording{Keys: c3p.ConferenceKeys{Entity: f.uri}}
	return nil, f.record(ctx, by, order, conference.NotRecording, func() error { return f.isRecorded(by, conference.StopRecording) })
}
