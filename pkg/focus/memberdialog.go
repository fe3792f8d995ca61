package focus

import (
	"slices"
	"strings"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// memberMethods is the table of requests in a focus dialog.
func memberMethods() map[sip.Method]func(*member, *sip.ServerTransaction) {
	return map[sip.Method]func(*member, *sip.ServerTransaction){
		sip.INFO:    (*member).info,
		sip.BYE:     (*member).leave,
		sip.OPTIONS: (*member).options,
		sip.INVITE:  (*member).again,
		sip.UPDATE:  (*member).again,

		sip.SUBSCRIBE: (*member).subscribe,
		sip.REFER:     (*member).refer,
	}
}

// memberAllow lists what a focus dialog takes.
func memberAllow() sip.Header {
	names := []string{"ACK", "CANCEL"}
	for method := range memberMethods() {
		names = append(names, string(method))
	}
	slices.Sort(names)
	return sip.NewHeader("Allow", strings.Join(names, ", "))
}

func acceptC3P() sip.Header { return sip.NewHeader("Accept", c3p.MediaType) }

// ServeDialog serves a request of the client. It implements sip.DialogHandler.
func (m *member) ServeDialog(_ *sip.Dialog, tx *sip.ServerTransaction) {
	serve, known := memberMethods()[tx.Request().Method]
	if !known {
		_ = tx.Reply(405, memberAllow())
		return
	}
	serve(m, tx)
}

// Acknowledged implements sip.DialogHandler: a client that does not acknowledge is not there.
func (m *member) Acknowledged(_ *sip.Dialog, _ *sip.Request, err error) {
	if err != nil {
		m.focus.post(func() { m.focus.dropMember(m, 408, "no ACK") })
	}
}

func (m *member) leave(tx *sip.ServerTransaction) {
	m.left.Store(true)
	_ = tx.Reply(200)
}

func (m *member) options(tx *sip.ServerTransaction) { _ = tx.Reply(200, memberAllow(), acceptC3P()) }

// again is a refresh of the session, with a new address perhaps: there is nothing else to agree on here. What brings the addUser again is told again
// what came of it.
func (m *member) again(tx *sip.ServerTransaction) {
	switch {
	case len(tx.Request().Body()) == 0:
		_ = m.dialog.AcceptTx(tx, "", nil, memberAllow())
	case hasC3P(tx.Request()) && tx.Request().Method == sip.INVITE:
		_ = m.dialog.AcceptTx(tx, c3p.MediaType, m.accepted, memberAllow())
	default:
		_ = tx.Reply(488, m.focus.server.warning("a focus dialog has no media: call the MCU"))
	}
}

func (m *member) subscribe(tx *sip.ServerTransaction) { m.focus.server.notifier.Serve(tx, m.dialog) }

func (m *member) refer(tx *sip.ServerTransaction) {
	if err := m.focus.obey(tx, m.dialog, m.actor(), sip.URI{}); err != nil {
		m.focus.server.refuse(tx, err)
	}
}
