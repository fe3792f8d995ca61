package media

// One handshake of a leg, in the order of the functions below:
//
//	1  Handshake    signalling has agreed on DTLS: an association for each port, on goroutines of their own. Nothing passes until it is done
//	2  receiveDTLS  what comes, from where the peer may be, goes to the association; from a polled socket at the tick, from a looped one at once
//	3  post         what it answers leaves by the leg's own socket: at the tick, or at once by the path of the seat
//	4  shake        at the tick: keys are taken over, or the leg has failed

import (
	"errors"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/srtp"
)

const (
	// handshakeWait is how long a leg waits for keys once it can reach the peer.
	handshakeWait = 15 * time.Second
	// outboxSize bounds the datagrams of a handshake that wait for the tick: a flight, and the same again.
	outboxSize = 16
)

// DTLS says how a leg gets its keys by a handshake (RFC 5763).
type DTLS struct {
	Maker        *srtp.DTLS
	Certificate  *srtp.Certificate // whose fingerprint our description has
	Fingerprints []srtp.Fingerprint
	Client       bool         // ours is a=setup:active
	Control      bool         // RTCP has a port of its own, with an association of its own (RFC 5764 §3)
	Suites       []srtp.Suite // best first; nil: those of srtp.AssociationConfig
}

// handshakes are the DTLS of a transport.
type handshakes struct {
	config  DTLS
	on      bool      // DTLS is how keys are made
	waits   bool      // for a path, to send a ClientHello on
	pending int       // ports that have no keys yet
	since   time.Time // when the peer could be reached; zero: not yet
	number  int32     // of this agreement
	failed  error
	ports   [2]dtlsPort // by component - 1
}

// dtlsPort is the DTLS of one port.
type dtlsPort struct {
	association atomic.Pointer[srtp.Association] // takes what comes; nil: there is none
	outcome     atomic.Pointer[dtlsOutcome]
	outbox      outbox
}

// dtlsOutcome is what an association ended with.
type dtlsOutcome struct {
	number int32 // of the agreement that it was for
	keys   srtp.AssociationKeys
	err    error
}

// Handshake makes DTLS the way in which keys are made. Nothing passes before there are any; while another association has keys already, these stay
// in use until the new ones are there. It belongs to the clock, as does everything else here.
func (t *Transport) Handshake(config DTLS, now time.Time) {
	h := &t.handshakes
	t.abandon()
	t.Protect()
	h.config, h.on, h.failed, h.number = config, true, nil, h.number+1
	if h.pending, h.since = 1, now; config.Control {
		h.pending = 2
	}
	if t.config.Seat != nil && !t.config.Seat.Selected() {
		h.since, h.waits = time.Time{}, config.Client
	}
	if !h.waits {
		t.associate()
	}
}

// associate begins an association for each port.
func (t *Transport) associate() {
	h := &t.handshakes
	h.waits = false
	for i := range h.ports {
		if i > 0 && !h.config.Control {
			continue
		}
		p, number := &h.ports[i], h.number
		p.association.Store(h.config.Maker.Start(srtp.AssociationConfig{
			Certificate: h.config.Certificate, Fingerprints: h.config.Fingerprints, Client: h.config.Client, Suites: h.config.Suites,
			Validated: t.config.Seat != nil,
			Send:      t.post(i),
			Done:      func(keys srtp.AssociationKeys, err error) { p.outcome.Store(&dtlsOutcome{number, keys, err}) },
		}))
	}
}

// post is how an association sends. A ClientHello may come from a pair that is valid while none is selected yet: the answer waits for that.
func (t *Transport) post(i int) func([]byte) error {
	seat, outbox := t.config.Seat, &t.handshakes.ports[i].outbox
	if seat == nil {
		return outbox.put
	}
	return func(data []byte) error {
		err := seat.send(i+1, data)
		if errors.Is(err, ErrNoPath) {
			return outbox.put(data)
		}
		return err
	}
}

// isDTLS is RFC 7983 §7: a first octet between 20 and 63.
func isDTLS(data []byte) bool { return len(data) > 0 && data[0] >= 20 && data[0] <= 63 }

