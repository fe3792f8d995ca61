package sip

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// RemoteTarget is where the requests of a dialog go that req begins: the URI of its Contact. Clients of RFC 2543, which put no magic cookie into
// their branch, may leave Contact out; theirs is the From (RFC 2543 §6.13, RFC 4475 §3.4.1). It is false when there is none that can be used.
func RemoteTarget(req *Request) (URI, bool) {
	target := req.From().Address
	if contact := req.Contact(); contact != nil {
		target = contact.Address
	} else if branch, _ := lookup(req.Via().Params, "branch"); strings.HasPrefix(branch, magicCookie) {
		return URI{}, false
	}
	return target, isSIP(target) && isHost(target.Host) && !target.Wildcard
}

// NewServerDialog makes a dialog from a request that came outside of one, INVITE or SUBSCRIBE (RFC 3261 §12.1.1). It sends nothing: the answer is
// given by Provisional, Accept or Reject. contact is our URI in the dialog; h may be called as soon as a response has been sent.
func (ua *UserAgent) NewServerDialog(tx *ServerTransaction, contact URI, h DialogHandler) (*Dialog, error) {
	req := tx.req
	target, ok := RemoteTarget(req)
	if !ok {
		return nil, fmt.Errorf("dialog from %s: %w", req.Method, errNoContact)
	}
	from, to := req.From(), req.To()
	remoteTag, _ := tagOf(from.Params)
	s := DialogState{
		CallID: req.CallID().Value(), LocalTag: tx.LocalTag(), RemoteTag: remoteTag,
		LocalURI: to.Address.String(), RemoteURI: from.Address.String(), LocalName: to.DisplayName, RemoteName: from.DisplayName,
		RemoteTarget: target.String(), Contact: (&ContactHeader{Address: contact}).Value(), RemoteSeq: req.CSeq().SeqNo,
		Transport: tx.Transport(), Peer: tx.Source(), Symmetric: behindNAT(req, target, tx.Source()), Session: req.Method == INVITE,
	}
	// "The route set MUST be set to the list of URIs in the Record-Route header field from the request, taken in order" (§12.1.1).
	for _, h := range req.GetHeaders("record-route") {
		s.RouteSet = append(s.RouteSet, h.(*RecordRouteHeader).Address.String())
	}
	share := ua.callers.hold(sourceOf(tx.Source().Addr()))
	if share == nil && !ua.exempt(tx.from) {
		return nil, fmt.Errorf("dialog with %s: %w", s.RemoteURI, ErrOverload)
	}
	d, err := ua.newDialog(s, tx.from.link, h)
	if err != nil {
		letGo(share)
		return nil, err
	}
	d.mu.Lock()
	d.incoming, d.first, d.share = tx, true, share
	d.learnAllow(req)
	d.exchange.request(Carrier{false, s.RemoteSeq}, req.Method, isDescribed(req))
	d.mu.Unlock()
	if err := tx.machine.watch(func(code int) { d.onAnswered(tx, code) }); err != nil {
		d.abandon(err)
		return nil, fmt.Errorf("dialog from %s: %w", req.Method, err)
	}
	return d, nil
}

var errNoContact = errors.New("no Contact to send to")

// Provisional sends a 1xx with our tag and Contact, which makes the dialog early for the caller. It is sent reliably (RFC 3262) when the caller
// requires that, or supports it and there is a session description; then it waits for the PRACK of an earlier one, and without a PRACK in 64*T1 the
// INVITE is refused with 504.
func (d *Dialog) Provisional(code int, contentType string, body []byte, headers ...Header) error {
	tx, err := d.firstRequest()
	if err != nil {
		return err
	}
	res := d.response(tx, code, contentType, body, headers)
	if d.wantsReliable(tx, res) {
		return d.sendReliably(tx, res)
	}
	return tx.Respond(res)
}

