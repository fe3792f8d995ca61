package sip

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"
)

// farewellTimeout is how long a peer may take to answer a close frame.
const farewellTimeout = time.Second

// pongTimeout is how long a peer may take to answer a ping.
const pongTimeout = 10 * time.Second

// A webSocket is the connection of a browser (RFC 7118), under a [stream] that has its write queue. One WebSocket message is one SIP message (§5.1),
// so there is no framing.
//
// One goroutine reads, and nothing else runs for an idle connection but the timer of the next ping.
type webSocket struct {
	ws     *websocket.Conn
	raw    net.Conn             // below TLS, to end what does not end politely
	secure *tls.ConnectionState // nil without TLS
	addrs  [2]net.Addr          // ours, the peer's
	opened time.Time

	mu    sync.Mutex
	ping  *time.Timer // nil once the end has begun
	heard time.Time   // when the last message came
	code  websocket.StatusCode
	why   string
	once  sync.Once
	gone  chan struct{} // closed after the farewell
}

func newWebSocket(ws *websocket.Conn, conn net.Conn, secure *tls.ConnectionState) *webSocket {
	now := time.Now()
	w := &webSocket{ws: ws, raw: conn, secure: secure, opened: now, heard: now, code: websocket.StatusGoingAway, gone: make(chan struct{})}
	w.addrs = [2]net.Addr{conn.LocalAddr(), conn.RemoteAddr()}
	if under, ok := conn.(interface{ NetConn() net.Conn }); ok {
		w.raw = under.NetConn()
	}
	return w
}

// serveWebSocket reads until the connection ends.
func (ua *UserAgent) serveWebSocket(w *webSocket, s *stream) {
	defer s.Close()
	defer func() { <-w.gone }()
	defer s.shut()
	w.startPings(s)
	for {
		data, err := w.next(ua.cfg.HandshakeTimeout)
		if errors.Is(err, websocket.ErrMessageTooBig) {
			ua.stats.malformed.Add(1)
		}
		if err != nil {
			return
		}
		w.hear()
		ua.onWebSocketMessage(s, data)
	}
}

// next reads one message, in how many frames it may come. It may begin when it likes, but once it has, it must be complete within the timeout.
func (w *webSocket) next(timeout time.Duration) ([]byte, error) {
	_, message, err := w.ws.Reader(context.Background())
	if err != nil {
		return nil, err
	}
	limit := time.AfterFunc(timeout, func() { w.fail(websocket.StatusPolicyViolation, "message not complete in time") })
	defer limit.Stop()
	data, err := io.ReadAll(message)
	if errors.Is(err, websocket.ErrMessageTooBig) {
		w.fail(websocket.StatusMessageTooBig, "message too long")
	}
	return data, err
}

// onWebSocketMessage takes one whole message. "The indication and use of the CRLF NAT keep-alive mechanism defined for SIP connection-oriented
// transports in [RFC5626], Section 3.5.1 ... are, of course, usable over the transport defined in this specification" (RFC 7118 §6).
func (ua *UserAgent) onWebSocketMessage(s *stream, data []byte) {
	from := flow{s, s.remote}
	switch {
	case isKeepAlive(data):
		ua.stats.keepAlives.Add(1)
		if bytes.HasPrefix(data, []byte("\r\n\r\n")) {
			s.write([]byte("\r\n"), s.remote)
		}
	case !looksLikeSIP(data):
		ua.stats.junk.Add(1)
	case hasMore(data):
		ua.stats.malformed.Add(1)
		ua.refuse(data, from, &refusal{code: 400, reason: "More than one message"})
	default:
		s.took()
		ua.receive(data, from)
	}
}

// hasMore tells if something follows the body. A WebSocket message ends by itself, so Content-Length may be left out (RFC 7118 §5.1); where it is
// there, what it leaves over is a second message or a lie, and both are refused.
func hasMore(data []byte) bool {
	end := endOfHead(data, 0)
	if end < 0 {
		return false
	}
	length, err := contentLength(data[:end])
	return err == nil && length >= 0 && end+length < len(data) && !isKeepAlive(data[end+length:])
}

