package media

// One RTP packet, in the order of the functions below. All of it runs on the goroutine of the clock that owns the leg.
//
//	in   1  Poll         drains the leg's sockets (a looped socket has filled the inbox meanwhile)
//	     2  Receive      first byte: RTP or RTCP (RFC 7983), or DTLS for the handshake; whose packet is it: latch without protection, open with it (SRTP)
//	     3  receiveRTP   header into a packet of the pool; drop by reason
//	     4  stream.Put   telephone-event, comfort noise, or the jitter buffer: the packet is the stream's now
//	mix  5  stream.Advance, stream.Frame   called by the mixer
//	out  6  sender.WritePayload            called by the mixer: header → seal → socket
//	     7  report       RTCP, every few seconds

import (
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/rtp"
	"github.com/seed-f3cefc8c/focus/pkg/srtp"
)

const (
	// inboxSize bounds the packets of a looped socket that wait for the tick; the newest is dropped.
	inboxSize = 64
	// controlEvery is how many polls lie between two looks at the RTCP socket. The kernel stamps what waits there, so
	// nothing but the answer is late.
	controlEvery = 10
)

// TransportConfig is what a transport is made of.
type TransportConfig struct {
	RTP, RTCP *Socket // RTCP nil: multiplexed on RTP (RFC 5761)
	Looped    bool    // the sockets are looped: packets come through an inbox
	Seat      *Seat   // on the shared ports, instead of sockets of its own; nil: without ICE
	Pool      *rtp.Pool
	Stream    *AudioStream
	Sender    *AudioSender
	CNAME     string
	Own       func(netip.AddrPort) bool // an address of our own, from which nobody calls; may be nil
}

// TransportStats counts what was dropped before it reached a stream.
type TransportStats struct {
	Stranger  uint64 // from an address that signalling does not justify
	Malformed rtp.Drops
	Unknown   uint64 // neither RTP nor RTCP
	TooLong   uint64 // more than a packet of an Ethernet frame
	Control   uint64 // RTCP that breaks RFC 3550 A.2
	Overflow  uint64 // the inbox was full
	Crowded   uint64 // more came at once than a tick takes
	Early     uint64 // on a protected transport, before there were keys
	Protected srtp.Drops
	Resent    uint64 // packets sent again because the peer asked for them
	RoundTrip time.Duration
}

// Transport is the RTP session of one m-line (RFC 3550).
type Transport struct {
	config TransportConfig
	media  latch
	rtcp   controlPort
	heard  time.Time // when the peer last sent anything of its own
	stats  TransportStats
	polls  uint
	inbox  inbox
	muxed  bool
	shield shield
	lane   Lane // of the clock; nil: none

	handshakes handshakes

	reports reporter
}

// controlPort receives RTCP on a port of its own.
type controlPort struct {
	latch latch
	to    *Destination
	owner *Transport
}

// NewTransport attaches a transport to its sockets.
func NewTransport(config TransportConfig, now time.Time) *Transport {
	t := &Transport{heard: now}
	if config.Seat != nil {
		config.Seat.take(t, &config)
	}
	t.config, t.muxed = config, config.RTCP == nil
	t.reports = newReporter(config.CNAME, config.Sender.SSRC(), now)
	t.rtcp.owner = t
	t.polls = uint(rand.Uint32N(controlEvery)) // legs look at their RTCP at different ticks
	if config.Seat != nil {
		return t
	}
	config.RTP.Attach(t)
	if config.RTCP != nil {
		config.RTCP.Attach(&t.rtcp)
	}
	return t
}

// Ride makes a transport use the lane of its clock: to send, and to receive on sockets of its own. On the shared ports others read.
func (t *Transport) Ride(l Lane) {
	t.lane = l
	if t.config.Seat != nil {
		return
	}
	t.config.RTP.Ride(l)
	if t.config.RTCP != nil {
		t.config.RTCP.Ride(l)
	}
}

// through is a socket that sends what s would, on the lane.
func (t *Transport) through(s *Socket) *Socket {
	if t.lane == nil {
		return s
	}
	return t.lane.through(s)
}

// Expect says where signalling puts the peer: where to send, and whose packets to take. hosts are further hosts the peer may
// send from because its signalling does. Invalid addresses stop the sending. With ICE only whether the two are one counts: where the peer is,
// checks tell.
func (t *Transport) Expect(media, control netip.AddrPort, hosts []netip.Addr) {
	if t.config.Seat != nil {
		t.muxed = t.config.RTCP == nil || media == control
		return
	}
	t.media.expect(media, hosts)
	t.rtcp.latch.expect(control, hosts)
	t.muxed = t.config.RTCP == nil || media == control
	t.config.Sender.SetDestination(destination(t.media.from))
	t.rtcp.to = destination(t.rtcp.latch.from)
}

func destination(addr netip.AddrPort) *Destination {
	if !addr.IsValid() || addr.Port() == 0 || addr.Addr().IsUnspecified() {
		return nil
	}
	return NewDestination(addr)
}

// Heard is when the peer last sent RTP or RTCP.
func (t *Transport) Heard() time.Time { return t.heard }

// Stats are the counters so far.
func (t *Transport) Stats() TransportStats {
	stats := t.stats
	stats.Early, stats.Protected = t.shield.beforeKeys, t.shield.drops()
	stats.Crowded = t.config.RTP.crowded()
	if t.config.RTCP != nil {
		stats.Crowded += t.config.RTCP.crowded()
	}
	return stats
}

