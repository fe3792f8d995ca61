package b2bua

import (
	"strings"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// methods is the table of requests that belong to a leg; each stands in a file of its name.
func methods() map[sip.Method]func(*Leg, *sip.ServerTransaction) {
	return map[sip.Method]func(*Leg, *sip.ServerTransaction){
		sip.INVITE:  (*Leg).reinvite,
		sip.UPDATE:  (*Leg).update,
		sip.PRACK:   (*Leg).prack,
		sip.BYE:     (*Leg).bye,
		sip.INFO:    (*Leg).info,
		sip.OPTIONS: (*Leg).options,

		sip.SUBSCRIBE: (*Leg).event,
		sip.REFER:     (*Leg).event,
	}
}

// Methods are the methods a leg takes, for Allow.
func Methods() []sip.Method {
	return []sip.Method{sip.INVITE, sip.ACK, sip.CANCEL, sip.UPDATE, sip.PRACK, sip.BYE, sip.INFO, sip.OPTIONS, sip.SUBSCRIBE, sip.REFER}
}

// AllowHeader lists what a leg takes.
func AllowHeader() sip.Header {
	var names []string
	for _, method := range Methods() {
		names = append(names, string(method))
	}
	return sip.NewHeader("Allow", strings.Join(names, ", "))
}

// ServeDialog serves a request of the peer in the dialog. It implements sip.DialogHandler.
func (l *Leg) ServeDialog(d *sip.Dialog, tx *sip.ServerTransaction) {
	if !l.wait(d, tx) {
		return
	}
	serve, known := methods()[tx.Request().Method]
	if !known {
		_ = tx.Reply(405, AllowHeader())
		return
	}
	serve(l, tx)
}
