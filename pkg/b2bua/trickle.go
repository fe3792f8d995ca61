package b2bua

import "github.com/seed-f3cefc8c/focus/pkg/sip"

// trickleICE is the one Info Package that a leg takes (RFC 8840 §10), and mediaTypeTrickle what comes in it.
const (
	trickleICE       = "trickle-ice"
	mediaTypeTrickle = "application/trickle-ice-sdpfrag"
)

// recvInfoHeader says what Info Packages are taken, in every INVITE, and every answer to one (RFC 6086 §4.2.2).
func recvInfoHeader() sip.Header { return sip.NewHeader("Recv-Info", trickleICE) }

// infoPackage takes the body of an Info Package. "If a UA receives an INFO request associated with an Info Package that the UA has not indicated
// willingness to receive, the UA MUST send a 469 (Bad Info Package) response" (RFC 6086 §4.2.2).
func (l *Leg) infoPackage(tx *sip.ServerTransaction, name string) {
	switch {
	case name != trickleICE:
		_ = tx.Reply(469, recvInfoHeader())
	case sip.ContentType(tx.Request()) != mediaTypeTrickle:
		_ = tx.Reply(415, sip.NewHeader("Accept", mediaTypeTrickle))
	default:
		l.trickle(tx)
	}
}

// trickle carries candidates of the peer to the endpoint.
func (l *Leg) trickle(tx *sip.ServerTransaction) {
	_, err := l.config.Endpoint.Modify(l.dialog.Context(), Description{Type: Candidates, Text: string(tx.Request().Body())})
	if err != nil {
		l.refuse(tx, err)
		return
	}
	_ = tx.Reply(200)
}
