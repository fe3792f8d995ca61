package badnet

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/media"
)

// Network is another one behind two links: datagrams that its Conns send go through Up, those that they read have come through Down. A nil
// link does nothing. Time is time.Now, so it works in virtual time as well.
type Network struct {
	Behind   media.Network
	Up, Down *Link
	// Sent, if there is one, is told of each datagram that goes up, and whether it arrives. It does not keep data.
	Sent func(data []byte, arrives bool)

	sockets atomic.Int32
}

// Listen binds a socket of the network behind.
func (n *Network) Listen(addr netip.AddrPort) (media.Conn, error) {
	inner, err := n.Behind.Listen(addr)
	if err != nil {
		return nil, err
	}
	return &conn{Conn: inner, network: n, flow: int(n.sockets.Add(1)), batch: media.NewBatch()}, nil
}

type conn struct {
	media.Conn
	network *Network
	flow    int
	batch   *media.Batch

	mu      sync.Mutex
	closed  bool
	waiting []media.Datagram // on their way through Down, the earliest first
}

// WriteTo sends the datagram later, or never.
func (c *conn) WriteTo(data []byte, to *media.Destination) error {
	if c.network.Up == nil {
		return c.Conn.WriteTo(data, to)
	}
	now := time.Now()
	arrives, ok := c.network.Up.Pass(now, c.flow, len(data))
	if c.network.Sent != nil {
		c.network.Sent(data, ok)
	}
	if ok {
		kept := append([]byte{}, data...)
		time.AfterFunc(arrives.Sub(now), func() { c.deliver(kept, to) })
	}
	return nil
}

// deliver holds the lock, so that nothing is written to a socket that has been closed meanwhile.
func (c *conn) deliver(data []byte, to *media.Destination) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		_ = c.Conn.WriteTo(data, to)
	}
}

// ReadBatch gives out what is through Down by now.
func (c *conn) ReadBatch(b *media.Batch, now time.Time) int {
	if c.network.Down == nil {
		return c.Conn.ReadBatch(b, now)
	}
	for {
		n := c.Conn.ReadBatch(c.batch, now)
		for _, d := range c.batch.Datagrams[:n] {
			c.hold(d)
		}
		if n < len(c.batch.Datagrams) {
			break
		}
	}
	n := 0
	for n < len(b.Datagrams) && n < len(c.waiting) && !c.waiting[n].At.After(now) {
		b.Datagrams[n] = c.waiting[n]
		n++
	}
	c.waiting = c.waiting[n:]
	return n
}

func (c *conn) hold(d media.Datagram) {
	arrives, ok := c.network.Down.Pass(d.At, c.flow, len(d.Data))
	if !ok {
		return
	}
	d.At = arrives
	if d.Data != nil {
		d.Data = append([]byte{}, d.Data...)
	}
	at := len(c.waiting)
	for at > 0 && c.waiting[at-1].At.After(arrives) {
		at--
	}
	c.waiting = append(c.waiting, media.Datagram{})
	copy(c.waiting[at+1:], c.waiting[at:])
	c.waiting[at] = d
}

// Close ends the socket; what is on its way is lost.
func (c *conn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	return c.Conn.Close()
}
