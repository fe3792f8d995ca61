package turn

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/pion/stun/v4"
)

// stream carries messages on a connection, TCP or TLS.
type stream struct {
	net.Conn
	server *Server
	remote netip.AddrPort
	reader *bufio.Reader

	mu       sync.Mutex
	greeted  bool // a whole message has come
	waiting  bool // for the first octet of a message
	relays   int
	unsent   []byte
	flushing bool
	closed   bool
}

// maxUnsent bounds what waits for a client that does not read: half a second of an allocation at its full rate.
const maxUnsent = 256 << 10

const channelHeader = 4

var errFraming = errors.New("neither STUN nor ChannelData")

// newStream takes over a connection that has to say something sensible until its deadline.
func newStream(s *Server, conn net.Conn) *stream {
	remote, _ := netip.ParseAddrPort(conn.RemoteAddr().String())
	return &stream{Conn: conn, server: s, remote: netip.AddrPortFrom(plain(remote.Addr()), remote.Port()), reader: bufio.NewReaderSize(conn, 2048)}
}

func (c *stream) receive(buffer []byte) (n int, from netip.AddrPort, err error) {
	n, err = c.next(buffer)
	switch {
	case errors.Is(err, errFraming):
		c.server.stats.junk.Add(1)
	case errors.Is(err, os.ErrDeadlineExceeded):
		c.server.stats.idle.Add(1)
	}
	if err != nil {
		c.close()
	}
	return n, c.remote, err
}

// next reads one message, whose length is in its head (RFC 8489 §6.2.2, RFC 8656 §12.5).
func (c *stream) next(buffer []byte) (int, error) {
	c.wait(true)
	if _, err := c.reader.Peek(1); err != nil {
		return 0, err
	}
	c.wait(false)
	head, err := c.reader.Peek(channelHeader)
	if err != nil {
		return 0, err
	}
	size, padding, err := sizeOf(head)
	if err != nil || size >= len(buffer) {
		return 0, errFraming
	}
	if _, err := io.ReadFull(c.reader, buffer[:size]); err != nil {
		return 0, err
	}
	if buffer[0] < 4 && !stun.IsMessage(buffer[:size]) {
		return 0, errFraming
	}
	if _, err := c.reader.Discard(padding); err != nil {
		return 0, err
	}
	c.greet()
	return size, nil
}

// sizeOf reads the size of a message from its first octets. "Over TCP and TLS-over-TCP, the ChannelData message MUST be padded to a multiple of
// four bytes in order to ensure the alignment of subsequent messages. The padding is not reflected in the length field of the ChannelData message"
// (RFC 8656 §12.5).
func sizeOf(head []byte) (size, padding int, err error) {
	length := int(binary.BigEndian.Uint16(head[2:]))
	switch head[0] >> 6 {
	case 0:
		return stunHeader + length, 0, nil
	case 1:
		return channelHeader + length, -length & 3, nil
	}
	return 0, 0, errFraming
}

func (c *stream) greet() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.greeted = true
}

// wait sets the deadline for the next message, or for the rest of one that has begun.
func (c *stream) wait(forNext bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting = forNext
	c.setDeadline()
}

// busy: a client with an allocation need say nothing until it refreshes that.
func (c *stream) busy(relays int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.relays = relays
	if c.waiting {
		c.setDeadline()
	}
}

func (c *stream) setDeadline() {
	limits := &c.server.config.Limits
	switch {
	case !c.greeted: // that of the handshake stands
	case !c.waiting:
		c.Conn.SetReadDeadline(time.Now().Add(limits.Handshake))
	case c.relays > 0:
		c.Conn.SetReadDeadline(time.Now().Add(maxLifetime))
	default:
		c.Conn.SetReadDeadline(time.Now().Add(limits.Idle))
	}
}

// maxLifetime is that of an allocation: 3,600 s, as RFC 8656 §7.2 recommends and pion has it.
const maxLifetime = time.Hour

// send queues a message. A goroutine writes the queue out while there is something in it, so that an idle connection costs none.
func (c *stream) send(message []byte, _ netip.AddrPort) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return
	case len(c.unsent)+len(message) > maxUnsent:
		c.server.stats.slowClients.Add(1)
		return
	}
	c.unsent = append(c.unsent, message...)
	if !c.flushing {
		c.flushing = c.server.spawn(c.flush)
	}
}

func (c *stream) flush() {
	var free []byte
	for data := c.take(free); data != nil; data = c.take(free) {
		c.Conn.SetWriteDeadline(time.Now().Add(c.server.config.Limits.Handshake))
		if err := writeEach(c.Conn, data); err != nil {
			c.close()
			return
		}
		free = data[:0]
	}
}

// writeEach writes messages one by one: there are clients that take a TLS record for a message (turnutils_uclient).
func writeEach(to io.Writer, messages []byte) error {
	for len(messages) > 0 {
		size, padding, err := sizeOf(messages)
		if err != nil {
			return err // never: they are pion's
		}
		if _, err := to.Write(messages[:size+padding]); err != nil {
			return err
		}
		messages = messages[size+padding:]
	}
	return nil
}

// take returns what waits, and leaves a buffer for what comes next.
func (c *stream) take(free []byte) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.unsent) == 0 || c.closed {
		c.flushing, c.unsent = false, nil
		return nil
	}
	data := c.unsent
	c.unsent = free
	return data
}

func (c *stream) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	c.closed = true
	return c.Conn.Close()
}
