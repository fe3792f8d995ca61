package media

import (
	"net"
	"net/netip"
	"slices"
	"time"
)

// outlets are how a clock sends on sockets that are not its own: in the queue of its lane, with what its other legs send.
type outlets struct {
	queue   queue
	all     []*outlet
	waiting []*outlet // that have sent since the last flush
}

// queue is where their packets wait. It knows no more of a socket than the number of its descriptor.
type queue interface {
	// makeRoom makes sure that a packet can be queued.
	makeRoom()
	send(fd int, data []byte, to *Destination) error
}

// outlet is one of them. The descriptor is held while a packet waits.
type outlet struct {
	of     *outlets
	conn   *udpConn
	socket *Socket // that sends here
	holds  bool
}

func (a *outlets) through(s *Socket) *Socket {
	c, ok := s.conn.(*udpConn)
	if !ok || c.ring != nil {
		return s
	}
	a.all = slices.DeleteFunc(a.all, func(o *outlet) bool { return o.conn.users.Load() == 0 })
	for _, o := range a.all {
		if o.conn == c {
			return o.socket
		}
	}
	o := &outlet{of: a, conn: c}
	o.socket = newIdleSocket(o)
	a.all = append(a.all, o)
	return o.socket
}

// letGo ends what the outlets hold: the kernel has taken all packets and knows their sockets, or never will.
func (a *outlets) letGo() {
	for _, o := range a.waiting {
		o.holds = false
		_ = o.conn.drop()
	}
	a.waiting = a.waiting[:0]
}

// WriteTo queues one datagram.
func (o *outlet) WriteTo(data []byte, to *Destination) error {
	if len(data) == 0 {
		return nil
	}
	o.of.queue.makeRoom() // may let go of all sockets
	if !o.holds {
		if !o.conn.hold() {
			return net.ErrClosed
		}
		o.holds = true
		o.of.waiting = append(o.of.waiting, o)
	}
	return o.of.queue.send(o.conn.fd, data, to)
}

func (*outlet) ReadBatch(*Batch, time.Time) int { return 0 }
func (o *outlet) LocalAddr() netip.AddrPort     { return o.conn.local }
func (*outlet) Close() error                    { return nil }
