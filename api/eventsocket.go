package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/coder/websocket"
)

// isWebSocket says whether a request asks to become a WebSocket.
func isWebSocket(r *http.Request) bool {
	return strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
}

// eventSocket is a stream of events as a WebSocket: each is a text message. The client sends nothing.
type eventSocket struct{ conn *websocket.Conn }

// serveWebSocket takes pages of this host only (the origin is compared with Host): a browser would add the credentials for all others too.
func (s *server) serveWebSocket(ctx context.Context, w http.ResponseWriter, r *http.Request, t telling) {
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{CompressionMode: websocket.CompressionDisabled})
	if err != nil {
		return // it has been answered
	}
	defer conn.CloseNow()
	conn.SetReadLimit(1 << 10)
	ctx = conn.CloseRead(ctx) // "the client sends nothing": a message ends it
	if err := t.run(ctx, &eventSocket{conn}); err == nil {
		conn.Close(websocket.StatusNormalClosure, "")
	} else {
		conn.Close(websocket.StatusGoingAway, "")
	}
}

func (o *eventSocket) send(ctx context.Context, e *Event) error {
	data, err := json.Marshal(e)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, writePatience)
	defer cancel()
	return o.conn.Write(ctx, websocket.MessageText, data)
}

func (o *eventSocket) beat(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, writePatience)
	defer cancel()
	return o.conn.Ping(ctx)
}

// refuse says why in the reason, of which there may be 123 bytes (RFC 6455 §5.5).
func (o *eventSocket) refuse(_ context.Context, refusal *Problem) error {
	reason := refusal.Detail
	if len(reason) > 120 {
		reason = strings.ToValidUTF8(reason[:117], "") + "…"
	}
	return o.conn.Close(websocket.StatusPolicyViolation, reason)
}
