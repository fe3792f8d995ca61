package ice

import (
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

const (
	// queueSize bounds the messages that wait for an agent; the newest is dropped.
	queueSize = 32
	// maxPending bounds the checks without an answer that are remembered for an agent on a port; the oldest is forgotten.
	maxPending = 256
)

// conn is one port as one agent sees it: a socket on which nothing but its own STUN messages arrives.
type conn struct {
	mux   *Mux
	entry *entry
	port  int
	queue chan datagram
	done  chan struct{}
	once  sync.Once

	pending []transaction // a ring, guarded by Mux.pendingMu
	next    int
}

// datagram is a message that waits for its agent, in a buffer of the multiplexer.
type datagram struct {
	buffer *[maxMessage]byte
	size   int
	from   netip.AddrPort
}

func newConn(m *Mux, e *entry, port int) *conn {
	return &conn{mux: m, entry: e, port: port, queue: make(chan datagram, queueSize), done: make(chan struct{})}
}

// put queues a message; false when there is no room.
func (c *conn) put(data []byte, from netip.AddrPort) bool {
	d := datagram{buffer: c.mux.buffers.Get().(*[maxMessage]byte), from: from}
	d.size = copy(d.buffer[:], data)
	select {
	case c.queue <- d:
		return true
	default:
		c.mux.buffers.Put(d.buffer)
		return false
	}
}

// ReadFromAddrPort waits for the next message.
func (c *conn) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	select {
	case d := <-c.queue:
		defer c.mux.buffers.Put(d.buffer)
		return copy(b, d.buffer[:d.size]), d.from, nil
	case <-c.done:
		return 0, netip.AddrPort{}, io.EOF
	}
}

// ReadFrom is ReadFromAddrPort in the words of package net.
func (c *conn) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := c.ReadFromAddrPort(b)
	if err != nil {
		return 0, nil, err
	}
	return n, udpAddr(from), nil
}

// WriteToAddrPort sends a message; a request is remembered, so that its response is let in.
func (c *conn) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	to = netip.AddrPortFrom(to.Addr().Unmap(), to.Port())
	if msg, ok := parse(b); ok && msg.class == request {
		c.remember(msg.transaction, to)
	}
	if err := c.mux.ports[c.port].Send(b, to); err != nil {
		return 0, err
	}
	return len(b), nil
}

// WriteTo is WriteToAddrPort in the words of package net.
func (c *conn) WriteTo(b []byte, to net.Addr) (int, error) {
	addr, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, os.ErrInvalid
	}
	return c.WriteToAddrPort(b, addr.AddrPort())
}

func (c *conn) remember(id transaction, to netip.AddrPort) {
	m := c.mux
	m.pendingMu.Lock()
	defer m.pendingMu.Unlock()
	select {
	case <-c.done:
		return
	default:
	}
	if len(c.pending) < maxPending {
		c.pending = append(c.pending, id)
	} else {
		delete(m.pending, c.pending[c.next])
		c.pending[c.next] = id
		c.next = (c.next + 1) % maxPending
	}
	m.pending[id] = check{conn: c, to: to}
}

// Close wakes the reader and forgets the checks that are under way.
func (c *conn) Close() error {
	c.once.Do(func() {
		m := c.mux
		m.pendingMu.Lock()
		defer m.pendingMu.Unlock()
		close(c.done)
		for _, id := range c.pending {
			delete(m.pending, id)
		}
		c.pending = nil
	})
	return nil
}

// LocalAddr is what the port is announced as.
func (c *conn) LocalAddr() net.Addr { return udpAddr(c.mux.ports[c.port].Announced) }

// Reads end by Close and writes do not block, so deadlines mean nothing here.
func (c *conn) SetDeadline(time.Time) error      { return nil }
func (c *conn) SetReadDeadline(time.Time) error  { return nil }
func (c *conn) SetWriteDeadline(time.Time) error { return nil }