// Accept sends the 200 and, for INVITE, repeats it until the ACK comes. The dialog is confirmed. [ErrCancelled] means that CANCEL was faster. After
// a reliable provisional response with a session description the 200 waits for its PRACK: Accept returns at once all the same.
func (d *Dialog) Accept(contentType string, body []byte, headers ...Header) error {
	tx, err := d.firstRequest()
	if err != nil {
		return err
	}
	return d.AcceptTx(tx, contentType, body, headers...)
}

// Reject refuses with 300-699. The dialog is over.
func (d *Dialog) Reject(code int, headers ...Header) error {
	tx, err := d.firstRequest()
	if err != nil {
		return err
	}
	return tx.Reply(code, headers...)
}

// AcceptTx answers a request of the dialog with 200 and our Contact where it belongs; for INVITE the 200 is repeated until the ACK comes. The session
// timer is answered here.
func (d *Dialog) AcceptTx(tx *ServerTransaction, contentType string, body []byte, headers ...Header) error {
	res := d.response(tx, 200, contentType, body, headers)
	if tx.req.Method == INVITE && d.holdBack(func() { d.acceptHeld(tx, res) }) {
		return nil
	}
	return d.accept(tx, res)
}

func (d *Dialog) acceptHeld(tx *ServerTransaction, res *Response) {
	if err := d.accept(tx, res); err != nil {
		d.ua.log.Debug("2xx after PRACK", "err", err)
	}
}

func (d *Dialog) accept(tx *ServerTransaction, res *Response) error {
	d.agreeSession(tx.req, res)
	d.mu.Lock()
	d.exchange.response(Carrier{false, tx.req.CSeq().SeqNo}, res.StatusCode, false, isDescribed(res))
	d.mu.Unlock()
	if tx.req.Method != INVITE {
		return tx.Respond(res)
	}
	u := d.expectAck(tx)
	if err := tx.Respond(res); err != nil && !errors.Is(err, ErrTransport) {
		d.acked(tx.req.CSeq().SeqNo, nil, err)
		return err
	}
	d.repeat(u, encode(res))
	return nil
}

// agreeSession puts the session timer into a 2xx of ours and starts it.
func (d *Dialog) agreeSession(req *Request, res *Response) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.carriesSession(req.Method) {
		return
	}
	terms := d.ua.answerSession(req, d.s.SessionInterval > 0 && d.s.Refresher)
	addHeaders(res, terms.answerHeaders())
	d.startSession(terms.interval, terms.refresher == "uas")
}

func (d *Dialog) firstRequest() (*ServerTransaction, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.incoming != nil && d.first {
		return d.incoming, nil
	}
	return nil, fmt.Errorf("answering %s: %w", d.s.RemoteURI, or(d.causeLocked(), ErrTransactionDone))
}

// causeLocked says why a dialog is over when that is more telling than that it is.
func (d *Dialog) causeLocked() error {
	if cause := context.Cause(d.ctx); errors.Is(cause, ErrCancelled) || errors.Is(cause, ErrClosed) {
		return cause
	}
	return nil
}

func (d *Dialog) response(tx *ServerTransaction, code int, contentType string, body []byte, headers []Header) *Response {
	res := NewResponse(tx.req, code, "")
	if refreshesTarget(tx.req.Method) && code < 300 {
		d.mu.Lock()
		res.AppendHeader(parseContact(d.s.Contact))
		d.mu.Unlock()
	}
	addHeaders(res, headers)
	if tx.req.Method == INVITE || tx.req.Method == UPDATE {
		d.ua.addSupported(res)
	}
	SetBody(res, contentType, body)
	return res
}

// serve is called by the mailbox with a request whose tags are this dialog's.
func (d *Dialog) serve(tx *ServerTransaction) {
	if code := d.admit(tx); code != 0 {
		tx.Reply(code, retryAfter(code)...)
		return
	}
	if tx.machine.watch(func(code int) { d.onAnswered(tx, code) }) == nil {
		d.handler.ServeDialog(d, tx)
	}
}

