package sip_test

import (
	"bufio"
	"bytes"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// recorded is a connection on which a peer has said everything it will say.
type recorded struct {
	net.Conn
	in   *bytes.Reader
	once sync.Once
	gone chan struct{}
}

func (c *recorded) Read(p []byte) (int, error)       { return c.in.Read(p) }
func (c *recorded) Write(p []byte) (int, error)      { return len(p), nil }
func (c *recorded) Close() error                     { c.once.Do(func() { close(c.gone) }); return nil }
func (c *recorded) LocalAddr() net.Addr              { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 8443} }
func (c *recorded) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 3), Port: 4000} }
func (c *recorded) SetDeadline(time.Time) error      { return nil }
func (c *recorded) SetReadDeadline(time.Time) error  { return nil }
func (c *recorded) SetWriteDeadline(time.Time) error { return nil }

// hijackable hands that connection out.
type hijackable struct {
	*httptest.ResponseRecorder
	conn *recorded
}

func (h hijackable) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return h.conn, bufio.NewReadWriter(bufio.NewReader(h.conn), bufio.NewWriter(h.conn)), nil
}

// frame is one frame as a client sends it, masked with zeros (RFC 6455 §5.2).
func frame(first byte, payload string) string {
	n := len(payload)
	if n < 126 {
		return string([]byte{first, 0x80 | byte(n), 0, 0, 0, 0}) + payload
	}
	return string([]byte{first, 0x80 | 126, byte(n >> 8), byte(n), 0, 0, 0, 0}) + payload
}

// FuzzWebSocketFrames gives the octets after the upgrade to the reader: whatever they are, the connection ends and nothing else does.
func FuzzWebSocketFrames(f *testing.F) {
	good := asks("OPTIONS", "1", "1 OPTIONS")
	for _, seed := range []string{
		frame(0x81, good), frame(0x82, good), frame(0x01, good[:50]) + frame(0x89, "ping") + frame(0x80, good[50:]), frame(0x81, good+good),
		frame(0x88, "\x03\xe8bye"), frame(0x8a, "pong"), frame(0x81, "\r\n\r\n"), frame(0x81, ""), "\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff", "\x81\x05plain",
	} {
		f.Add([]byte(seed))
	}
	ua := sip.New(sip.Config{Handler: reply(200)})
	f.Cleanup(func() { ua.Close() })
	handler := ua.WebSocket()
	f.Fuzz(func(t *testing.T, data []byte) {
		r := httptest.NewRequest("GET", "/ws", nil)
		for name, value := range map[string]string{
			"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
			"Sec-WebSocket-Protocol": "sip",
		} {
			r.Header.Set(name, value)
		}
		conn := &recorded{in: bytes.NewReader(data), gone: make(chan struct{})}
		out := hijackable{httptest.NewRecorder(), conn}
		handler.ServeHTTP(out, r)
		if out.Code != http.StatusSwitchingProtocols {
			t.Fatalf("answer %d", out.Code)
		}
		<-conn.gone
		if n := ua.Stats().Panics; n != 0 {
			t.Errorf("%d panics", n)
		}
	})
}
