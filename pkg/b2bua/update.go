package b2bua

import "github.com/seed-f3cefc8c/focus/pkg/sip"

// update changes the session without an ACK (RFC 3311), or refreshes the peer's Contact when it has no offer. "If an UPDATE is received that
// contains an offer, and the UAS has generated an offer (in an UPDATE, PRACK or INVITE) to which it has not yet received an answer, the UAS
// MUST reject the UPDATE with a 491 response" (§5.2).
func (l *Leg) update(tx *sip.ServerTransaction) {
	offer, err := descriptionOf(tx.Request(), Offer)
	if err == nil && offer != nil && l.awaitsAnswer() {
		err = ErrPending
	}
	var answer Description
	if err == nil && offer != nil {
		answer, err = l.config.Endpoint.Modify(l.dialog.Context(), *offer)
	}
	if err != nil {
		l.refuse(tx, err)
		return
	}
	contentType, body := answer.body()
	_ = l.dialog.AcceptTx(tx, contentType, body, AllowHeader())
}

func (l *Leg) awaitsAnswer() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.offered
}
