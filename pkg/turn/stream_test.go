package turn

import (
	"bytes"
	"crypto/tls"
	"io"
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

// TestFraming: messages come in one piece, in many, and several at once; ChannelData is padded in both directions.
func TestFraming(t *testing.T) {
	b := served(t, nil)
	for _, network := range []string{"tcp", "tls"} {
		s := b.speaks(network).knows(b.credentials("alice"))
		s.asks(stun.MethodAllocate, overUDP())
		s.asks(stun.MethodChannelBind, channel(0x4001), b.mediaPeer())
		var all, want []byte
		for size := range 9 {
			frame := append([]byte{0x40, 1, 0, byte(size)}, bytes.Repeat([]byte{byte(size)}, size)...)
			all = append(all, append(frame, make([]byte, -size&3)...)...)
		}
		want = all
		if tcp, ok := s.Conn.(*tls.Conn); ok {
			tcp.Write(all[:50])
			all = all[50:]
		}
		for len(all) > 0 {
			n := min(3, len(all))
			s.says(all[:n])
			all = all[n:]
		}
		got := make([]byte, len(want))
		s.SetReadDeadline(time.Now().Add(5 * time.Second))
		if n, err := io.ReadFull(s, got); err != nil || !bytes.Equal(got, want) { // loopback keeps the order
			t.Errorf("%s: %x, want %x: %v", network, got[:n], want, err)
		}
	}
}

// TestAMessageIsARecord: a client that takes a TLS record for a message finds each, though many come at once.
func TestAMessageIsARecord(t *testing.T) {
	b := served(t, nil)
	s := b.speaks("tls").knows(b.credentials("alice"))
	s.asks(stun.MethodAllocate, overUDP())
	s.asks(stun.MethodChannelBind, channel(0x4001), b.mediaPeer())
	frame := append([]byte{0x40, 1, 0, 100}, make([]byte, 100)...)
	s.says(bytes.Repeat(frame, 100))
	buffer := make([]byte, 1<<14) // one Read of Go's is one record at most
	s.SetReadDeadline(time.Now().Add(5 * time.Second))
	for i := range 100 {
		if n, err := s.Read(buffer); n != len(frame) || err != nil {
			t.Fatalf("message %d: %d octets in a record, want %d: %v", i, n, len(frame), err)
		}
	}
}
