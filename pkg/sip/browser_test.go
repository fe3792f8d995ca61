package sip_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/coder/websocket"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// web serves the WebSocket side of a user agent at 192.0.2.1:8443.
type web struct {
	w      *world
	scheme string // ws or wss
	roots  *x509.CertPool
}

func (w *world) web(ua *sip.UserAgent, scheme string) *web {
	w.t.Helper()
	l, err := w.net.Listen("192.0.2.1:8443")
	if err != nil {
		w.t.Fatal(err)
	}
	server := &httptest.Server{Listener: l, Config: &http.Server{Handler: ua.WebSocket(), ErrorLog: log.New(io.Discard, "", 0)}}
	at := &web{w: w, scheme: scheme, roots: x509.NewCertPool()}
	if scheme == "wss" {
		server.StartTLS()
		at.roots.AddCert(server.Certificate())
	} else {
		server.Start()
	}
	w.t.Cleanup(server.Close)
	return at
}

// browser is a peer that speaks in text over a WebSocket.
type browser struct {
	t  *testing.T
	ws *websocket.Conn

	mu       sync.Mutex
	messages []string
	kinds    []websocket.MessageType
	err      error // of reading, at the end
}

// upgrade asks for a WebSocket from that address.
func (s *web) upgrade(from string, options *websocket.DialOptions) (*websocket.Conn, *http.Response, error) {
	options.HTTPClient = &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return s.w.net.DialFrom(ctx, from, "192.0.2.1:8443")
		},
		TLSClientConfig: &tls.Config{RootCAs: s.roots}, DisableKeepAlives: true,
	}}
	return websocket.Dial(s.w.t.Context(), s.scheme+"://example.com:8443/ws", options)
}

func (s *web) browser(from string) *browser {
	s.w.t.Helper()
	ws, _, err := s.upgrade(from, &websocket.DialOptions{
		Subprotocols: []string{"sip"}, HTTPHeader: http.Header{"Origin": {"https://example.com"}},
	})
	if err != nil {
		s.w.t.Fatal(err)
	}
	ws.SetReadLimit(1 << 20)
	b := &browser{t: s.w.t, ws: ws}
	go b.read()
	s.w.t.Cleanup(func() { ws.CloseNow() })
	return b
}

func (b *browser) read() {
	for {
		kind, data, err := b.ws.Read(context.Background())
		b.mu.Lock()
		if err != nil {
			b.err = err
			b.mu.Unlock()
			return
		}
		b.messages, b.kinds = append(b.messages, string(data)), append(b.kinds, kind)
		b.mu.Unlock()
	}
}

func (b *browser) says(text string) { b.sends(websocket.MessageText, text) }

func (b *browser) sends(kind websocket.MessageType, text string) {
	b.t.Helper()
	if err := b.ws.Write(b.t.Context(), kind, []byte(text)); err != nil {
		b.t.Fatal(err)
	}
	synctest.Wait()
}

// heard are all messages since the last call.
func (b *browser) heard() []string {
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	all := b.messages
	b.messages = nil
	return all
}

// hears wants exactly these start lines, by their beginnings, and returns the messages.
func (b *browser) hears(prefixes ...string) []string {
	b.t.Helper()
	all := b.heard()
	for i, text := range all {
		if len(all) != len(prefixes) || !strings.HasPrefix(text, prefixes[i]) {
			b.t.Fatalf("heard %q, want %q", all, prefixes)
		}
	}
	if len(all) == 0 && len(prefixes) > 0 {
		b.t.Fatalf("heard nothing (%v), want %q", b.ended(), prefixes)
	}
	return all
}

func (b *browser) ended() error {
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

// wantsClose wants the connection closed with that code.
func (b *browser) wantsClose(code websocket.StatusCode) {
	b.t.Helper()
	if err := b.ended(); websocket.CloseStatus(err) != code {
		b.t.Errorf("the connection ended with %v, want code %d", err, code)
	}
}

// asks is a request as a script in a browser writes it (RFC 7118 §8.2). There is no Content-Length: nothing needs it.
func asks(method, branch, cseq string, more ...string) string {
	return crlf(`
` + method + ` sip:conf@192.0.2.1 SIP/2.0
Via: SIP/2.0/WSS df7jal23ls0d.invalid;branch=z9hG4bK` + branch + `
Max-Forwards: 69
From: <sip:bob@example.com>;tag=b0b
To: <sip:conf@example.com>
Call-ID: story
CSeq: ` + cseq + `
Contact: <sip:u5lb@df7jal23ls0d.invalid;transport=ws>
` + strings.Join(more, "\n") + `
`)
}
