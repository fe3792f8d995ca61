package media

import (
	"net"
	"net/netip"
	"slices"
	"time"
)

// outlet is how a clock sends on a socket that is not its own: through its ring, with what its other legs send. The descriptor is held
// while a packet waits in the queue, which knows no more of the socket than its number.
type outlet struct {
	ring   *Ring
	conn   *udpConn
	socket *Socket // that sends here
	holds  bool
}

// through is a socket that sends what s would, on the ring; s itself where that cannot be. It belongs to the clock.
func (r *Ring) through(s *Socket) *Socket {
	c, ok := s.conn.(*udpConn)
	if r == nil || !ok || c.ring != nil {
		return s
	}
	r.outlets = slices.DeleteFunc(r.outlets, func(o *outlet) bool { return o.conn.users.Load() == 0 })
	for _, o := range r.outlets {
		if o.conn == c {
			return o.socket
		}
	}
	o := &outlet{ring: r, conn: c}
	o.socket = newIdleSocket(o)
	r.outlets = append(r.outlets, o)
	return o.socket
}

// WriteTo queues one datagram.
func (o *outlet) WriteTo(data []byte, to *Destination) error {
	if len(data) == 0 {
		return nil
	}
	o.ring.makeRoom() // may let go of all sockets
	if !o.holds {
		if !o.conn.hold() {
			return net.ErrClosed
		}
		o.holds = true
		o.ring.queued = append(o.ring.queued, o)
	}
	return o.ring.send(o.conn.fd, data, to)
}

// letGo ends what the outlets hold: the kernel has taken all packets and knows their sockets, or never will.
func (r *Ring) letGo() {
	for _, o := range r.queued {
		o.holds = false
		_ = o.conn.drop()
	}
	r.queued = r.queued[:0]
}

func (*outlet) ReadBatch(*Batch, time.Time) int { return 0 }
func (o *outlet) LocalAddr() netip.AddrPort     { return o.conn.local }
func (*outlet) Close() error                    { return nil }
