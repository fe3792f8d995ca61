package sip

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// maxResponses is how many responses may wait for Next; above it provisional ones are lost.
const maxResponses = 64

// ClientTransaction is a request on its way. Its responses are read with Next.
type ClientTransaction struct {
	ua     *UserAgent
	key    clientKey
	req    *Request
	to     flow
	method Method
	invite bool
	// take sees each response before Next does, on the reading goroutine; true keeps it from Next.
	take func(*Response) bool
	// moved is told when the request goes to another server, with another Via, and before there is a response from it.
	moved func(*Request)
	// answered is there instead of Next for a request that was made of a head (transaction_echo.go).
	answered func(*Response, error)
	head     *head  // then req is nil
	seq      uint32 // of CSeq
	route    *route // nil when there is one way only
	size     int    // of the request without Via

	ownContact bool // names the socket that is used

	mu        sync.Mutex
	attempt   int  // which server it is
	moving    bool // to the next server
	rang      bool // a provisional response above 100 came
	state     clientState
	wire      []byte
	cancelled bool        // CANCEL is to be sent, or was
	resend    *time.Timer // Timers A, E
	limit     *time.Timer // Timers B, F, D, K, M
	interval  time.Duration
	responses []*Response
	coming    int           // responses that take is looking at
	err       error         // after the last response
	news      chan struct{} // of capacity 1
}

// Start sends a request and returns at once. Missing Via, From tag, To, Call-ID, CSeq and Max-Forwards are added. The request must not be
// changed afterwards. ctx bounds the finding and opening of the way, not the transaction.
func (ua *UserAgent) Start(ctx context.Context, req *Request) (*ClientTransaction, error) {
	return ua.start(ctx, req, flow{}, nil)
}

// Do sends a request and waits for the final response. When ctx ends first, an INVITE is cancelled and the error is that of ctx.
// An INVITE that makes a dialog is better sent with [UserAgent.Invite]: here nobody acknowledges a 2xx.
func (ua *UserAgent) Do(ctx context.Context, req *Request) (*Response, error) {
	t, err := ua.Start(ctx, req)
	if err != nil {
		return nil, err
	}
	return t.Final(ctx)
}

// Send sends a request that nobody answers: ACK, BENOTIFY.
func (ua *UserAgent) Send(ctx context.Context, req *Request) error {
	return ua.sendOnce(ctx, req, flow{})
}

func (ua *UserAgent) sendOnce(ctx context.Context, req *Request, way flow) error {
	way, err := ua.prepare(ctx, req, way)
	if err == nil {
		_, err = way.send(req)
	}
	if err != nil {
		return fmt.Errorf("sending %s to %s: %w", req.Method, req.Recipient.String(), err)
	}
	return nil
}

func (ua *UserAgent) start(ctx context.Context, req *Request, way flow, take func(*Response) bool) (*ClientTransaction, error) {
	return ua.launch(ctx, req, way, &ClientTransaction{take: take})
}

// launch starts a transaction that has take and moved.
func (ua *UserAgent) launch(ctx context.Context, req *Request, way flow, t *ClientTransaction) (*ClientTransaction, error) {
	t.ua, t.req, t.method, t.invite, t.news = ua, req, req.Method, req.Method == INVITE, make(chan struct{}, 1)
	contact := req.Contact()
	t.ownContact = contact != nil && contact.Address.Host == "" && isSIP(contact.Address)
	var err error
	if t.to, t.route, t.size, err = ua.embark(ctx, req, way); err != nil {
		return nil, fmt.Errorf("sending %s to %s: %w", req.Method, req.Recipient.String(), err)
	}
	t.key, t.seq = clientKeyOf(req), req.CSeq().SeqNo
	if ua.isClosed() {
		return nil, ErrClosed
	}
	if !ua.clients.add(t.key, t) {
		return nil, fmt.Errorf("sending %s: %w", req.Method, ErrOverload)
	}
	if err := t.begin(); err != nil && !t.elsewhere(ctx) {
		t.fail(err)
		return nil, fmt.Errorf("sending %s to %s: %w", req.Method, req.Recipient.String(), err)
	}
	return t, nil
}

// prepare completes a request and finds its way.
func (ua *UserAgent) prepare(ctx context.Context, req *Request, way flow) (flow, error) {
	way, _, _, err := ua.embark(ctx, req, way)
	return way, err
}

// embark completes a request and finds its way, and the others that may be tried when that fails; none when the way was given or is a [Flow].
func (ua *UserAgent) embark(ctx context.Context, req *Request, way flow) (_ flow, r *route, size int, err error) {
	complete(req, ua.cfg.Name)
	if !way.usable() {
		size = len(encode(req)) + viaRoom
		if way, r, err = ua.wayFor(ctx, req, way, size); err != nil {
			return flow{}, nil, 0, err
		}
	}
	ua.finishRequest(req, way)
	return way, r, size, nil
}

// wayFor replaces a way that is over, or was none.
func (ua *UserAgent) wayFor(ctx context.Context, req *Request, old flow, size int) (flow, *route, error) {
	if old.link != nil && isWebSocket(old.link.transport()) { // whatever the Contact says, there is no other way
		return flow{}, nil, fmt.Errorf("to %s: %w", old.remote, ErrFlowGone)
	}
	if kept, bound, err := ua.boundFlow(req); bound {
		return kept, nil, err
	}
	r, err := ua.routeOf(ctx, req)
	if err != nil {
		return flow{}, nil, err
	}
	way, err := r.next(ctx, size)
	return way, r, err
}

