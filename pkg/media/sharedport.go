package media

// One datagram of a shared port, on the goroutine that reads it, its reader or a clock before its tick:
//
//	1  sharedPort.receive   first byte 0–3: STUN, for ice.Mux; it names the addresses that are a leg's (Seat.validated → Shared.admit)
//	2  Shared.find          anything else: whose address is that? Nobody's: dropped, counted
//	3  Seat.receive         the transport of that leg: its inbox, or its DTLS

import (
	"net/netip"
	"sync"
	"time"
)

const (
	// sharedBatch is how many datagrams one system call takes from a shared port, and maxSharedReads how many of those follow one another: what the kernel keeps,
	// and no more, so that a flood does not hold up a tick.
	sharedBatch    = 32
	maxSharedReads = 8
	mostDrained    = sharedBatch * maxSharedReads
	// rest is how long the reader waits when it has read media alone. Nobody waits for those before the next tick, which fetches them itself, and a
	// wake-up for each costs more than they do.
	rest = 4 * time.Millisecond
	// sharedBuffer is what the kernel is asked to keep meanwhile, in octets, each way: some 5,000 packets. Without the right to, it keeps 500.
	sharedBuffer = 4 << 20
)

// sharedPort is one socket of them.
type sharedPort struct {
	shared    *Shared
	index     int
	component int
	socket    *Socket
	routes    map[netip.AddrPort]*route // guarded by Shared.mu

	reading sync.Mutex // who holds it reads the port: the reader, or a clock
	batch   *Batch
}

func newSharedPort(s *Shared, conn Conn, component int) *sharedPort {
	if c, ok := conn.(*udpConn); ok {
		c.enlarge(sharedBuffer)
	}
	return &sharedPort{
		shared: s, index: len(s.ports), component: component, socket: newIdleSocket(conn), routes: make(map[netip.AddrPort]*route),
		batch: newBatch(sharedBatch),
	}
}

// Poll takes what has come for all legs, so that a tick has what is there. A clock calls it; the reader takes what comes between ticks and
// cannot wait: checks and handshakes.
func (s *Shared) Poll(now time.Time) {
	for _, p := range s.ports {
		if p.component == 1 {
			p.drain(now)
		}
	}
}

// read takes what has come, and rests, unless more may be there or somebody waits for an answer.
func (p *sharedPort) read() (again bool) {
	media, others := p.drain(time.Now())
	if media > 0 && media < mostDrained && others == 0 {
		time.Sleep(rest)
	}
	return media+others > 0
}

// drain takes what has come, and says how much of it was media.
func (p *sharedPort) drain(now time.Time) (media, others int) {
	for range maxSharedReads {
		m, o := p.take(now)
		media, others = media+m, others+o
		if m+o < sharedBatch {
			break
		}
	}
	return media, others
}

// take is one system call, and what it brought.
func (p *sharedPort) take(now time.Time) (media, others int) {
	p.reading.Lock()
	defer p.reading.Unlock()
	n := p.socket.conn.ReadBatch(p.batch, now)
	for _, d := range p.batch.Datagrams[:n] {
		if isSTUN(d.Data) || isDTLS(d.Data) {
			others++
		}
		p.receive(d.Data, d.From, d.At)
	}
	return n - others, others
}

// isSTUN is RFC 7983 §7.
func isSTUN(data []byte) bool { return len(data) > 0 && data[0] < 4 }

// receive takes a datagram of the port.
func (p *sharedPort) receive(data []byte, from netip.AddrPort, at time.Time) {
	defer p.rescue(from)
	stun := isSTUN(data)
	if stun && !p.shared.mux.Receive(p.index, data, from) {
		return
	}
	r := p.shared.find(p, from)
	switch {
	case r == nil:
		p.shared.strangers.Add(1)
		return
	case stun:
		r.seat.kept(at)
	default:
		r.seat.receive(p.component, data, from, at)
	}
	r.last = at
}

// rescue keeps a panic inside the leg whose datagram brought it about.
func (p *sharedPort) rescue(from netip.AddrPort) {
	cause := recover()
	if cause == nil {
		return
	}
	p.shared.panics.Add(1)
	if r := p.shared.find(p, from); r != nil {
		r.seat.broken(cause)
	}
}

func (p *sharedPort) send(data []byte, to netip.AddrPort) error {
	return p.socket.Send(data, NewDestination(to))
}
