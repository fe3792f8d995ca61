package main

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestTheProxyNextDoor: bob, who is invited, calls through a proxy that shows a certificate; the server takes its word. Of somebody without that
// certificate it wants a password.
func TestTheProxyNextDoor(t *testing.T) {
	proxy, other := authority(t, "proxy.example.net"), authority(t, "proxy.example.net")
	t.Setenv("FOCUS_TLS_CLIENT_CA", proxy+"/ca.pem")
	t.Setenv("FOCUS_TRUSTED", "proxy.example.net")
	s := newServer(t)
	s.start()
	s.shell("bin/focus conference new --id meeting --policy closedAuthenticated --invite sip:bob@127.0.0.1")
	calls := func(shown string) string {
		t.Helper()
		config := trusting(t, s.in("data"), "127.0.0.1")
		if shown != "" {
			pair, err := tls.LoadX509KeyPair(shown+"/cert.pem", shown+"/key.pem")
			if err != nil {
				t.Fatal(err)
			}
			config.Certificates = []tls.Certificate{pair}
		}
		conn, err := tls.Dial("tcp", "127.0.0.1:"+s.ports[1], config)
		if err != nil {
			return err.Error()
		}
		t.Cleanup(func() { conn.Close() })
		conn.SetDeadline(time.Now().Add(10 * time.Second))
		return invites(conn, "sip:bob@127.0.0.1")
	}
	for shown, want := range map[string]string{proxy: "SIP/2.0 200 ", "": "SIP/2.0 401 ", other: ""} {
		if got := calls(shown); !strings.HasPrefix(got, want) || want == "" && strings.HasPrefix(got, "SIP/2.0") {
			t.Errorf("with %q: %s, want %s", shown, got, want)
		}
	}
	s.stop()
}

// invites is the final answer to an INVITE for which a network vouches.
func invites(conn *tls.Conn, asserted string) string {
	const sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/SAVP 0\r\n" +
		"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0\r\n"
	fmt.Fprintf(conn, "INVITE sip:meeting@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TLS proxy.example.net;branch=z9hG4bK%[1]d\r\nMax-Forwards: 70\r\n"+
		"From: <sip:gateway@example.net>;tag=1\r\nTo: <sip:meeting@127.0.0.1>\r\nCall-ID: %[1]d\r\nCSeq: 1 INVITE\r\nContact: <sip:gateway@127.0.0.1:9>\r\n"+
		"P-Asserted-Identity: <%[2]s>\r\nContent-Type: application/sdp\r\nContent-Length: %[3]d\r\n\r\n%[4]s", time.Now().UnixNano(), asserted, len(sdp), sdp)
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		if line := lines.Text(); strings.HasPrefix(line, "SIP/2.0 ") && !strings.HasPrefix(line, "SIP/2.0 1") {
			return line
		}
	}
	return ""
}
