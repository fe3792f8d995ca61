package srtp

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/logging"
)

const (
	// handshakeTimeout bounds a handshake, from its first datagram on.
	handshakeTimeout = 12 * time.Second
	// flightInterval is when a flight is first repeated; then after twice that, and so on.
	flightInterval = 300 * time.Millisecond
	// maxHandshakes is how many handshakes are under way at once, and maxWaiting how many wait for their turn.
	maxHandshakes = 512
	maxWaiting    = 4096
)

// Why there are no keys. ErrFingerprint is another reason.
var (
	ErrHandshake = errors.New("the DTLS handshake has failed")
	ErrTimeout   = errors.New("the DTLS handshake took too long")
	ErrProfile   = errors.New("the peer agrees to no protection profile of SRTP")
	ErrBusy      = errors.New("too many DTLS handshakes at once")
	ErrEnded     = errors.New("the DTLS association has ended")
)

// DTLSStats counts what became of associations, and the datagrams that were dropped, by reason.
type DTLSStats struct {
	Begun, Completed                                         uint64
	WrongFingerprint, WithoutProfile, TimedOut, Busy, Failed uint64

	Malformed uint64 // no records of DTLS 1.2
	Oversized uint64 // datagrams, messages and fragments that are too long
	Unproven  uint64 // alerts and data that anybody could have made up
	Second    uint64 // a ClientHello to an association that is there, or to who sends one himself
	Late      uint64 // for an association whose handshake is over
	Overflow  uint64 // more than an association takes in
}

// DTLS makes associations (RFC 5763, 5764): the certificate that all of them show, and how many there are at once. Its methods may be called from
// any goroutine.
type DTLS struct {
	slots   chan struct{}
	waiting atomic.Int64
	running sync.WaitGroup
	stats   counters

	mu          sync.Mutex
	certificate *Certificate
}

type counters struct {
	begun, completed                                         atomic.Uint64
	wrongFingerprint, withoutProfile, timedOut, busy, failed atomic.Uint64
	malformed, oversized, unproven, second, late, overflow   atomic.Uint64
}

// NewDTLS makes the certificate.
func NewDTLS(now time.Time) (*DTLS, error) {
	d := &DTLS{slots: make(chan struct{}, maxHandshakes)}
	_, err := d.Certificate(now)
	return d, err
}

// Certificate is the one that new legs show. Once a day there is another; legs that are up keep theirs.
func (d *DTLS) Certificate(now time.Time) (*Certificate, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.certificate != nil && now.Sub(d.certificate.born) < rotateAfter {
		return d.certificate, nil
	}
	c, err := NewCertificate(now)
	if err != nil {
		return nil, err
	}
	d.certificate = c
	return c, nil
}

// Wait returns when no association has a goroutine any more. They are closed before.
func (d *DTLS) Wait() { d.running.Wait() }

// Stats are the counters so far.
func (d *DTLS) Stats() DTLSStats {
	c := &d.stats
	return DTLSStats{
		Begun: c.begun.Load(), Completed: c.completed.Load(), WrongFingerprint: c.wrongFingerprint.Load(), WithoutProfile: c.withoutProfile.Load(),
		TimedOut: c.timedOut.Load(), Busy: c.busy.Load(), Failed: c.failed.Load(), Malformed: c.malformed.Load(), Oversized: c.oversized.Load(),
		Unproven: c.unproven.Load(), Second: c.second.Load(), Late: c.late.Load(), Overflow: c.overflow.Load(),
	}
}

// ended counts how a handshake has ended, and says it in our words.
func (d *DTLS) ended(ctx context.Context, err error) error {
	counter, reason := &d.stats.failed, errors.Join(ErrHandshake, err)
	switch {
	case err == nil:
		counter, reason = &d.stats.completed, nil
	case errors.Is(context.Cause(ctx), ErrEnded):
		return ErrEnded
	case errors.Is(err, ErrFingerprint):
		counter, reason = &d.stats.wrongFingerprint, ErrFingerprint
	case errors.Is(err, ErrProfile):
		counter, reason = &d.stats.withoutProfile, ErrProfile
	case errors.Is(err, ErrBusy):
		counter, reason = &d.stats.busy, ErrBusy
	case ctx.Err() != nil:
		counter, reason = &d.stats.timedOut, ErrTimeout
	}
	counter.Add(1)
	return reason
}

// enter waits for a turn; leave gives it back.
func (d *DTLS) enter(ctx context.Context) error {
	if d.waiting.Add(1) > maxWaiting {
		d.waiting.Add(-1)
		return ErrBusy
	}
	defer d.waiting.Add(-1)
	select {
	case d.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ErrTimeout
	}
}

func (d *DTLS) leave() { <-d.slots }

// silent is pion's logger: what strangers send is counted, not logged.
func silent() logging.LoggerFactory {
	return &logging.DefaultLoggerFactory{Writer: io.Discard, DefaultLogLevel: logging.LogLevelDisabled}
}
