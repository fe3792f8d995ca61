package focus

import (
	"strings"

	"github.com/seed-f3cefc8c/focus/pkg/registrar"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// extensions are the option tags that we understand.
func extensions() []string { return append([]string{"100rel", "timer"}, registrar.Options()...) }

// options says what we can do: "Allow, Accept, Accept-Encoding, Accept-Language, and Supported header fields SHOULD be present in a 200 (OK)
// response to an OPTIONS request" (RFC 3261 §11.2). Whether a conference exists is not told.
func (s *Server) options(tx *sip.ServerTransaction) error {
	if host := tx.Request().Recipient.Host; !s.ours(host, tx) {
		return errNotOurs
	}
	return tx.Reply(200, allowHeader(), acceptHeader(), sip.NewHeader("Accept-Encoding", "identity"),
		sip.NewHeader("Accept-Language", s.config.Language), sip.NewHeader("Supported", strings.Join(extensions(), ", ")))
}

func acceptHeader() sip.Header { return sip.NewHeader("Accept", "application/sdp") }
