package sip

import (
	"bufio"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/coder/websocket"
)

// subprotocol is the name of SIP among WebSocket sub-protocols (RFC 7118 §4.1).
const subprotocol = "sip"

// What a WebSocket reads and writes through: HTTP's 4 KiB each are for uploads, and a connection is idle most of its life.
const (
	webSocketReadBuffer  = 1 << 10
	webSocketWriteBuffer = 2 << 10
)

// WebSocket makes SIP connections of requests to upgrade (RFC 7118). Serve it over TLS for WSS. The deadlines of the HTTP server end with the
// upgrade, and ours begin; the connection counts among those of Config.MaxConnections.
//
// Answers: 426 to what is no upgrade, 403 to pages of foreign origins, 400 without the sub-protocol "sip", 503 when there are too many.
func (ua *UserAgent) WebSocket() http.Handler { return http.HandlerFunc(ua.upgrade) }

func (ua *UserAgent) upgrade(w http.ResponseWriter, r *http.Request) {
	if code, why := ua.refuseUpgrade(w.Header(), r); code != 0 {
		http.Error(w, why, code)
		return
	}
	out := &hijacked{ResponseWriter: w}
	// The origin has been checked.
	ws, err := websocket.Accept(out, r, &websocket.AcceptOptions{Subprotocols: []string{subprotocol}, InsecureSkipVerify: true})
	if err != nil { // and answered
		return
	}
	transport := "WS"
	if r.TLS != nil {
		transport = "WSS"
	}
	ws.SetReadLimit(int64(ua.cfg.MaxHead + ua.cfg.MaxBody)) // above it, 1009
	conn := newWebSocket(ws, out.conn, r.TLS)
	if s, err := ua.adoptWebSocket(conn, transport); err == nil {
		go func() {
			defer ua.leave() // it has entered when it was adopted
			ua.serveWebSocket(conn, s)
		}()
	}
}

// refuseUpgrade is the status that a handshake is refused with, 0 for a good one. A client must offer the sub-protocol "sip", and hears it back
// (RFC 7118 §4.1).
func (ua *UserAgent) refuseUpgrade(answer http.Header, r *http.Request) (code int, why string) {
	switch {
	case !hasToken(r.Header["Upgrade"], "websocket"):
		answer.Set("Upgrade", "websocket")
		answer.Set("Connection", "Upgrade")
		return http.StatusUpgradeRequired, "SIP over WebSocket is spoken here (RFC 7118)."
	case !originAllowed(r.Header.Get("Origin"), r.Host, ua.cfg.Origins):
		return http.StatusForbidden, "Pages of this origin may not connect."
	case !hasToken(r.Header["Sec-Websocket-Protocol"], subprotocol):
		return http.StatusBadRequest, `The sub-protocol must be "sip" (RFC 7118 section 4.1).`
	case ua.isClosed() || ua.links.full(remoteOf(r), ua.cfg.MaxConnections, ua.cfg.MaxConnectionsPerAddress):
		ua.stats.overloaded.Add(1)
		answer.Set("Retry-After", "5")
		return http.StatusServiceUnavailable, "Too many connections."
	}
	return 0, ""
}

func remoteOf(r *http.Request) netip.Addr {
	addr, _ := netip.ParseAddrPort(r.RemoteAddr)
	return unmap(addr).Addr()
}

// originAllowed knows browsers by the header that others do not send. Without a list, pages of the host itself are let in, whatever their port:
// the page and the server of a small installation are often two programs. A list replaces nothing: the host itself is always let in.
func originAllowed(origin, host string, allowed []string) bool {
	if origin == "" {
		return true
	}
	page, err := url.Parse(origin)
	if err != nil {
		return false
	}
	for _, pattern := range allowed {
		if pattern == "*" || matchesOrigin(strings.ToLower(pattern), strings.ToLower(page.Scheme+"://"+page.Host), strings.ToLower(page.Hostname())) {
			return true
		}
	}
	self := (&url.URL{Host: host}).Hostname()
	return self != "" && strings.EqualFold(page.Hostname(), self)
}

// matchesOrigin: a pattern is an origin (https://app.example.org:8080), a host, or all hosts below one (*.example.org).
func matchesOrigin(pattern, origin, host string) bool {
	if suffix, ok := strings.CutPrefix(pattern, "*."); ok {
		return strings.HasSuffix(host, "."+suffix)
	}
	return pattern == origin || pattern == host && host != ""
}

func hasToken(fields []string, token string) bool {
	for _, field := range fields {
		for value := range strings.SplitSeq(field, ",") {
			if strings.EqualFold(strings.TrimSpace(value), token) {
				return true
			}
		}
	}
	return false
}

// adoptWebSocket counts a connection in.
func (ua *UserAgent) adoptWebSocket(conn *webSocket, transport string) (*stream, error) {
	s := &stream{Conn: conn, label: ua.newName(transport), proto: transport, remote: addrPort(conn.RemoteAddr()), ua: ua}
	if !ua.enter() {
		conn.fail(websocket.StatusGoingAway, "closed")
		<-conn.gone
		return nil, ErrClosed
	}
	if err := ua.links.addStream(s, ua.cfg.MaxConnections, ua.cfg.MaxConnectionsPerAddress); err != nil {
		ua.stats.overloaded.Add(1)
		conn.fail(websocket.StatusTryAgainLater, "too many connections")
		<-conn.gone
		ua.leave()
		return nil, err
	}
	if ua.isClosed() { // Close may have looked before it could see s
		s.shut()
	}
	return s, nil
}

// hijacked takes the connection out of HTTP and gives it smaller buffers.
type hijacked struct {
	http.ResponseWriter
	conn net.Conn
}

// Hijack implements http.Hijacker.
func (h *hijacked) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffers, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	h.conn = conn
	reader := buffers.Reader
	if reader.Buffered() == 0 { // a client that waits for the answer, as it must
		reader = bufio.NewReaderSize(conn, webSocketReadBuffer)
	}
	return conn, bufio.NewReadWriter(reader, bufio.NewWriterSize(conn, webSocketWriteBuffer)), nil
}
