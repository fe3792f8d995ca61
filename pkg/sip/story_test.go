package sip_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
	"github.com/seed-f3cefc8c/focus/pkg/sip/siptest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a network in memory and virtual time, with people on it.
type world struct {
	t   *testing.T
	net *siptest.Network
}

func inWorld(t *testing.T, story func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { story(t, &world{t, siptest.NewNetwork()}) })
}

// agent starts a user agent on UDP and TCP at host:5060.
func (w *world) agent(host string, cfg sip.Config) *sip.UserAgent {
	w.t.Helper()
	cfg.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		return w.net.DialFrom(ctx, host+":0", addr)
	}
	ua := sip.New(cfg)
	w.t.Cleanup(func() { ua.Close() })
	packets, err := w.net.ListenPacket(host + ":5060")
	if err != nil {
		w.t.Fatal(err)
	}
	l, err := w.net.Listen(host + ":5060")
	if err != nil {
		w.t.Fatal(err)
	}
	if err := errors.Join(ua.ListenUDP(packets), ua.ListenTCP(l)); err != nil {
		w.t.Fatal(err)
	}
	return ua
}

// wire is a peer that speaks in text, to say exactly what the story needs.
type wire struct {
	t    *testing.T
	conn net.PacketConn
	to   net.Addr

	mu       sync.Mutex
	messages []message
}

type message struct {
	at   time.Duration // since the story began
	text string
}

func (w *world) wire(addr, to string) *wire {
	w.t.Helper()
	conn, err := w.net.ListenPacket(addr)
	if err != nil {
		w.t.Fatal(err)
	}
	dst, _ := net.ResolveUDPAddr("udp", to)
	p := &wire{t: w.t, conn: conn, to: dst}
	start := time.Now()
	go func() {
		buf := make([]byte, 65536)
		for {
			n, _, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			p.mu.Lock()
			p.messages = append(p.messages, message{time.Since(start), string(buf[:n])})
			p.mu.Unlock()
		}
	}()
	w.t.Cleanup(func() { conn.Close() })
	return p
}

func crlf(text string) string { return strings.ReplaceAll(strings.TrimLeft(text, "\n"), "\n", "\r\n") }

func (p *wire) says(text string) {
	p.t.Helper()
	if _, err := p.conn.WriteTo([]byte(crlf(text)), p.to); err != nil {
		p.t.Fatal(err)
	}
	synctest.Wait()
}

// heard are the messages since the last call whose start line begins like that.
func (p *wire) heard(prefix string) []message {
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	var got, rest []message
	for _, m := range p.messages {
		if strings.HasPrefix(m.text, prefix) {
			got = append(got, m)
		} else {
			rest = append(rest, m)
		}
	}
	p.messages = rest
	return got
}

// hears wants messages that begin like that at exactly those times.
func (p *wire) hears(prefix string, at ...time.Duration) []message {
	p.t.Helper()
	got := p.heard(prefix)
	if len(got) != len(at) {
		p.t.Fatalf("heard %q %d times, want %d: %v", prefix, len(got), len(at), got)
	}
	for i := range got {
		if got[i].at != at[i] {
			p.t.Errorf("heard %q at %v, want %v", prefix, got[i].at, at[i])
		}
	}
	return got
}

func header(text, name string) string {
	for _, line := range strings.Split(text, "\r\n") {
		if n, v, ok := strings.Cut(line, ":"); ok && strings.EqualFold(n, name) {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

func mustURI(t testing.TB, text string) sip.URI {
	t.Helper()
	uri, err := sip.ParseURI(text)
	if err != nil {
		t.Fatal(err)
	}
	return uri
}
