package api

import (
	"bufio"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"

	"github.com/gorilla/mux"
)

// webSocketPath is where SIP over WebSocket is spoken. A request to upgrade at / means the same: other servers have it there.
const webSocketPath = "/ws"

// NewWebSocketServer serves SIP over WebSocket and nothing else, on any path and without TLS: for a proxy in front that has it, or for a
// laboratory. Give it a LimitListener.
func NewWebSocketServer(sip http.Handler, logger *slog.Logger) *http.Server {
	s := &server{Config: Config{Logger: logger, WebSocket: sip}}
	return NewServer(s.logged(guarded(http.HandlerFunc(s.getWebSocket))), nil, logger)
}

// addWebSocketRoot is beside the table of routes, as it is no resource: anything else that is asked of / is 404.
func (s *server) addWebSocketRoot(router *mux.Router) {
	router.HandleFunc("/", s.getWebSocket).Methods("GET").HeadersRegexp("Upgrade", "(?i)websocket")
}

// getWebSocket hands the request to SIP. Once it has become a WebSocket, its connection does not count any more among those of the
// LimitListener: SIP has bounds of its own, and neither keeps the other out.
func (s *server) getWebSocket(w http.ResponseWriter, r *http.Request) {
	if s.WebSocket == nil {
		notFound(w, r)
		return
	}
	s.WebSocket.ServeHTTP(uncounted{w}, r)
}

// uncounted takes a connection that is hijacked off the books of its LimitListener.
type uncounted struct{ http.ResponseWriter }

// Hijack implements http.Hijacker.
func (w uncounted) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffers, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	under := conn
	if secure, ok := conn.(*tls.Conn); ok {
		under = secure.NetConn()
	}
	if limited, ok := under.(*limitedConn); ok {
		limited.leave()
	}
	return conn, buffers, nil
}
