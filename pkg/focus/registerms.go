package focus

import (
	"strconv"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// forOCSClient are the headers that clients of Microsoft's servers want in the 200 of a REGISTER (c3p.md §5.2). SIPE waits for Expires for ever, and
// takes a server that does not say msrtc-event-categories on a line of its own for one that has no conferences.
func (s *Server) forOCSClient(req *sip.Request, lifetime time.Duration) []sip.Header {
	if !sip.HasOption(req, "Supported", "msrtc-event-categories") {
		return nil
	}
	headers := []sip.Header{
		sip.NewHeader("Expires", strconv.FormatInt(int64((lifetime+time.Second-1)/time.Second), 10)),
		sip.NewHeader("Supported", "msrtc-event-categories"),
		s.notifier.AllowEvents(),
	}
	if sip.HeaderValue(req, "ms-keep-alive") != "" {
		headers = append(headers, sip.NewHeader("ms-keep-alive", "UAS; tcp=no; hop-hop=yes; end-end=no; timeout=300"))
	}
	return headers
}