func (w *webSocket) hear() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.heard = time.Now()
}

// startPings finds out when the peer is gone without a word, and keeps the proxies and NATs on the way awake (RFC 7118 §6).
func (w *webSocket) startPings(s *stream) {
	w.mu.Lock()
	defer w.mu.Unlock()
	every := s.ua.cfg.PingInterval
	w.ping = time.AfterFunc(every, func() {
		if code, why := w.check(s); code != 0 {
			w.fail(code, why)
			s.shut()
			return
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.ping != nil {
			w.ping.Reset(every)
		}
	})
}

// check pings the peer. A connection on which SIP was spoken stays for as long as pings are answered; one on which it never was, until it has
// been idle for too long.
func (w *webSocket) check(s *stream) (code websocket.StatusCode, why string) {
	sent := time.Now()
	if !s.hasGreeted() && sent.Sub(w.opened) >= s.ua.cfg.IdleTimeout {
		return websocket.StatusPolicyViolation, "idle"
	}
	ctx, cancel := context.WithTimeout(context.Background(), pongTimeout)
	defer cancel()
	err := w.ws.Ping(ctx)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil && !w.heard.After(sent) {
		return websocket.StatusPolicyViolation, "no pong"
	}
	return 0, ""
}

// Write sends one message: text when it is UTF-8, as SIP is, and binary when the body is not.
func (w *webSocket) Write(data []byte) (int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
	defer cancel()
	kind := websocket.MessageBinary
	if utf8.Valid(data) {
		kind = websocket.MessageText
	}
	if err := w.ws.Write(ctx, kind, data); err != nil {
		return 0, err
	}
	return len(data), nil
}

// fail ends the connection with a close code (RFC 6455 §7.4.1).
func (w *webSocket) fail(code websocket.StatusCode, why string) {
	w.mu.Lock()
	w.code, w.why = code, why
	w.mu.Unlock()
	w.Close()
}

// Close begins the farewell and does not wait for it: it is called where nothing may block. The reader does.
func (w *webSocket) Close() error {
	w.once.Do(func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.ping != nil {
			w.ping.Stop()
			w.ping = nil
		}
		go w.farewell(w.code, w.why)
	})
	return nil
}

func (w *webSocket) farewell(code websocket.StatusCode, why string) {
	defer close(w.gone)
	hard := time.AfterFunc(farewellTimeout, func() { w.raw.Close() })
	defer hard.Stop()
	w.ws.Close(code, why)
}

func (w *webSocket) LocalAddr() net.Addr  { return w.addrs[0] }
func (w *webSocket) RemoteAddr() net.Addr { return w.addrs[1] }

// The rest of net.Conn is not used: serveWebSocket reads, and Write has its own deadline.

func (w *webSocket) Read([]byte) (int, error)         { return 0, errors.ErrUnsupported }
func (w *webSocket) SetDeadline(time.Time) error      { return nil }
func (w *webSocket) SetReadDeadline(time.Time) error  { return nil }
func (w *webSocket) SetWriteDeadline(time.Time) error { return nil }

func isWebSocket(transport string) bool { return transport == "WS" || transport == "WSS" }

// onlyByFlow tells if a next hop cannot be dialled: `transport=ws`. A browser listens nowhere, and the host in its Contact is made up, as in
// df7jal23ls0d.invalid (RFC 7118 §8.1): there is only the connection that it has opened.
func onlyByFlow(hop URI) bool {
	param, _ := lookup(hop.UriParams, "transport")
	return isWebSocket(strings.ToUpper(param))
}

// paramOf is the transport parameter of a URI: "ws", with TLS and without (RFC 7118 §5.2.2).
func paramOf(transport string) string {
	if isWebSocket(transport) {
		return "ws"
	}
	return strings.ToLower(transport)
}

var _ net.Conn = (*webSocket)(nil)
