package focus

import (
	"strings"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/registrar"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// extensions are the option tags that we understand.
func extensions() []string {
	return append([]string{"100rel", "timer", "replaces", "join", "norefersub"}, registrar.Options()...)
}

// options says what we can do: "Allow, Accept, Accept-Encoding, Accept-Language, and Supported header fields SHOULD be present in a 200 (OK)
// response to an OPTIONS request" (RFC 3261 §11.2). Whether a conference or a user exists is not told; a user who asks with credentials for
// another user is answered by that one's telephone.
func (s *Server) options(tx *sip.ServerTransaction) error {
	if req := tx.Request(); req.Recipient.User != "" && sip.HeaderValue(req, "Authorization") != "" {
		who, err := s.authenticate(tx)
		if err != nil {
			return err
		}
		if to, err := s.calledUser(tx); err == nil && who.caller.Authenticated {
			return s.relay(tx, who, to)
		}
	}
	if host := tx.Request().Recipient.Host; !s.ours(host, tx) {
		return errNotOurs
	}
	return tx.Reply(200, allowHeader(), sip.NewHeader("Accept", "application/sdp, "+c3p.MediaType), sip.NewHeader("Accept-Encoding", "identity"),
		sip.NewHeader("Accept-Language", s.config.Language), sip.NewHeader("Supported", strings.Join(extensions(), ", ")),
		s.notifier.AllowEvents())
}

func acceptHeader() sip.Header { return sip.NewHeader("Accept", "application/sdp") }
