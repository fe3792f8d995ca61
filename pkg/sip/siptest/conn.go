package siptest

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"
)

const (
	maxDatagrams = 4096    // that wait in a socket; the newest is lost
	maxOctets    = 1 << 18 // that wait in a connection; the writer waits
)

type packetConn struct {
	network *Network
	local   netip.AddrPort
	in      *queue
	read    deadline
}

func (c *packetConn) ReadFrom(p []byte) (int, net.Addr, error) {
	got, err := c.in.take(c.read.wait())
	if err != nil {
		return 0, nil, err
	}
	return copy(p, got.data), net.UDPAddrFromAddrPort(got.from), nil
}

func (c *packetConn) WriteTo(p []byte, to net.Addr) (int, error) {
	if c.in.isClosed() {
		return 0, net.ErrClosed
	}
	addr, err := netip.ParseAddrPort(to.String())
	if err != nil {
		return 0, err
	}
	c.network.deliver(c.local, netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port()), p)
	return len(p), nil
}

func (c *packetConn) Close() error {
	c.network.mu.Lock()
	delete(c.network.packets, c.local)
	c.network.mu.Unlock()
	c.in.close(net.ErrClosed)
	return nil
}

func (c *packetConn) LocalAddr() net.Addr                { return net.UDPAddrFromAddrPort(c.local) }
func (c *packetConn) SetDeadline(t time.Time) error      { return c.SetReadDeadline(t) }
func (c *packetConn) SetReadDeadline(t time.Time) error  { c.read.set(t); return nil }
func (c *packetConn) SetWriteDeadline(t time.Time) error { return nil } // writing never waits

// conn is one end of a connection.
type conn struct {
	local, remote netip.AddrPort
	in, out       *queue
	rest          []byte // of what Read took; owned by the reader
	read, written deadline
}

func connPair(a, b netip.AddrPort) (here, there *conn) {
	toA, toB := newQueue(maxOctets), newQueue(maxOctets)
	toA.octets, toB.octets = true, true
	return &conn{local: a, remote: b, in: toA, out: toB}, &conn{local: b, remote: a, in: toB, out: toA}
}

func (c *conn) Read(p []byte) (int, error) {
	if len(c.rest) == 0 {
		got, err := c.in.take(c.read.wait())
		if err != nil {
			return 0, err
		}
		c.rest = got.data
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

func (c *conn) Write(p []byte) (int, error) {
	if err := c.out.putWaiting(item{data: append([]byte(nil), p...)}, c.written.wait()); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Close: the other end reads what is on the way and then io.EOF.
func (c *conn) Close() error {
	c.in.close(net.ErrClosed)
	c.out.finish(io.EOF)
	return nil
}

func (c *conn) LocalAddr() net.Addr  { return net.TCPAddrFromAddrPort(c.local) }
func (c *conn) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(c.remote) }
func (c *conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}
func (c *conn) SetReadDeadline(t time.Time) error  { c.read.set(t); return nil }
func (c *conn) SetWriteDeadline(t time.Time) error { c.written.set(t); return nil }

// deadline closes a channel when it has passed.
type deadline struct {
	mu     sync.Mutex
	timer  *time.Timer
	passed chan struct{}
}

func (d *deadline) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	if d.passed == nil || isClosed(d.passed) {
		d.passed = make(chan struct{})
	}
	if t.IsZero() {
		return
	}
	passed := d.passed
	if wait := time.Until(t); wait > 0 {
		d.timer = time.AfterFunc(wait, func() { d.pass(passed) })
	} else {
		close(passed)
	}
}

func (d *deadline) pass(passed chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.passed == passed && !isClosed(passed) {
		close(passed)
	}
}

// wait is closed when the deadline passes; a deadline that is set later is heard as well.
func (d *deadline) wait() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.passed == nil {
		d.passed = make(chan struct{})
	}
	return d.passed
}

func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
