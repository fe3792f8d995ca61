package focus

import (
	"context"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
)

// getAvailableMCUTypes says what getConferencingCapabilities says, to those who know only this command.
func (s *Server) getAvailableMCUTypes(context.Context, *c3p.Call) (c3p.Command, error) {
	return &c3p.GetAvailableMCUTypes{MCUTypes: mcuTypes()}, nil
}
