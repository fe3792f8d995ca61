package sip

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/netip"
	"sync"
)

// ServerTransaction is a request that wants an answer. Its methods may be called from any goroutine and do not wait for the network.
type ServerTransaction struct {
	ua      *UserAgent
	req     *Request
	from    flow
	machine *serverMachine

	ctx       context.Context
	cancel    context.CancelCauseFunc
	cancelled chan struct{}

	mu   sync.Mutex
	next func() // lets the next request of the Call-ID be delivered
}

func newServerTransaction(ua *UserAgent, key serverKey, req *Request, from flow) *ServerTransaction {
	tx := &ServerTransaction{ua: ua, req: req, from: from, cancelled: make(chan struct{})}
	tx.ctx, tx.cancel = context.WithCancelCause(ua.ctx)
	back := ua.backOf(req, from)
	tag, inDialog := tagOf(req.To().Params)
	if !inDialog {
		tag = NewTag()
	}
	tx.machine = &serverMachine{ua: ua, key: key, back: back, invite: req.Method == INVITE, tag: tag, tx: tx}
	return tx
}

// Request is what was asked. It must not be changed.
func (tx *ServerTransaction) Request() *Request { return tx.req }

// Context ends when nobody waits for the answer any more: after the final response, with [ErrCancelled] after a CANCEL, with [ErrClosed] when
// the user agent closes, with [ErrTimeout] when a request other than INVITE has not been answered in 64*T1.
func (tx *ServerTransaction) Context() context.Context { return tx.ctx }

// Done is closed when Context ends.
func (tx *ServerTransaction) Done() <-chan struct{} { return tx.ctx.Done() }

// Cancelled is closed by a CANCEL. By then the CANCEL has been answered with 200 and the INVITE with 487: a handler that reacts late, or not at
// all, cannot keep the caller waiting, and CANCEL and 200 cannot cross.
func (tx *ServerTransaction) Cancelled() <-chan struct{} { return tx.cancelled }

// LocalTag is the To tag of all responses above 100.
func (tx *ServerTransaction) LocalTag() string { return tx.machine.tag }

// Source is the address from which the request came.
func (tx *ServerTransaction) Source() netip.AddrPort { return tx.from.remote }

// Transport is "UDP", "TCP", "TLS", "WS" or "WSS".
func (tx *ServerTransaction) Transport() string { return tx.from.link.transport() }

// FlowID names the connection on which the request came, for as long as the process lives. It is empty for UDP.
func (tx *ServerTransaction) FlowID() string {
	if !tx.from.reliable() {
		return ""
	}
	return tx.from.link.name()
}

// TLS is the state of the TLS connection on which the request came, with the peer's certificates. Nil where there is no TLS.
func (tx *ServerTransaction) TLS() *tls.ConnectionState {
	return tx.from.tlsState()
}

func (f flow) tlsState() *tls.ConnectionState {
	if s, ok := f.link.(*stream); ok {
		return s.tlsState()
	}
	return nil
}

// ContactURI is a URI by which the peer of this transaction can reach us.
func (tx *ServerTransaction) ContactURI(user string) URI {
	return secured(tx.ua.contactURI(tx.from, user), tx.from, wantsSIPS(tx.req))
}

func (ua *UserAgent) contactURI(f flow, user string) URI {
	uri := URI{Scheme: "sip", User: user, Host: ua.hostOf(f), Port: ua.portOf(f)}
	if f.reliable() {
		uri.UriParams = Params{{K: "transport", V: paramOf(f.link.transport())}}
	}
	return uri
}

// Respond sends a response with this transaction's To tag. After a final one there is [ErrTransactionDone], or [ErrCancelled] if a CANCEL was
// first. An error wrapping [ErrTransport] means that the response could not be sent; the transaction is over all the same.
// The 2xx of an INVITE is better sent by [Dialog.Accept] or [Dialog.AcceptTx], which repeat it until the ACK comes.
func (tx *ServerTransaction) Respond(res *Response) error {
	if res.StatusCode > 100 {
		setTag(res, tx.machine.tag)
	}
	tx.ua.finishResponse(res)
	err := tx.machine.respond(res)
	if res.StatusCode > 100 {
		tx.Detach()
	}
	if err != nil {
		return fmt.Errorf("answering %s with %d: %w", tx.req.Method, res.StatusCode, err)
	}
	return nil
}

// Reply answers with a code, its standard text and no body.
func (tx *ServerTransaction) Reply(code int, headers ...Header) error {
	res := NewResponse(tx.req, code, "")
	addHeaders(res, headers)
	return tx.Respond(res)
}

func addHeaders(m Message, headers []Header) {
	for _, h := range headers {
		m.AppendHeader(h)
	}
}

// Detach lets the next request of the same Call-ID be delivered while this one is still being worked on. The first response above 100 and the
// return of the handler do the same.
func (tx *ServerTransaction) Detach() {
	tx.mu.Lock()
	next := tx.next
	tx.next = nil
	tx.mu.Unlock()
	if next != nil {
		next()
	}
}

func (tx *ServerTransaction) onDetach(next func()) {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	tx.next = next
}

// UserAgent is the one that received the request.
func (tx *ServerTransaction) UserAgent() *UserAgent { return tx.ua }
