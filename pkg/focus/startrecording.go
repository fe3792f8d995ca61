package focus

import (
	"context"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
)

// startRecording begins to record the conference, also before anybody is there.
func (s *Server) startRecording(ctx context.Context, call *c3p.Call) (c3p.Command, error) {
	command, by := call.Request.Command.(*c3p.StartRecording), actor(call.Principal)
	f, err := s.command(ctx, command.Keys, func(f *Focus) error { return f.conference.May(by, conference.StartRecording, "") })
	if err != nil {
		return nil, err
	}
	order := &c3p.StartRecording{Keys: c3p.ConferenceKeys{Entity: f.uri}, Format: command.Format}
	return nil, f.record(ctx, by, order, conference.Recording, func() error { return f.conference.May(by, conference.StartRecording, "") })
}
