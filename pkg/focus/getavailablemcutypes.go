package focus

import (
	"context"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
)

// getAvailableMCUTypes says what getConferencingCapabilities says, to those who know only this command.
func (s *Server) getAvailableMCUTypes(_ context.Context, call *c3p.Call) (c3p.Command, error) {
	err := conference.MayOutside(actor(call.Principal), conference.GetAvailableMCUTypes, "")
	return &c3p.GetAvailableMCUTypes{MCUTypes: mcuTypes()}, err
}
