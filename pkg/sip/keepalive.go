package sip

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

const (
	// pongWait is how long a pong is waited for before the flow counts as failed (RFC 5626 §4.4.1).
	pongWait = 10 * time.Second
	// flowGrace is added to the Flow-Timer by who expects the keep-alive (§5.4).
	flowGrace = 30 * time.Second
)

// KeepAlive sends keep-alives over a flow until ctx ends, or the flow does: then the error is [ErrFlowGone]. every is the longest time between two,
// mostly the Flow-Timer of the registrar; the time between them is a random one from 80 to 100 percent of it (RFC 5626 §4.4). A connection must answer within 10 s; over UDP only the NAT on the way is told that we are here.
func (f Flow) KeepAlive(ctx context.Context, every time.Duration) error {
	for {
		if err := f.wait(ctx, every*4/5+rand.N(every/5+1)); err != nil {
			return err
		}
		before := f.received()
		if err := f.f.write([]byte("\r\n\r\n")); err != nil {
			return fmt.Errorf("keep-alive to %s: %w", f.Remote(), ErrFlowGone)
		}
		if f.Transport() == "UDP" {
			continue
		}
		if err := f.wait(ctx, pongWait); err != nil {
			return err
		}
		if f.received() == before { // any octet proves as much as a pong
			f.f.link.shut()
			return fmt.Errorf("no pong of %s: %w", f.Remote(), ErrFlowGone)
		}
	}
}

func (f Flow) wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	if !f.Usable() {
		return fmt.Errorf("keep-alive to %s: %w", f.Remote(), ErrFlowGone)
	}
	select {
	case <-timer.C:
		return nil
	case <-f.Done():
		return fmt.Errorf("keep-alive to %s: %w", f.Remote(), ErrFlowGone)
	case <-f.ua.ctx.Done():
		return ErrClosed
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// received counts what came on a connection.
func (f Flow) received() uint64 {
	if s, ok := f.f.link.(*stream); ok {
		return s.reads.Load()
	}
	return 0
}

// Expect closes the connection when nothing comes for that long and half a minute: a registrar that answered with Flow-Timer calls it. UDP
// and WebSocket have no such end (RFC 5626 §5.4).
func (f Flow) Expect(flowTimer time.Duration) {
	if s, ok := f.f.link.(*stream); ok && !isWebSocket(s.transport()) {
		s.expect(flowTimer + flowGrace)
	}
}

func (s *stream) expect(idle time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.idle = idle
	if s.greeted && !s.closed {
		s.Conn.SetReadDeadline(time.Now().Add(idle))
	}
}

// idleTimeout is called with mu held.
func (s *stream) idleTimeout() time.Duration { return or(s.idle, s.ua.cfg.IdleTimeout) }
