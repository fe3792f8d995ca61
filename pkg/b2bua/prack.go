package b2bua

import (
	"fmt"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// Progress tells a caller who requires reliable provisional responses (RFC 3262) what Connect brought, in a 183: media may flow before the 200,
// which waits for the PRACK. With the offer of a caller who made one comes the answer; else our offer, and the PRACK answers it. Other callers
// get their 200 so soon that a 183 would only be in its way.
func (l *Leg) Progress() error {
	if !sip.HasOption(l.first.Request(), "Require", "100rel") {
		return nil
	}
	contentType, body := l.answer.body()
	l.setOffered(l.answer.Type == Offer)
	if err := l.dialog.Provisional(183, contentType, body, AllowHeader()); err != nil {
		return fmt.Errorf("answering with 183: %w", err)
	}
	l.answer = Description{} // the 200 has nothing to add
	return nil
}

// prack takes the acknowledgement of a 183: its answer to our offer, or another offer, since "the UAC ... MAY generate an additional offer in the
// PRACK. If the UAS receives a PRACK with an offer, it MUST place the answer in the 2xx to the PRACK" (RFC 3262 §5).
func (l *Leg) prack(tx *sip.ServerTransaction) {
	description, err := descriptionOf(tx.Request(), Offer)
	if err == nil && l.setOffered(false) {
		if description == nil {
			err = ErrNoAnswer
		} else {
			description.Type = Answer
		}
	}
	var answer Description
	if err == nil && description != nil {
		answer, err = l.config.Endpoint.Modify(l.dialog.Context(), *description)
	}
	if err != nil {
		l.refuse(tx, err)
		l.config.Failed(488, "no agreement on media", err)
		return
	}
	contentType, body := answer.body()
	_ = l.dialog.AcceptTx(tx, contentType, body)
}
