package b2bua

import (
	"context"
	"fmt"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// Offer carries an offer of the endpoint to the peer in a re-INVITE, and the answer back. A refusal leaves the session as it is and is a
// *sip.StatusError.
func (l *Leg) Offer(ctx context.Context, offer Description) error {
	contentType, body := offer.body()
	res, err := l.dialog.Invite(ctx, contentType, body)
	if err != nil {
		return fmt.Errorf("offering a new session: %w", err)
	}
	if res.StatusCode >= 300 {
		return fmt.Errorf("offering a new session: %w", &sip.StatusError{Code: res.StatusCode, Reason: res.Reason, Response: res})
	}
	answer, err := descriptionOf(res, Answer)
	if err == nil && answer == nil {
		err = ErrNoAnswer
	}
	if err == nil {
		_, err = l.config.Endpoint.Modify(ctx, *answer)
	}
	if err != nil {
		return fmt.Errorf("answer to our offer: %w", err)
	}
	return nil
}