// Poll takes in what has arrived, and reports when it is time to.
func (t *Transport) Poll(b *Batch, now time.Time) {
	if t.handshakes.on {
		t.shake(now)
	}
	t.config.RTP.Poll(b, now)
	t.polls++
	if t.config.RTCP != nil && (t.polls%controlEvery == 0 || t.handshakes.pending > 0) {
		t.config.RTCP.Poll(b, now)
	}
	if t.config.Looped {
		t.inbox.drain(t)
	}
	if t.config.Seat != nil {
		t.follow()
	}
	t.shield.rekey(now)
	if t.reports.schedule.Due(now) {
		t.report(now)
	}
	if t.reports.control.TransportCC != 0 {
		t.feedback(now)
	}
}

// Receive takes a datagram of the RTP port. From a looped socket it only leaves it in the inbox.
func (t *Transport) Receive(data []byte, from netip.AddrPort, at time.Time) {
	switch {
	case !t.config.Looped:
		t.receive(data, from, at)
	case isDTLS(data) && t.handshakes.hand(0, data, at):
	default:
		t.inbox.put(data, from, at, false)
	}
}

func (t *Transport) receive(data []byte, from netip.AddrPort, at time.Time) {
	switch {
	case data == nil:
		t.stats.TooLong++
		return
	case isDTLS(data):
		t.receiveDTLS(0, &t.media, data, from, at)
		return
	case len(data) == 0 || data[0]>>6 != 2: // RFC 7983 §7: 128–191 is RTP and RTCP
		t.stats.Unknown++
		return
	}
	if t.shield.up && !t.own(from) {
		t.open(data, from, at)
		return
	}
	was := t.media.from
	if !t.justified(&t.media, from) {
		t.stats.Stranger++
		return
	}
	if t.media.from != was {
		t.config.Sender.SetDestination(NewDestination(from))
	}
	t.heard = at
	if rtp.IsRTCP(data) {
		t.receiveRTCP(data, at)
		return
	}
	t.receiveRTP(data, at)
}

// justified reports whether a packet without protection is the peer's. On the shared ports the route table has said so already.
func (t *Transport) justified(l *latch, from netip.AddrPort) bool {
	return t.config.Seat != nil || !t.own(from) && l.accept(from)
}

func (t *Transport) own(from netip.AddrPort) bool { return t.config.Own != nil && t.config.Own(from) }

func (t *Transport) receiveRTP(data []byte, at time.Time) {
	p := t.config.Pool.Get()
	n := copy(p.Buffer(), data)
	t.parse(p, p.Buffer()[:n], at)
}

// parse reads what lies in the packet's buffer, and hands it to the stream.
func (t *Transport) parse(p *rtp.Packet, data []byte, at time.Time) {
	if err := p.Parse(data); err != nil {
		t.stats.Malformed.Count(err)
		p.Release()
		return
	}
	p.Arrival = at
	if t.reports.control.TransportCC != 0 {
		t.reports.feedback.note(p, t.reports.control.TransportCC, at)
	}
	t.config.Stream.Put(p)
}

// Receive takes a datagram of the RTCP port.
func (c *controlPort) Receive(data []byte, from netip.AddrPort, at time.Time) {
	switch {
	case !c.owner.config.Looped:
		c.receive(data, from, at)
	case isDTLS(data) && c.owner.handshakes.hand(1, data, at):
	default:
		c.owner.inbox.put(data, from, at, true)
	}
}

func (c *controlPort) receive(data []byte, from netip.AddrPort, at time.Time) {
	was := c.latch.from
	switch {
	case data == nil:
		c.owner.stats.TooLong++
		return
	case isDTLS(data):
		c.owner.receiveDTLS(1, &c.latch, data, from, at)
		return
	case !rtp.IsRTCP(data):
		c.owner.stats.Unknown++
		return
	case c.owner.shield.up && !c.owner.own(from):
		c.open(data, from, at)
		return
	case !c.owner.justified(&c.latch, from):
		c.owner.stats.Stranger++
		return
	}
	if c.latch.from != was {
		c.to = NewDestination(from)
	}
	c.owner.heard = at
	c.owner.receiveRTCP(data, at)
}

// inbox is where the read loop of a looped socket leaves packets for the tick.
type inbox struct {
	mu      sync.Mutex
	waiting []letter
	taken   []letter
	dropped uint64
}

type letter struct {
	data    []byte
	from    netip.AddrPort
	at      time.Time
	control bool
}

func (i *inbox) put(data []byte, from netip.AddrPort, at time.Time, control bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	n := len(i.waiting)
	if n == inboxSize {
		i.dropped++
		return
	}
	if n < cap(i.waiting) { // reuse the buffer that lay here before
		i.waiting = i.waiting[:n+1]
	} else {
		i.waiting = append(i.waiting, letter{})
	}
	l := &i.waiting[n]
	l.from, l.at, l.control = from, at, control
	if data == nil {
		l.data = nil
		return
	}
	l.data = append(emptied(l.data), data...)
}

// emptied is a buffer to fill again, never nil: that means too long.
func emptied(buffer []byte) []byte {
	if buffer == nil {
		return []byte{}
	}
	return buffer[:0]
}

func (i *inbox) drain(t *Transport) {
	i.mu.Lock()
	i.waiting, i.taken = i.taken[:0], i.waiting
	t.stats.Overflow = i.dropped
	i.mu.Unlock()
	for _, l := range i.taken {
		if l.control {
			t.rtcp.receive(l.data, l.from, l.at)
		} else {
			t.receive(l.data, l.from, l.at)
		}
	}
}