// hand gives a datagram to the association of a port, and reports whether there is one. It is called on any goroutine.
func (h *handshakes) hand(i int, data []byte, at time.Time) bool {
	a := h.ports[i].association.Load()
	if a == nil {
		return false
	}
	a.Receive(data, at)
	return true
}

// receiveDTLS takes a datagram of a socket of our own, if signalling justifies where it comes from. A ClientHello from somewhere else may say where
// the peer is, as its first RTP packet may.
func (t *Transport) receiveDTLS(i int, l *latch, data []byte, from netip.AddrPort, at time.Time) {
	was := l.from
	switch {
	case t.handshakes.ports[i].association.Load() == nil:
		t.stats.Unknown++
		return
	case !t.justified(l, from):
		t.stats.Stranger++
		return
	case l.from == was:
	case i == 0:
		t.config.Sender.SetDestination(NewDestination(from))
	default:
		t.rtcp.to = NewDestination(from)
	}
	t.handshakes.hand(i, data, at)
}

// shake is the part of a tick that handshakes take. It comes first: a peer that has had our last flight may have sent something since.
func (t *Transport) shake(now time.Time) {
	h := &t.handshakes
	if h.since.IsZero() && t.config.Seat.Selected() {
		if h.since = now; h.waits {
			t.associate()
		}
	}
	for i := range h.ports {
		if done := h.ports[i].outcome.Swap(nil); done != nil && done.number == h.number {
			t.shaken(i, done, now)
		}
	}
	t.flush()
	if h.pending > 0 && h.failed == nil && !h.since.IsZero() && now.Sub(h.since) > handshakeWait {
		h.failed = srtp.ErrTimeout
	}
}

// shaken takes over keys. The peer of a client has them already; that of a server only once our last flight is there.
func (t *Transport) shaken(i int, done *dtlsOutcome, now time.Time) {
	h := &t.handshakes
	if done.err != nil {
		h.failed = done.err
		return
	}
	h.pending--
	keys := Keys{Receive: []srtp.Key{done.keys.Receive}, Send: done.keys.Send, Unannounced: !h.config.Client}
	if i > 0 {
		h.failed = t.shield.setControl(keys)
		return
	}
	h.failed = t.setKeys(keys, now)
}

// flush sends what waits, from the clock: only that may write to polled sockets.
func (t *Transport) flush() {
	if to := t.config.Sender.to; to != nil {
		t.handshakes.ports[0].outbox.flush(t.config.RTP, to)
	}
	if t.rtcp.to != nil && t.config.RTCP != nil {
		t.handshakes.ports[1].outbox.flush(t.config.RTCP, t.rtcp.to)
	}
}

// HandshakeFailed is why there are no keys and will be none; nil while there may be some.
func (t *Transport) HandshakeFailed() error { return t.handshakes.failed }

// Suite is what the packets that are sent are protected with; the zero Suite: nothing is sent, or in the clear.
func (t *Transport) Suite() srtp.Suite { return t.shield.out.Key().Suite() }

// abandon forgets associations that others replace.
func (t *Transport) abandon() {
	for i := range t.handshakes.ports {
		if a := t.handshakes.ports[i].association.Swap(nil); a != nil {
			a.Abandon()
		}
	}
	t.handshakes.on, t.handshakes.waits, t.handshakes.pending = false, false, 0
}

// Close ends what runs for the transport. The peer is told that its DTLS association is over (close_notify).
func (t *Transport) Close() {
	for i := range t.handshakes.ports {
		if a := t.handshakes.ports[i].association.Load(); a != nil {
			a.Close()
		}
	}
	t.flush()
	t.abandon()
}

// outbox is where a handshake leaves datagrams for the tick.
type outbox struct {
	waits   atomic.Bool
	mu      sync.Mutex
	waiting [][]byte
}

func (o *outbox) put(data []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.waiting) < outboxSize { // else it is lost, and will be repeated
		o.waiting = append(o.waiting, append([]byte(nil), data...))
		o.waits.Store(true)
	}
	return nil
}

func (o *outbox) flush(socket *Socket, to *Destination) {
	if !o.waits.Load() {
		return
	}
	o.mu.Lock()
	waiting := o.waiting
	o.waiting = nil
	o.waits.Store(false)
	o.mu.Unlock()
	for _, data := range waiting {
		_ = socket.Send(data, to)
	}
}
