package focus

import (
	"slices"
	"strings"

	"github.com/seed-f3cefc8c/focus/pkg/b2bua"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// methods is the table of requests outside of dialogs; those inside belong to the legs (pkg/b2bua). An error is answered by the table of
// errors.go.
func methods() map[sip.Method]func(*Server, *sip.ServerTransaction) error {
	return map[sip.Method]func(*Server, *sip.ServerTransaction) error{
		sip.INVITE:   (*Server).invite,
		sip.MESSAGE:  (*Server).message,
		sip.OPTIONS:  (*Server).options,
		sip.REGISTER: (*Server).register,

		sip.SUBSCRIBE: (*Server).subscribe,
		sip.REFER:     (*Server).refer,
		sip.SERVICE:   (*Server).service,
		sip.PUBLISH:   (*Server).publish,
	}
}

// allowHeader is made of both tables, without what a resource does not take.
func allowHeader(without ...sip.Method) sip.Header {
	allowed := b2bua.Methods()
	for method := range methods() {
		if !slices.Contains(allowed, method) && !slices.Contains(without, method) {
			allowed = append(allowed, method)
		}
	}
	names := make([]string, 0, len(allowed))
	for _, method := range allowed {
		names = append(names, string(method))
	}
	slices.Sort(names)
	return sip.NewHeader("Allow", strings.Join(names, ", "))
}

// ServeSIP takes a request outside of dialogs. It implements sip.Handler.
func (s *Server) ServeSIP(tx *sip.ServerTransaction) {
	serve, known := methods()[tx.Request().Method]
	switch {
	case !known && slices.Contains(b2bua.Methods(), tx.Request().Method):
		_ = tx.Reply(481)
	case !known:
		_ = tx.Reply(405, allowHeader())
	default:
		if err := serve(s, tx); err != nil {
			s.refuse(tx, err)
		}
	}
}