// finishRequest writes into a request what depends on its way: Via, and a Contact that names no host yet.
func (ua *UserAgent) finishRequest(req *Request, way flow) {
	if req.Via() == nil {
		req.PrependHeader(ua.via(way))
	}
	if contact := req.Contact(); contact != nil && contact.Address.Host == "" && isSIP(contact.Address) {
		contact.Address = secured(ua.contactURI(way, contact.Address.User), way, callsSIPS(req))
	}
}

func (ua *UserAgent) via(way flow) *ViaHeader {
	params := Params{{K: "branch", V: NewBranch()}, {K: "rport"}}
	if ua.offersAlias(way) {
		params = append(params, Params{{K: "alias"}}...)
	}
	return &ViaHeader{
		ProtocolName: "SIP", ProtocolVersion: "2.0", Transport: way.link.transport(), Host: ua.hostOf(way), Port: ua.portOf(way), Params: params,
	}
}

func complete(req *Request, name string) {
	if req.To() == nil {
		req.AppendHeader(&ToHeader{Address: *req.Recipient.Clone()})
	}
	if req.From() == nil {
		req.AppendHeader(&FromHeader{Address: URI{Scheme: "sip", User: "anonymous", Host: "anonymous.invalid"}})
	}
	if _, ok := tagOf(req.From().Params); !ok {
		req.From().Params.Add("tag", NewTag())
	}
	if req.CallID() == nil {
		id := CallIDHeader(NewCallID())
		req.AppendHeader(&id)
	}
	if req.CSeq() == nil {
		req.AppendHeader(&CSeqHeader{SeqNo: 1, MethodName: req.Method})
	}
	if req.MaxForwards() == nil {
		hops := MaxForwardsHeader(70)
		req.AppendHeader(&hops)
	}
	if name != "" && HeaderValue(req, "User-Agent") == "" {
		AddHeader(req, "User-Agent", name)
	}
	req.SetBody(req.Body()) // Content-Length
}

// Request is what was sent, to the server that was asked last.
func (t *ClientTransaction) Request() *Request {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.req
}

// Next waits for the next response: they come in the order in which they arrived. After the last there is io.EOF, [ErrTimeout], [ErrTransport] or
// [ErrClosed]. An INVITE may have several 2xx, when it was forked: each wants its ACK, and io.EOF comes 64*T1 after the first.
func (t *ClientTransaction) Next(ctx context.Context) (*Response, error) {
	for {
		if res, err := t.pop(); res != nil || err != nil {
			return res, err
		}
		select {
		case <-t.news:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Final waits for the final response; an INVITE is cancelled when ctx ends first.
func (t *ClientTransaction) Final(ctx context.Context) (*Response, error) {
	for {
		res, err := t.Next(ctx)
		switch {
		case err != nil:
			return t.failed(ctx, err)
		case !res.IsProvisional():
			return res, nil
		}
	}
}

// failed says what an error of Next means to somebody who waits for the final response.
func (t *ClientTransaction) failed(ctx context.Context, err error) (*Response, error) {
	switch {
	case ctx.Err() != nil:
		t.Cancel()
		err = context.Cause(ctx)
	case errors.Is(err, io.EOF):
		err = ErrTransactionDone
	}
	return nil, fmt.Errorf("waiting for the answer to %s: %w", t.method, err)
}

func (t *ClientTransaction) pop() (*Response, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.responses) == 0 && t.coming > 0 {
		return nil, nil
	}
	if len(t.responses) == 0 {
		return nil, t.err
	}
	res := t.responses[0]
	t.responses = t.responses[1:]
	if len(t.responses) > 0 || t.err != nil {
		t.notify()
	}
	return res, nil
}

// push is called with mu held.
func (t *ClientTransaction) push(res *Response) {
	if len(t.responses) >= maxResponses && res.IsProvisional() {
		t.ua.stats.overloaded.Add(1)
		return
	}
	t.responses = append(t.responses, res)
	t.notify()
}

func (t *ClientTransaction) notify() {
	select {
	case t.news <- struct{}{}:
	default:
	}
}

// Cancel gives up on an INVITE: "If no provisional response has been received, the CANCEL request MUST NOT be sent; rather, the client MUST wait
// for the arrival of a provisional response before sending the request" (RFC 3261 §9.1). The final response, a 487 mostly, still comes.
func (t *ClientTransaction) Cancel() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.invite || t.cancelled {
		return
	}
	t.cancelled = true
	if t.state == clientProceeding && !t.moving {
		t.sendCancel()
	}
}

// sendCancel: "the request could be in progress: if no final response for the original request is received in 64*T1 seconds, the UAC SHOULD then
// consider the original transaction cancelled and SHOULD destroy the client transaction" (§9.1). Called with mu held.
func (t *ClientTransaction) sendCancel() {
	cancel := derived(t.req, CANCEL)
	t.ua.spawn(func() { t.ua.start(context.Background(), cancel, t.to, func(*Response) bool { return true }) })
	t.startTimerB()
}

// derived makes the CANCEL or the ACK of an INVITE: "The Request-URI, Call-ID, To, the numeric part of CSeq, and From header fields in the CANCEL
// request MUST be identical to those in the request being cancelled ... MUST have a single Via header field value matching the top Via value in
// the request being cancelled" (§9.1), with its Route headers; the same for ACK (§17.1.1.3).
func derived(invite *Request, method Method) *Request {
	req := NewRequest(method, *invite.Recipient.Clone())
	req.PrependHeader(invite.Via().Clone())
	for _, name := range []string{"Route", "From", "To", "Call-ID"} {
		copyHeaders(name, invite, req)
	}
	req.AppendHeader(&CSeqHeader{SeqNo: invite.CSeq().SeqNo, MethodName: method})
	req.SetBody(nil)
	return req
}
