package media

import (
	"net/netip"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/rtp"
	"github.com/seed-f3cefc8c/focus/pkg/srtp"
)

// rekeyAfter is how long a new key of ours waits for a sign that the peer knows it.
const rekeyAfter = 2 * time.Second

// Keys protect one session in both directions.
type Keys struct {
	Receive []srtp.Key // what the peer seals with, one of them or each by its MKI
	Send    srtp.Key   // what we seal with
	// Unannounced says that the peer is only about to learn Send, as from an answer that has not been sent yet. A key that Send replaces
	// stays in use until a packet comes under a new Receive, which nobody uses who has not read the answer, or for 2 s. What the peer gets meanwhile
	// it can open.
	Unannounced bool
}

// shield is the SRTP of a transport.
type shield struct {
	up         bool // nothing passes in the clear
	in         srtp.Inbound
	out        srtp.Outbound
	next       srtp.Key // replaces the key of out soon; zero: none does
	due        time.Time
	sign       bool       // the peer's keys have changed too: its first packet under a new one is the sign
	beforeKeys uint64     // packets that came before there were keys
	exposed    srtp.Drops // of protections that have ended
	control    [rtp.BufferSize]byte
	apart      *apart // RTCP on a port of its own has keys of its own; nil: those of RTP
}

// apart is the SRTCP of a port that has its own DTLS association.
type apart struct {
	in  srtp.Inbound
	out srtp.Outbound
}

// setControl protects the RTCP port with keys of its own.
func (s *shield) setControl(keys Keys) error {
	if s.apart == nil {
		s.apart = new(apart)
	}
	if err := s.apart.in.SetKeys(keys.Receive...); err != nil {
		return err
	}
	return s.apart.out.SetKey(keys.Send)
}

// ofControl are the contexts of the RTCP port.
func (s *shield) ofControl() (*srtp.Inbound, *srtp.Outbound) {
	if s.apart == nil {
		return &s.in, &s.out
	}
	return &s.apart.in, &s.apart.out
}

// Protect lets nothing pass in the clear from now on, in either direction. Until SetKeys, nothing passes at all.
func (t *Transport) Protect() {
	t.shield.up = true
	t.config.Sender.seal = &t.shield.out
}

// SetKeys protects the transport with these keys from the next packet on. SSRC, sequence numbers and rollover counters go on, and what is under
// way under the keys before is still opened. The same keys again change nothing.
func (t *Transport) SetKeys(keys Keys, now time.Time) error {
	t.abandon()
	t.shield.apart = nil
	return t.setKeys(keys, now)
}

func (t *Transport) setKeys(keys Keys, now time.Time) error {
	s := &t.shield
	first, was := s.out.Key().IsZero(), s.in.Generation()
	if err := s.in.SetKeys(keys.Receive...); err != nil {
		return err
	}
	t.Protect()
	s.next = srtp.Key{}
	if keys.Unannounced && !first && !s.out.Key().Equal(keys.Send) {
		s.next, s.due, s.sign = keys.Send, now.Add(rekeyAfter), s.in.Generation() != was
		return nil
	}
	return s.out.SetKey(keys.Send)
}

// Expose ends protection: what both sides have agreed on is RTP in the clear.
func (t *Transport) Expose() {
	t.abandon()
	t.config.Sender.seal = nil
	t.shield = shield{beforeKeys: t.shield.beforeKeys, exposed: t.shield.drops()}
}

// drops are the packets that were not opened so far.
func (s *shield) drops() srtp.Drops {
	drops := s.exposed.Plus(s.in.Drops())
	if s.apart != nil {
		drops = drops.Plus(s.apart.in.Drops())
	}
	return drops
}

// rekey changes the key of what we send, between two packets, when it is time to.
func (s *shield) rekey(now time.Time) {
	if s.next.IsZero() || !(s.sign && s.in.Proven()) && now.Before(s.due) {
		return
	}
	_ = s.out.SetKey(s.next) // the suite takes it: it was generated for it
	s.next = srtp.Key{}
}

// open takes the protection off a packet of the RTP port, and hands it on. One that does not authenticate changes nothing: not even whether the
// peer was heard.
func (t *Transport) open(data []byte, from netip.AddrPort, at time.Time) {
	switch {
	case !t.shield.in.HasKeys():
		t.shield.beforeKeys++
	case rtp.IsRTCP(data):
		if plain, err := t.shield.in.OpenControl(t.shield.control[:0], data, at); err == nil {
			t.authenticated(from, at)
			t.receiveRTCP(plain, at)
		}
	default:
		p := t.config.Pool.Get()
		plain, err := t.shield.in.Open(p.Buffer()[:0], data, at)
		if err != nil {
			p.Release()
			return
		}
		t.authenticated(from, at)
		t.parse(p, plain, at)
	}
}

// authenticated is told where a genuine packet came from: there the peer is.
func (t *Transport) authenticated(from netip.AddrPort, at time.Time) {
	if t.media.prove(from) {
		t.config.Sender.SetDestination(NewDestination(from))
	}
	t.heard = at
}

// open takes the protection off a packet of the RTCP port.
func (c *controlPort) open(data []byte, from netip.AddrPort, at time.Time) {
	t := c.owner
	in, _ := t.shield.ofControl()
	if !in.HasKeys() {
		t.shield.beforeKeys++
		return
	}
	plain, err := in.OpenControl(t.shield.control[:0], data, at)
	if err != nil {
		return
	}
	if c.latch.prove(from) {
		c.to = NewDestination(from)
	}
	t.heard = at
	t.receiveRTCP(plain, at)
}
