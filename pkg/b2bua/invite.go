package b2bua

import (
	"context"
	"fmt"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// Connect carries the caller's offer to the endpoint and keeps the answer for Accept. Without an offer the endpoint makes one: "If the
// initial offer is in an INVITE, the answer MUST be in a reliable non-failure message ...; if [it] is in the first reliable non-failure
// message from the UAS back to the UAC, the answer MUST be in the acknowledgement for that message" (RFC 3261 §13.2.1).
func (l *Leg) Connect(ctx context.Context) error {
	offer, err := descriptionOf(l.first.Request(), Offer)
	if err != nil {
		return err
	}
	if l.answer, err = l.config.Endpoint.Add(ctx, offer); err != nil {
		return fmt.Errorf("carrying the offer to the MCU: %w", err)
	}
	return nil
}

// Accept answers the call with what Connect brought. sip.ErrCancelled says that the caller was faster; the endpoint must then be removed.
func (l *Leg) Accept(headers ...sip.Header) error {
	if l.answer.Text != "" {
		l.setOffered(l.answer.Type == Offer)
	}
	contentType, body := l.answer.body()
	if err := l.dialog.Accept(contentType, body, append(headers, AllowHeader(), recvInfoHeader())...); err != nil {
		return fmt.Errorf("accepting the call: %w", err)
	}
	l.first, l.answer = nil, Description{} // a call may last: the INVITE need not
	l.watch()
	return nil
}

// Cancelled reports whether the call has been given up: nobody waits for Accept, or for Place, any more.
func (l *Leg) Cancelled() bool {
	if l.calling != nil {
		return l.calling.ctx.Err() != nil
	}
	return l.first != nil && l.first.Context().Err() != nil
}
