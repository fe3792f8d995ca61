package focus

import (
	"context"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
)

// getConferencingCapabilities says what kinds of media there are.
func (s *Server) getConferencingCapabilities(context.Context, *c3p.Call) (c3p.Command, error) {
	return &c3p.GetConferencingCapabilities{Version: "1", MCUTypes: []string{conference.AudioVideo}}, nil
}
