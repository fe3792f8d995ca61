package main

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"strings"

	"github.com/coder/websocket"
)

// overTLS opens a connection to the port of SIP over TLS.
func overTLS(f *focusProcess, host string) (*sipClient, error) {
	l := &sipLoad{network: "tls", server: f.sips, target: "nobody"}
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(host)}}
	config := &tls.Config{RootCAs: f.http.Transport.(*http.Transport).TLSClientConfig.RootCAs, ServerName: "localhost"}
	conn, err := tls.DialWithDialer(dialer, "tcp", f.sips, config)
	if err != nil {
		return nil, err
	}
	return l.over(conn, 0), nil
}

// overWSS opens a WebSocket on the port of HTTPS.
func overWSS(f *focusProcess, host string) (*sipClient, error) {
	l := &sipLoad{network: "ws", server: strings.TrimPrefix(f.url, "https://"), target: "nobody"}
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(host)}}
	client := &http.Client{Transport: &http.Transport{
		DialContext: dialer.DialContext, TLSClientConfig: f.http.Transport.(*http.Transport).TLSClientConfig.Clone(),
	}}
	ws, _, err := websocket.Dial(context.Background(), "wss://"+l.server+"/ws", &websocket.DialOptions{HTTPClient: client, Subprotocols: []string{"sip"}})
	if err != nil {
		return nil, err
	}
	c := l.over(websocket.NetConn(context.Background(), ws, websocket.MessageText), 0)
	c.local = "bench.invalid" // a WebSocket does not tell, and a browser does not know
	return c, nil
}
