package hostile

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/internal/phone"
	"github.com/seed-f3cefc8c/focus/pkg/media"
	"github.com/seed-f3cefc8c/focus/pkg/srtp"
)

// wire is what somebody sees who listens to a telephone's media, and may say something in its place: he has its sockets.
type wire struct {
	mu       sync.Mutex
	packets  [][]byte // of SRTP that it has sent, the last of them
	username string   // of its ICE checks: OURS:THEIRS
	socket   media.Conn
	server   *media.Destination // where they went to
}

// tapped is how many packets are kept.
const tapped = 100

// secures makes a telephone speak by ICE and DTLS, over this wire.
func (w *wire) secures(t *testing.T) func(*phone.Config) {
	t.Helper()
	maker, err := srtp.NewDTLS(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return func(c *phone.Config) { c.ICE, c.RTCPMux, c.DTLS, c.Network.Media = true, true, maker, w }
}

// Listen is that of media.Network.
func (w *wire) Listen(addr netip.AddrPort) (media.Conn, error) {
	conn, err := media.UDP{}.Listen(addr)
	if err != nil {
		return nil, err
	}
	return &tap{conn, w}, nil
}

// tap is a socket on the wire.
type tap struct {
	media.Conn
	wire *wire
}

// Wait is that of media.Waiter.
func (c *tap) Wait(d time.Duration) bool { return c.Conn.(media.Waiter).Wait(d) }

// Wake ends that.
func (c *tap) Wake() { c.Conn.(media.Waiter).Wake() }

// WriteTo is seen on the wire.
func (c *tap) WriteTo(data []byte, to *media.Destination) error {
	c.wire.see(c.Conn, data, to)
	return c.Conn.WriteTo(data, to)
}

func (w *wire) see(socket media.Conn, data []byte, to *media.Destination) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case len(data) < 12:
	case binary.BigEndian.Uint16(data) == bindingRequest:
		w.username = string(attributeOf(data, usernameAttribute))
	case data[0]>>6 == 2 && data[1]&0x7f == 0: // PCMU; RTCP has types from 200 on
		w.socket, w.server = socket, to
		if w.packets = append(w.packets, slices.Clone(data)); len(w.packets) > tapped {
			w.packets = w.packets[1:]
		}
	}
}

// seen is a copy of what was sent last, where to, and the name of the ICE checks.
func (w *wire) seen() (packets [][]byte, server netip.AddrPort, username string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.packets {
		packets = append(packets, slices.Clone(p))
	}
	return packets, w.server.Addr(), w.username
}

// says sends datagrams from the telephone's own address, a few at a time.
func (w *wire) says(datagrams [][]byte) {
	w.mu.Lock()
	socket, server := w.socket, w.server
	w.mu.Unlock()
	pace := time.NewTicker(10 * time.Millisecond)
	defer pace.Stop()
	for n, data := range datagrams {
		_ = socket.WriteTo(data, server)
		if n%4 == 3 {
			<-pace.C
		}
	}
}
