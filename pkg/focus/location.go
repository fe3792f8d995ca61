package focus

import (
	"context"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/registrar"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// reach is how a request reaches one contact of a user: put Target into the request line, headers into the request, and bind it to the Flow
// (sip.SetFlow, sip.Invitation), which is zero where the target is to be located.
type reach struct {
	Target  sip.URI
	Headers []sip.Header // Route
	Flow    sip.Flow

	// Instance is the same for several ways to one device: "a proxy MUST NOT populate the target set with more than one contact with the same AOR and
	// instance-id at a time" (RFC 5626 §7). "" is nobody's.
	Instance string
}

// ways are how to reach a user, or the device of a GRUU, now; the preferred one first. Nobody registered is no error.
func (s *Server) ways(ctx context.Context, uri sip.URI) (found []reach, err error) {
	bindings, err := s.registrar.Lookup(ctx, time.Now(), uri)
	if err != nil {
		return nil, err
	}
	for _, b := range bindings {
		if r, ok := s.wayTo(b); ok {
			found = append(found, r)
		}
	}
	return found, nil
}

// wayTo chooses between the three ways there are to a contact:
//
//	Path                                  the proxies that the REGISTER came through, as the Route (RFC 3327 §5.3)
//	outbound, NAT, an open connection     over the flow that the REGISTER came on
//	else                                  where its URI leads
func (s *Server) wayTo(b registrar.Binding) (r reach, ok bool) {
	target, err := b.Target()
	if err != nil {
		return reach{}, false
	}
	r = reach{Target: target, Instance: b.Instance}
	for _, hop := range b.Path {
		r.Headers = append(r.Headers, sip.NewHeader("Route", hop))
	}
	if len(b.Path) > 0 {
		return r, true
	}
	flow, err := s.ua.Flow(b.Flow)
	if err != nil && b.Transport == "UDP" { // another process has heard from it, on this socket's address
		flow, err = s.ua.PacketFlow(b.Source)
	}
	if err == nil && flow.Usable() && (b.Transport != "UDP" || b.NAT || b.FlowOnly()) {
		r.Flow = flow
		return r, true
	}
	return r, !b.FlowOnly()
}