// admit checks the order and remembers where the peer is. "If the remote sequence number was not empty, but the sequence number of the request is
// lower than the remote sequence number, the request is out of order and MUST be rejected with a 500" (§12.2.2).
func (d *Dialog) admit(tx *ServerTransaction) (code int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	seq := tx.req.CSeq().SeqNo
	switch {
	case d.s.State == Terminated:
		return 481
	case d.s.RemoteSeq != 0 && seq < d.s.RemoteSeq:
		return 500
	}
	d.s.RemoteSeq = seq
	d.link, d.s.Transport, d.s.Peer = tx.from.link, tx.Transport(), tx.Source()
	d.learnAllow(tx.req)
	if tx.req.Method == PRACK && !d.acknowledges(tx) {
		return 481
	}
	if code := d.glare(tx); code != 0 {
		return code
	}
	d.exchange.request(Carrier{false, seq}, tx.req.Method, isDescribed(tx.req))
	switch tx.req.Method {
	case INVITE:
		d.incoming, d.first = tx, false
	case UPDATE:
		d.updated = tx
	case PRACK:
		d.acknowledged(tx)
	}
	return 0
}

// glare refuses what crosses or overlaps another request. Called with mu held.
func (d *Dialog) glare(tx *ServerTransaction) (code int) {
	switch method := tx.req.Method; {
	case method == INVITE && d.incoming != nil:
		// "A UAS that receives a second INVITE before it sends the final response to a first INVITE with a lower CSeq sequence number on the same
		// dialog MUST return a 500 (Server Internal Error) response to the second INVITE and MUST include a Retry-After" (§14.2).
		return 500
	case method == INVITE && d.outgoing:
		// "A UAS that receives an INVITE on a dialog while an INVITE it had sent on that dialog is in progress MUST return a 491" (§14.2).
		return 491
	case method == UPDATE && d.updated != nil:
		// "A UAS that receives an UPDATE before it has generated a final response to a previous UPDATE on the same dialog MUST return a 500 response to
		// the new UPDATE, and MUST include a Retry-After" (RFC 3311 §5.2).
		return 500
	default:
		return d.exchange.conflict(method, isDescribed(tx.req))
	}
}

// retryAfter: "a Retry-After header field with a randomly chosen value of between 0 and 10 seconds" (§14.2).
func retryAfter(code int) []Header {
	if code != 500 {
		return nil
	}
	return []Header{NewHeader("Retry-After", strconv.Itoa(rand.IntN(11)))}
}

// onAnswered is told by the transaction that a request of the peer got its final response: 0 when it ended without.
func (d *Dialog) onAnswered(tx *ServerTransaction, code int) {
	d.mu.Lock()
	first := d.first && d.incoming == tx
	if d.incoming == tx {
		d.incoming = nil
	}
	if d.updated == tx {
		d.updated = nil
	}
	if tx.req.Method == INVITE && (code < 200 || code >= 300) {
		d.endReliable()
	}
	d.exchange.answered(Carrier{false, tx.req.CSeq().SeqNo}, code)
	success := code >= 200 && code < 300
	if success && refreshesTarget(tx.req.Method) {
		d.refresh(tx.req.Contact())
	}
	if success && first && d.s.State == Early {
		d.s.State = Confirmed
	}
	d.mu.Unlock()
	switch {
	case tx.req.Method == PRACK:
		d.prackAnswered(tx)
	case tx.req.Method == BYE && code != 401 && code != 407: // it comes again, with credentials
		d.end(ErrDialogDone)
	case first && !success:
		d.end(endCause(context.Cause(tx.ctx)))
	}
}

// endCause keeps the causes that say more than that the dialog is over.
func endCause(cause error) error {
	if cause == nil || errors.Is(cause, context.Canceled) {
		return ErrDialogDone
	}
	return cause
}
