package sip

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// "For SIP requests, failure occurs if the transaction layer reports a 503 error response or a transport failure of some sort ... Failure also
// occurs if the transaction layer times out without ever having received any response, provisional or final (i.e., timer B or timer F in RFC 3261
// fires). If a failure occurs, the client SHOULD create a new request, which is identical to the previous, but has a different value of the Via
// branch ID than the previous (and therefore constitutes a new SIP transaction). That request is sent to the next element in the list as specified
// by RFC 2782" (RFC 3263 §4.3). To whoever called Start it stays one transaction.

// movable tells if another server may be asked. Called with mu held.
func (t *ClientTransaction) movable() bool {
	return !t.cancelled && !t.rang && t.state < clientAccepted && t.route.more() && !t.ua.isClosed()
}

// lost is the end of an attempt that got no response. Called with mu held.
func (t *ClientTransaction) lost(cause error) {
	if t.state != clientCalling || t.moving {
		return
	}
	if !t.movable() {
		if t.route != nil {
			t.route.failed(0)
		}
		t.terminate(cause)
		return
	}
	t.leave()
	if !t.ua.spawn(func() { t.move(0, cause, nil) }) {
		t.terminate(ErrClosed)
	}
}

// unavailable tries the next server after a 503; false when there is none, or when it is too late: the 503 then is the answer. Called with mu held.
func (t *ClientTransaction) unavailable(res *Response) bool {
	if res.StatusCode != 503 || t.moving || !t.movable() {
		return false
	}
	t.leave()
	if t.invite {
		t.ghost()
	}
	return t.ua.spawn(func() { t.move(wishes(res), io.EOF, res) })
}

// wishes is how long a server wants to be left alone: `Retry-After: 120 (maintenance);duration=60`.
func wishes(res *Response) time.Duration {
	value := HeaderValue(res, "Retry-After")
	end := strings.IndexFunc(value, func(r rune) bool { return r < '0' || r > '9' })
	if end >= 0 {
		value = value[:end]
	}
	seconds, err := strconv.ParseUint(value, 10, 31)
	if err != nil {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// leave ends an attempt: nothing of it is heard or repeated any more. Called with mu held.
func (t *ClientTransaction) leave() {
	t.moving = true
	stop(t.resend)
	stop(t.limit)
	t.unwatch()
	t.ua.clients.remove(t.key, t)
}

// ghost stays behind when an INVITE moves on: the 503 may come again, and wants its ACK each time.
func (t *ClientTransaction) ghost() {
	g := &ClientTransaction{
		ua: t.ua, key: t.key, req: t.req, to: t.to, invite: true, state: clientCompleted, news: make(chan struct{}, 1),
		take: func(*Response) bool { return true },
	}
	if t.to.reliable() || !t.ua.clients.add(g.key, g) {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.linger(t.ua.cfg.Timers.timerD())
}

// move sends the request to the next server. When there is none, what ended the last attempt is the end: cause, behind the answer if there was one.
func (t *ClientTransaction) move(shunned time.Duration, cause error, answer *Response) {
	ctx, cancel := context.WithTimeout(t.ua.ctx, t.ua.cfg.Timers.giveUp())
	defer cancel()
	t.route.failed(shunned)
	if t.another(ctx) {
		return
	}
	if answer != nil {
		t.mu.Lock()
		t.coming++
		t.mu.Unlock()
		t.deliver(answer)
	}
	t.fail(cause)
}

// elsewhere is move for a request that could not even be sent.
func (t *ClientTransaction) elsewhere(ctx context.Context) bool {
	t.mu.Lock()
	if t.route != nil {
		t.route.failed(0)
	}
	can := t.movable()
	if can {
		t.leave()
	}
	t.mu.Unlock()
	return can && t.another(ctx)
}

// another tries the servers that are left until it is sent to one. Nobody else uses the route while moving is true.
func (t *ClientTransaction) another(ctx context.Context) bool {
	for t.route.more() && ctx.Err() == nil && !t.isOver() {
		way, err := t.route.next(ctx, t.size)
		if err == nil {
			err = t.again(way)
		}
		if err == nil {
			return true
		}
	}
	return false
}

func (t *ClientTransaction) isOver() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.cancelled || t.state == clientTerminated
}

// again is the next attempt.
func (t *ClientTransaction) again(way flow) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.cancelled || t.state == clientTerminated {
		return ErrTransactionDone
	}
	req := t.ua.copyFor(t.req, way, t.ownContact)
	if t.moved != nil {
		t.moved(req)
	}
	t.req, t.key, t.to, t.moving = req, clientKeyOf(req), way, false
	if !t.ua.clients.add(t.key, t) {
		t.moving = true
		return ErrOverload
	}
	if err := t.send(); err != nil {
		t.leave()
		t.route.failed(0)
		return err
	}
	return nil
}

// copyFor is the same request for another way.
func (ua *UserAgent) copyFor(req *Request, way flow, ownContact bool) *Request {
	again := req.Clone()
	again.SetSource("")
	again.SetDestination(req.MessageData.Destination())
	removeHeaders(again, "Via")
	if ownContact {
		again.Contact().Address.Host = ""
	}
	ua.finishRequest(again, way)
	return again
}

// heard: the server lives. Called with mu held.
func (t *ClientTransaction) heard() {
	if t.state == clientCalling {
		t.unwatch()
		if t.route != nil {
			t.route.answered()
		}
	}
}

// watch wants to know when the connection breaks before there is a response. Called with mu held, as unwatch is.
func (t *ClientTransaction) watch() {
	if s, ok := t.to.link.(*stream); ok && !s.watch(t) {
		t.ua.spawn(func() { t.disconnected(s) })
	}
}

func (t *ClientTransaction) unwatch() {
	if s, ok := t.to.link.(*stream); ok {
		s.unwatch(t)
	}
}

// disconnected: "transport failure of some sort (generally, due to fatal ICMP errors in UDP or connection failures in TCP)". After a provisional
// response the answer may still come over a connection that the server opens (RFC 3261 §18.2.2).
func (t *ClientTransaction) disconnected(s *stream) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.to.link == s && t.state == clientCalling && !t.moving {
		t.lost(fmt.Errorf("%w: the connection to %s broke", ErrTransport, s.remote))
	}
}
