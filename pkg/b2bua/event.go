package b2bua

import "github.com/seed-f3cefc8c/focus/pkg/sip"

// event hands a SUBSCRIBE or REFER to the owner: they are about the conference, not about this call.
func (l *Leg) event(tx *sip.ServerTransaction) { l.config.Event(l.dialog, tx) }
