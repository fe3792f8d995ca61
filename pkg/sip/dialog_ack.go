package sip

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// unacked is a 2xx of ours whose ACK has not come.
type unacked struct {
	seq      uint32
	back     flow
	wire     []byte
	interval time.Duration
	resend   *time.Timer
	limit    *time.Timer
	setup    func() // see serverMachine
	done     chan struct{}
	err      error
}

func (u *unacked) finish(err error) {
	stop(u.resend)
	stop(u.limit)
	letGo(u.setup)
	u.err = err
	close(u.done)
}

func (d *Dialog) expectAck(tx *ServerTransaction) *unacked {
	d.mu.Lock()
	defer d.mu.Unlock()
	u := &unacked{seq: tx.req.CSeq().SeqNo, back: tx.machine.back, done: make(chan struct{})}
	if d.s.State != Terminated {
		u.setup = tx.machine.takeSetup()
		d.unacked[u.seq] = u
	}
	return u
}

// repeat: "the 2xx response is passed to the transport with an interval that starts at T1 seconds and doubles for each retransmission until it
// reaches T2 seconds ... Response retransmissions cease when an ACK request for the response is received. This is independent of whatever
// transport protocols are used to send the response" (§13.3.1.4).
func (d *Dialog) repeat(u *unacked, wire []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.unacked[u.seq] != u { // the ACK was faster
		return
	}
	u.wire, u.interval = wire, d.ua.cfg.Timers.T1
	u.resend = time.AfterFunc(u.interval, func() { d.onRepeat(u) })
	// "If the server retransmits the 2xx response for 64*T1 seconds without receiving an ACK, the dialog is confirmed, but the session SHOULD be
	// terminated."
	u.limit = time.AfterFunc(d.ua.cfg.Timers.giveUp(), func() { d.acked(u.seq, nil, ErrNoAck) })
}

func (d *Dialog) onRepeat(u *unacked) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.unacked[u.seq] != u {
		return
	}
	u.back.write(u.wire)
	u.interval = d.ua.cfg.Timers.slower(u.interval)
	u.resend.Reset(u.interval)
}

// onAck is called on the reading goroutine. The repetition stops at once; the handler is told in its turn.
func (d *Dialog) onAck(ack *Request) bool { return d.acked(ack.CSeq().SeqNo, ack, nil) }

// acked ends the wait for an ACK. False when none is awaited: the ACK came again.
func (d *Dialog) acked(seq uint32, ack *Request, err error) bool {
	d.mu.Lock()
	u := d.unacked[seq]
	if u == nil {
		d.mu.Unlock()
		return false
	}
	delete(d.unacked, seq)
	u.finish(err)
	if ack != nil {
		d.exchange.request(Carrier{false, seq}, ACK, isDescribed(ack))
	} else {
		d.exchange.fail(Carrier{false, seq})
	}
	callID := d.s.CallID
	d.mu.Unlock()
	if ack == nil && !errors.Is(err, ErrNoAck) {
		return true // the 2xx was never sent
	}
	d.ua.mail.insist(callID, func(func()) {
		defer func() {
			if p := recover(); p != nil {
				d.ua.panicked("serving ACK", p)
			}
		}()
		d.handler.Acknowledged(d, ack, err)
	})
	return true
}

// awaitAck waits until no 2xx of ours waits for its ACK, or that has failed.
func (d *Dialog) awaitAck(ctx context.Context) error {
	for {
		d.mu.Lock()
		var u *unacked
		for _, u = range d.unacked {
			break
		}
		d.mu.Unlock()
		if u == nil {
			return nil
		}
		select {
		case <-u.done:
		case <-ctx.Done():
			return fmt.Errorf("waiting for ACK: %w", context.Cause(ctx))
		}
	}
}
