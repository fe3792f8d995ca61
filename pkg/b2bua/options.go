package b2bua

import "github.com/seed-f3cefc8c/focus/pkg/sip"

// options answers who asks whether the dialog is alive.
func (l *Leg) options(tx *sip.ServerTransaction) {
	_ = tx.Reply(200, AllowHeader(), acceptHeader(), recvInfoHeader())
}
