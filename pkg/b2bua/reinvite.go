package b2bua

import "github.com/seed-f3cefc8c/focus/pkg/sip"

// reinvite changes the session: hold, resume, another address, another codec. Without an offer the endpoint makes one, and the ACK brings
// the answer. A refusal leaves everything as it is: "If a UA receives a non-2xx final response to a re-INVITE, the session parameters MUST
// remain unchanged, as if no re-INVITE had been issued" (RFC 3261 §14.1).
func (l *Leg) reinvite(tx *sip.ServerTransaction) {
	offer, err := descriptionOf(tx.Request(), Offer)
	if err != nil {
		l.refuse(tx, err)
		return
	}
	if offer == nil {
		offer = &Description{Type: Request}
	}
	out, err := l.config.Endpoint.Modify(l.dialog.Context(), *offer)
	if err != nil {
		l.refuse(tx, err)
		return
	}
	l.setOffered(out.Type == Offer)
	contentType, body := out.body()
	_ = l.dialog.AcceptTx(tx, contentType, body, AllowHeader(), recvInfoHeader()) // fails when a CANCEL was faster: the next offer sets it right
}
