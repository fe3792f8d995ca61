package srtp

import (
	"net"
	"os"
	"sync"
	"time"
)

const (
	// maxRecords is the longest datagram that is taken in, in octets: an Ethernet frame.
	maxRecords = 1500
	// queueSize bounds the datagrams that wait for a handshake; the newest is dropped.
	queueSize = 32
	// mtu is the longest datagram that is sent, without the headers below DTLS: it fits into IPv6 and a tunnel or two.
	mtu = 1200
)

// datagrams is the socket that pion's handshake sees. What comes is put into it, what it writes goes to send; once captured, what it writes is
// kept instead.
type datagrams struct {
	queue chan []byte
	send  func([]byte) error
	wake  chan struct{} // a reader has to give up
	done  chan struct{}
	once  sync.Once

	mu       sync.Mutex
	last     []byte // that was sent
	capture  bool
	captured []byte
}

func newDatagrams(send func([]byte) error) *datagrams {
	return &datagrams{queue: make(chan []byte, queueSize), send: send, wake: make(chan struct{}, 1), done: make(chan struct{})}
}

// put queues a copy; false when there is no room.
func (d *datagrams) put(data []byte) bool {
	if len(d.queue) == cap(d.queue) {
		return false
	}
	select {
	case d.queue <- append([]byte(nil), data...):
		return true
	default:
		return false
	}
}

// ReadFrom waits for the next datagram.
func (d *datagrams) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case data := <-d.queue:
		return copy(b, data), peer{}, nil
	case <-d.wake:
		return 0, nil, os.ErrDeadlineExceeded
	case <-d.done:
		return 0, nil, net.ErrClosed
	}
}

// WriteTo sends a datagram. What the network does not take is lost, as on the way.
func (d *datagrams) WriteTo(b []byte, _ net.Addr) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.capture {
		d.captured = append([]byte(nil), b...)
		return len(b), nil
	}
	d.last = append(d.last[:0], b...)
	_ = d.send(b)
	return len(b), nil
}

// seize keeps from now on what is written.
func (d *datagrams) seize() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.capture = true
}

// kept is the last datagram that was sent, and the one that was captured.
func (d *datagrams) kept() (last, captured []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.last, d.captured
}

// SetReadDeadline wakes the reader, if there is a deadline: pion knows none but those that are over.
func (d *datagrams) SetReadDeadline(t time.Time) error {
	if t.IsZero() {
		select {
		case <-d.wake:
		default:
		}
		return nil
	}
	select {
	case d.wake <- struct{}{}:
	default:
	}
	return nil
}

// Close wakes the reader for good.
func (d *datagrams) Close() error {
	d.once.Do(func() { close(d.done) })
	return nil
}

func (d *datagrams) SetDeadline(t time.Time) error    { return d.SetReadDeadline(t) }
func (d *datagrams) SetWriteDeadline(time.Time) error { return nil }
func (d *datagrams) LocalAddr() net.Addr              { return peer{} }

// peer is the other end. Where that is, the owner of the socket knows.
type peer struct{}

func (peer) Network() string { return "udp" }
func (peer) String() string  { return "peer" }
