package b2bua

import (
	"context"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// bye ends the dialog; Config.Ended follows.
func (l *Leg) bye(tx *sip.ServerTransaction) { _ = tx.Reply(200) }

// Bye ends the leg from our side and says why (RFC 3326). It waits for the answer as long as ctx does; the dialog is over in any case. A call of
// ours that is not answered yet is cancelled.
func (l *Leg) Bye(ctx context.Context, cause int, text string) error {
	if l.calling != nil {
		l.calling.giveUp()
	}
	if l.dialog == nil {
		return nil
	}
	return l.dialog.Bye(ctx, sip.ReasonHeader("SIP", cause, text))
}
