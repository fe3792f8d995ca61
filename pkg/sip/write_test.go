package sip_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// messages reads SIP off a connection.
type messages struct {
	conn net.Conn
	buf  []byte
}

func newMessages(conn net.Conn) *messages { return &messages{conn: conn} }

func (m *messages) next(t *testing.T) string {
	t.Helper()
	_ = m.conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	chunk := make([]byte, 4096)
	for {
		if end := bytes.Index(m.buf, []byte("\r\n\r\n")); end >= 0 {
			var length int
			fmt.Sscan(header(string(m.buf[:end]), "Content-Length"), &length)
			if total := end + 4 + length; len(m.buf) >= total {
				text := string(m.buf[:total])
				m.buf = m.buf[total:]
				return text
			}
		}
		n, err := m.conn.Read(chunk)
		if err != nil {
			t.Fatal(err)
		}
		m.buf = append(m.buf, chunk[:n]...)
	}
}

// narrow is a listener whose connections take little at a time.
type narrow struct{ net.Listener }

func (l narrow) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err == nil {
		err = conn.(*net.TCPConn).SetWriteBuffer(4096)
	}
	return conn, err
}

// TestWhatDoesNotFitWaits: what the system takes no more goes out later, whole and in order.
func TestWhatDoesNotFitWaits(t *testing.T) {
	ua := sip.New(sip.Config{Handler: sip.HandlerFunc(func(tx *sip.ServerTransaction) {
		tx.Reply(200, sip.NewHeader("Subject", strings.Repeat("x", 6000)))
	})})
	defer ua.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := ua.ListenTCP(narrow{l}); err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	const requests = 200 // 600 KB of answers at a time; 1 MB may wait
	messages := newMessages(conn)
	for half := range 2 {
		for i := range requests / 2 {
			text := strings.Replace(request("OPTIONS", fmt.Sprint("o", half, "-", i), "1 OPTIONS"), "SIP/2.0/UDP", "SIP/2.0/TCP", 1)
			io.WriteString(conn, crlf(strings.Replace(text, "Call-ID: story", fmt.Sprint("Call-ID: ", half, "-", i), 1)))
		}
		seen := map[string]bool{}
		for range requests / 2 {
			answer := messages.next(t)
			if !strings.HasPrefix(answer, "SIP/2.0 200") || len(header(answer, "Subject")) != 6000 {
				t.Fatalf("answer\n%.300s", answer)
			}
			seen[header(answer, "Call-ID")] = true
		}
		if len(seen) != requests/2 {
			t.Errorf("%d answers", len(seen))
		}
	}
}
