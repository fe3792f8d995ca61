package api

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/sip/siptest"
)

// echoUpgraded takes the connection over and sends back what comes, as long as it comes.
var echoUpgraded = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	conn, buffers, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), 500)
		return
	}
	fmt.Fprint(conn, "HTTP/1.1 101 Switching Protocols\r\n\r\n")
	go func() {
		defer conn.Close()
		io.Copy(conn, buffers)
	}()
})

func TestAWebSocketLeavesTheBoundsOfHTTP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := siptest.NewNetwork()
		listener, err := network.Listen("192.0.2.1:443")
		if err != nil {
			t.Fatal(err)
		}
		server := NewServer(New(Config{WebSocket: echoUpgraded, Logger: slog.New(slog.DiscardHandler)}), nil, slog.New(slog.DiscardHandler))
		go server.Serve(LimitListener(listener, 2, 1))
		defer server.Close()
		upgrade := func(path string) *bufio.ReadWriter {
			t.Helper()
			conn, err := network.DialFrom(t.Context(), "192.0.2.3:0", "192.0.2.1:443")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { conn.Close() })
			fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n", path)
			in := bufio.NewReader(conn)
			if line, err := in.ReadString('\n'); err != nil || !strings.HasPrefix(line, "HTTP/1.1 101") {
				t.Fatalf("%s: %q, %v", path, line, err)
			}
			in.ReadString('\n')
			return bufio.NewReadWriter(in, bufio.NewWriter(conn))
		}
		t.Log("# one address may have one connection of HTTP; five WebSockets do not count")
		var open []*bufio.ReadWriter
		for _, path := range []string{"/ws", "/", "/ws", "/ws", "/ws"} {
			open = append(open, upgrade(path))
		}
		t.Log("# nor do the time-outs of HTTP cut them")
		time.Sleep(10 * time.Minute)
		for _, ws := range open {
			ws.WriteString("hello\n")
			ws.Flush()
			if line, err := ws.ReadString('\n'); err != nil || line != "hello\n" {
				t.Errorf("%q, %v", line, err)
			}
		}
	})
}

func TestNoWebSocket(t *testing.T) {
	w := newWorld(t)
	w.wantsProblem(w.do("GET", "/ws", ""), 404, "nothing here")
	w.wantsProblem(w.do("GET", "/", "", with("Upgrade", "websocket")), 404, "nothing here")
	w.wantsProblem(w.do("GET", "/", ""), 404, "nothing here")
	w.wantsProblem(w.do("POST", "/ws", "{}"), 405, "GET")
}
