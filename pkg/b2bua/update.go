package b2bua

import "github.com/seed-f3cefc8c/focus/pkg/sip"

// update changes the session without an ACK (RFC 3311), or refreshes it and the peer's Contact when it has no offer. One that crosses another
// offer does not come here: pkg/sip refuses it.
func (l *Leg) update(tx *sip.ServerTransaction) {
	offer, err := descriptionOf(tx.Request(), Offer)
	var answer Description
	if err == nil && offer != nil {
		answer, err = l.config.Endpoint.Modify(l.dialog.Context(), *offer)
	}
	if err != nil {
		l.refuse(tx, err)
		return
	}
	contentType, body := answer.body()
	_ = l.dialog.AcceptTx(tx, contentType, body, AllowHeader(), recvInfoHeader())
}
