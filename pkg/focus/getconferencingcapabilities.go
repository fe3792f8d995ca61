package focus

import (
	"context"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
)

// getConferencingCapabilities says what kinds of media there are, and at which numbers telephones reach the server.
func (s *Server) getConferencingCapabilities(_ context.Context, call *c3p.Call) (c3p.Command, error) {
	if err := conference.MayOutside(actor(call.Principal), conference.GetConferencingCapabilities, ""); err != nil {
		return nil, err
	}
	capabilities := &c3p.GetConferencingCapabilities{Version: "1", MCUTypes: mcuTypes(), Regions: s.config.AccessNumbers}
	if len(capabilities.Regions) > 0 {
		capabilities.DefaultRegion = capabilities.Regions[0].Name
	}
	return capabilities, nil
}

// mcuTypes are the components a conference has here.
func mcuTypes() []string { return []string{conference.AudioVideo} }
