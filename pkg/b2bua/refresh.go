package b2bua

import (
	"context"
	"fmt"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// RefreshSession keeps the session alive by a re-INVITE, for peers that do not take UPDATE: with an offer that the endpoint makes of the session as it
// is (RFC 4028 §7.4). It implements sip.SessionRefresher.
func (l *Leg) RefreshSession(ctx context.Context, _ *sip.Dialog) error {
	offer, err := l.config.Endpoint.Modify(ctx, Description{Type: Request})
	if err != nil {
		return fmt.Errorf("refreshing the session: %w", err)
	}
	return l.Offer(ctx, offer)
}
