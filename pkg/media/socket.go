package media

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Mode says who reads a socket.
type Mode uint8

const (
	// Polled sockets are drained by the clock that owns them, at its tick, and belong to its goroutine.
	Polled Mode = iota
	// Looped sockets are read by a goroutine of their own, which leaves packets in the inboxes of transports.
	Looped
)

// maxReads bounds what one poll takes from one socket, so that a flood on one port cannot hold up the tick of the others.
// What is left over waits in the kernel's buffer, and is dropped there when that is full.
const maxReads = 8

// Receiver takes what arrives for one transport.
type Receiver interface {
	// Receive handles one datagram and never blocks. data is only valid during the call, and nil for a datagram that was too long.
	Receive(data []byte, from netip.AddrPort, at time.Time)
}

// Waiter is a Conn that can be waited on; looped sockets need one.
type Waiter interface {
	// Wait returns true when something has arrived, false after d at the latest, or when the connection is woken; a negative d has no end.
	Wait(d time.Duration) bool
	// Wake ends the Wait that goes on and all that follow.
	Wake()
}

// Socket owns a Conn and knows whom its datagrams are for.
type Socket struct {
	conn   Conn
	mode   Mode
	closed atomic.Bool
	done   chan struct{}

	mu     sync.RWMutex // guards what follows; only looped sockets ever contend for it
	routes map[netip.AddrPort]Receiver
	rest   Receiver
}

// NewSocket takes over conn. A looped socket starts reading at once.
func NewSocket(conn Conn, mode Mode) *Socket {
	s := newIdleSocket(conn)
	if s.mode = mode; mode == Looped {
		b := NewBatch()
		s.start(func() (again bool) { s.drain(b, time.Now()); return false })
	}
	return s
}

// newIdleSocket is a looped socket that nobody reads before start.
func newIdleSocket(conn Conn) *Socket {
	s := &Socket{conn: conn, mode: Looped, done: make(chan struct{})}
	close(s.done)
	return s
}

// start reads on a goroutine of its own whenever something has arrived, and again as long as read says so.
func (s *Socket) start(read func() (again bool)) {
	s.done = make(chan struct{})
	go s.readLoop(s.conn.(Waiter), read)
}

// Close closes the connection and waits for the reader.
func (s *Socket) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	if w, ok := s.conn.(Waiter); ok && s.mode == Looped {
		w.Wake()
	}
	<-s.done
	return s.conn.Close()
}

// LocalAddr is the address the socket is bound to.
func (s *Socket) LocalAddr() netip.AddrPort { return s.conn.LocalAddr() }

// Attach routes every datagram that no address is known for to r. A socket of one leg needs no more than this.
func (s *Socket) Attach(r Receiver) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rest = r
}

// Route sends what comes from an address to r; several legs share a socket this way. A nil r takes the route away.
func (s *Socket) Route(from netip.AddrPort, r Receiver) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r == nil {
		delete(s.routes, from)
		return
	}
	if s.routes == nil {
		s.routes = make(map[netip.AddrPort]Receiver)
	}
	s.routes[from] = r
}

// Poll drains a polled socket into its receivers; for a looped one there is nothing to do.
func (s *Socket) Poll(b *Batch, now time.Time) {
	if s.mode == Polled {
		s.drain(b, now)
	}
}

// Ride puts a polled socket on a clock's lane, from where Poll and Send go on.
func (s *Socket) Ride(l Lane) {
	if s.mode == Polled {
		l.Attach(s.conn)
	}
}

// Send writes one datagram; what the kernel refuses is lost, as on any network.
func (s *Socket) Send(data []byte, to *Destination) error { return s.conn.WriteTo(data, to) }

// crowded counts what the connection has dropped because more had come than a tick takes.
func (s *Socket) crowded() uint64 {
	if c, ok := s.conn.(interface{ Crowded() uint64 }); ok {
		return c.Crowded()
	}
	return 0
}

func (s *Socket) drain(b *Batch, now time.Time) {
	for range maxReads {
		n := s.conn.ReadBatch(b, now)
		for i := range n {
			d := &b.Datagrams[i]
			if r := s.receiver(d.From); r != nil {
				r.Receive(d.Data, d.From, d.At)
			}
		}
		if n < len(b.Datagrams) {
			return
		}
	}
}

func (s *Socket) receiver(from netip.AddrPort) Receiver {
	if s.mode == Looped {
		s.mu.RLock()
		defer s.mu.RUnlock()
	}
	if r, ok := s.routes[from]; ok {
		return r
	}
	return s.rest
}

// readLoop waits without an end: threads that look around ten times a second keep the scheduler's monitor awake, which was a seventh of what a
// room of 100 costs (docs/adr/0001).
func (s *Socket) readLoop(w Waiter, read func() (again bool)) {
	defer close(s.done)
	for again := false; !s.closed.Load(); {
		if again || w.Wait(-1) {
			again = read()
		}
	}
}
