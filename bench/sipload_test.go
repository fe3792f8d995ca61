package main

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// TestLoadPlacesCalls runs the load against our own user agent, over both transports.
func TestLoadPlacesCalls(t *testing.T) {
	ua := sip.New(sip.Config{Name: "callee", Handler: sip.HandlerFunc(func(tx *sip.ServerTransaction) {
		switch tx.Request().Method {
		case sip.INVITE:
			takeCall(tx)
		case sip.REGISTER:
			_ = tx.Reply(401)
		default:
			_ = tx.Reply(200)
		}
	})})
	defer ua.Close()
	packets, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = ua.ServeUDP(packets) }()
	go func() { _ = ua.ServeTCP(listener) }()
	for network, server := range map[string]string{"udp": packets.LocalAddr().String(), "tcp": listener.Addr().String()} {
		for what, exchange := range map[string]func(*sipClient) error{"call": placeCall, "options": askOptions, "register": askRegister} {
			ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
			l := &sipLoad{network: network, server: server, target: "anybody", atOnce: 3}
			l.exchange = func(c *sipClient) error {
				if l.done.Load() >= 10 {
					stop()
				}
				return exchange(c)
			}
			err := l.run(ctx)
			stop()
			if err != nil || l.done.Load() < 10 {
				t.Errorf("%s over %s: %d done, %v", what, network, l.done.Load(), err)
			}
		}
	}
	if s := ua.Stats(); s.Dialogs != 0 || s.Refused != 0 || s.Malformed != 0 || s.Unmatched != 0 {
		t.Errorf("%+v", s)
	}
}

func TestLoadReadsResponses(t *testing.T) {
	answer := []byte("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1\r\nTo: <sip:x@y>;tag=abc\r\nCall-ID: bench-7@127.0.0.1\r\nCSeq: 2 BYE\r\n" +
		"Contact: <sip:x@127.0.0.1:5060>;isfocus\r\nContent-Length: 4\r\n\r\nbodySIP/2.0")
	if n := sizeOf(answer); n != len(answer)-len("SIP/2.0") {
		t.Errorf("%d octets of %d", n, len(answer))
	}
	if n := sizeOf(answer[:50]); n != 0 {
		t.Errorf("half a message has %d octets", n)
	}
	if got := string(between(answer, "\r\nTo:", ";tag=")); got != "abc" {
		t.Errorf("tag %q", got)
	}
	if got := string(contactOf(answer)); got != "sip:x@127.0.0.1:5060" {
		t.Errorf("contact %q", got)
	}
	if statusOf(answer) != 200 || statusOf([]byte("BYE sip:x SIP/2.0")) != 0 || between(answer, "\r\nFrom:", "x") != nil {
		t.Error("read wrongly")
	}
}
