package sip

import (
	"fmt"
	"io"
	"time"
)

type clientState int

const (
	clientCalling    clientState = iota // Trying for requests other than INVITE
	clientProceeding                    // a provisional response came
	clientAccepted                      // RFC 6026: a 2xx to an INVITE came
	clientCompleted                     // another final response came
	clientTerminated
)

// begin: "the client transaction MUST pass the request to the transport layer for transmission. If an unreliable transport is being used, the
// client transaction MUST start timer A with a value of T1 ... For any transport, the client transaction MUST start timer B with a value of 64*T1
// seconds" (§17.1.1.2); timers E and F likewise (§17.1.2.2).
func (t *ClientTransaction) begin() (err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.state == clientTerminated {
		return ErrClosed
	}
	return t.send()
}

// send is the first transmission to one server. Called with mu held.
func (t *ClientTransaction) send() (err error) {
	t.attempt++
	t.state = clientCalling
	if t.head != nil {
		err = t.to.write(t.wire)
	} else {
		t.wire, err = t.to.send(t.req)
	}
	if err != nil {
		return err
	}
	t.startTimerB()
	t.watch()
	if !t.to.reliable() {
		t.interval = t.ua.cfg.Timers.T1
		t.resend = time.AfterFunc(t.interval, t.timerA)
	}
	return nil
}

func (t *ClientTransaction) startTimerB() {
	attempt := t.attempt
	t.limit = time.AfterFunc(t.ua.cfg.Timers.giveUp(), func() { t.timerB(attempt) })
}

// timerA and E: "When timer A fires, the client transaction MUST retransmit the request by passing it to the transport layer, and MUST reset the
// timer with a value of 2*T1" and so on. Timer E goes up to T2, and "If timer E fires while in the "Proceeding" state, ... it is reset with a
// value of T2 seconds."
func (t *ClientTransaction) timerA() {
	t.mu.Lock()
	defer t.mu.Unlock()
	timers := t.ua.cfg.Timers
	switch {
	case t.state == clientCalling && t.invite:
		t.interval *= 2
	case t.state == clientCalling:
		t.interval = timers.slower(t.interval)
	case t.state == clientProceeding && !t.invite:
		t.interval = timers.T2
	default:
		return
	}
	t.to.write(t.wire)
	t.resend.Reset(t.interval)
}

// timerB and F: "If the client transaction is still in the "Calling" state when timer B fires, the client transaction SHOULD inform the TU that a
// timeout has occurred." Timer F also counts in Proceeding, and so does timer B after a CANCEL.
func (t *ClientTransaction) timerB(attempt int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch err := fmt.Errorf("%s: %w", t.method, ErrTimeout); {
	case attempt != t.attempt || t.moving: // of a server that was left
	case t.state == clientCalling:
		t.lost(err)
	case t.state == clientProceeding:
		t.terminate(err)
	}
}

// linger: Timers D, K and M.
func (t *ClientTransaction) linger(d time.Duration) {
	stop(t.resend)
	stop(t.limit)
	t.wire = nil
	if d == 0 {
		t.terminate(io.EOF)
		return
	}
	t.limit = time.AfterFunc(d, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.terminate(io.EOF)
	})
}

// onResponse is one event of four machines.
func (t *ClientTransaction) onResponse(res *Response) {
	t.mu.Lock()
	deliver := false
	switch {
	case t.state == clientTerminated || t.moving || clientKeyOf(res) != t.key: // from a server that was left
	case res.IsProvisional():
		deliver = t.onProvisional(res)
	case !t.invite:
		deliver = t.onFinal(res)
	case res.StatusCode < 300:
		deliver = t.onSuccess()
	default:
		deliver = t.onRefusal(res)
	}
	if deliver {
		t.coming++
	}
	t.mu.Unlock()
	if deliver {
		t.deliver(res)
	}
}

func (t *ClientTransaction) deliver(res *Response) {
	taken := t.take != nil && t.take(res)
	if t.answered != nil {
		taken = true
		if !res.IsProvisional() {
			t.answered(res, nil)
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.coming--
	if !taken {
		t.push(res)
	}
	t.notify()
}

// onProvisional: "If the client transaction receives a provisional response while in the "Calling" state, it transitions to the "Proceeding"
// state. In the "Proceeding" state, the client transaction SHOULD NOT retransmit the request any longer. Furthermore, the provisional response
// MUST be passed to the TU." An INVITE may ring as long as the TU likes: B is not for Proceeding.
func (t *ClientTransaction) onProvisional(res *Response) bool {
	if t.state > clientProceeding {
		return false
	}
	t.heard()
	t.rang = t.rang || res.StatusCode > 100
	first := t.state == clientCalling
	t.state = clientProceeding
	if t.invite && first {
		stop(t.resend)
		stop(t.limit)
		if t.cancelled {
			t.sendCancel()
		}
	}
	return true
}

// onFinal: "it MUST set Timer K to fire in T4 seconds for unreliable transports, and zero seconds for reliable transports" (§17.1.2.2).
func (t *ClientTransaction) onFinal(res *Response) bool {
	if t.state > clientProceeding || t.unavailable(res) {
		return false
	}
	t.finish()
	return true
}

func (t *ClientTransaction) finish() {
	t.heard()
	t.state = clientCompleted
	t.linger(t.unreliable(t.ua.cfg.Timers.T4))
}

// onSuccess: "If a 2xx response is received while the client INVITE state machine is in the "Calling" or "Proceeding" states, it MUST transition
// to the "Accepted" state, pass the 2xx response to the TU, and set Timer M to 64*T1"; in Accepted "it MUST pass the 2xx response to the TU"
// (RFC 6026 §7.2).
func (t *ClientTransaction) onSuccess() bool {
	if t.state > clientAccepted {
		return false
	}
	if t.state < clientAccepted {
		t.heard()
		t.state = clientAccepted
		t.linger(t.ua.cfg.Timers.giveUp())
	}
	return true
}

// onRefusal: "reception of a response with status code from 300-699 MUST cause the client transaction to transition to "Completed". The client
// transaction MUST pass the received response up to the TU, and the client transaction MUST generate an ACK request"; "Any retransmissions of the
// final response that are received while in the "Completed" state MUST cause the ACK to be re-passed to the transport layer" (§17.1.1.2).
func (t *ClientTransaction) onRefusal(res *Response) bool {
	if t.state == clientAccepted {
		return false
	}
	ack := derived(t.req, ACK)
	removeHeaders(ack, "To")
	copyHeaders("To", res, ack)
	t.to.send(ack)
	if t.state == clientCompleted || t.unavailable(res) {
		return false
	}
	t.heard()
	t.state = clientCompleted
	t.linger(t.unreliable(t.ua.cfg.Timers.timerD()))
	return true
}

func (t *ClientTransaction) unreliable(d time.Duration) time.Duration {
	if t.to.reliable() {
		return 0
	}
	return d
}

func (t *ClientTransaction) fail(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.terminate(err)
}

func (t *ClientTransaction) terminate(err error) {
	if t.state == clientTerminated && t.err != nil {
		return
	}
	if answered := t.answered; answered != nil && t.state <= clientProceeding {
		t.ua.spawn(func() { answered(nil, err) }) // not when closing: its dialog is told
	}
	t.state, t.wire, t.err = clientTerminated, nil, err
	stop(t.resend)
	stop(t.limit)
	t.unwatch()
	t.ua.clients.remove(t.key, t)
	t.notify()
}
