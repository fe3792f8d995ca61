package sip_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// TestALargeRequestTakesAConnection: "If a request is ... larger than 1300 bytes and the path MTU is unknown, the request MUST be sent using an
// RFC 2914 congestion controlled transport protocol, such as TCP. If this causes a change in the transport protocol from the one indicated in the
// top Via, the value in the top Via MUST be changed" (RFC 3261 §18.1.1).
func TestALargeRequestTakesAConnection(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		var over []string
		w.agent("192.0.2.1", sip.Config{Handler: sip.HandlerFunc(func(tx *sip.ServerTransaction) {
			over = append(over, tx.Transport()+" "+tx.Request().Via().Transport)
			tx.Reply(200)
		})})
		alice := w.agent("192.0.2.2", sip.Config{})
		sends := func(ua *sip.UserAgent, size int, headers ...sip.Header) {
			t.Helper()
			req := sip.NewRequest(sip.MESSAGE, mustURI(t, "sip:192.0.2.1"))
			for _, h := range headers {
				req.AppendHeader(h)
			}
			sip.SetBody(req, "text/plain", []byte(strings.Repeat("x", size)))
			if res, err := ua.Do(t.Context(), req); err != nil || res.StatusCode != 200 {
				t.Fatalf("%d octets: %v, %v", size, res, err)
			}
		}
		sends(alice, 200)
		sends(alice, 1300)
		sends(alice, 200)
		sends(w.agent("192.0.2.3", sip.Config{MaxDatagram: 5000}), 4000)
		if got := strings.Join(over, ", "); got != "UDP UDP, TCP TCP, UDP UDP, UDP UDP" {
			t.Errorf("came over %s", got)
		}
	})
}

// TestALargeRequestWhereThereIsNoTCP: "if the attempt to establish the connection ... results in a TCP reset, the element SHOULD retry the request,
// using UDP. This is only to provide backwards compatibility with RFC 2543" (§18.1.1).
func TestALargeRequestWhereThereIsNoTCP(t *testing.T) {
	for name, silent := range map[string]bool{"refused": false, "no answer": true} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				packets, err := w.net.ListenPacket("192.0.2.1:5060")
				if err != nil {
					t.Fatal(err)
				}
				server := sip.New(sip.Config{Handler: sip.HandlerFunc(func(tx *sip.ServerTransaction) { tx.Reply(200) })})
				defer server.Close()
				server.ListenUDP(packets)
				dialled := 0
				conn, _ := w.net.ListenPacket("192.0.2.2:5060")
				alice := sip.New(sip.Config{Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
					dialled++
					if silent {
						<-ctx.Done()
						return nil, ctx.Err()
					}
					return w.net.Dial(ctx, network, addr)
				}})
				defer alice.Close()
				alice.ListenUDP(conn)
				for range 3 {
					req := sip.NewRequest(sip.MESSAGE, mustURI(t, "sip:192.0.2.1"))
					sip.SetBody(req, "text/plain", []byte(strings.Repeat("x", 2000)))
					start := time.Now()
					if res, err := alice.Do(t.Context(), req); err != nil || res.StatusCode != 200 || time.Since(start) > 2*time.Second {
						t.Fatalf("%v, %v after %v", res, err, time.Since(start))
					}
				}
				if dialled != 1 {
					t.Errorf("dialled %d times: that there is no TCP is worth remembering", dialled)
				}
			})
		})
	}
}

// TestLargeResponsesLeaveOverUDP: a response has no choice of transport (§18.2.2); the kernel fragments it.
func TestLargeResponsesLeaveOverUDP(t *testing.T) {
	big := strings.Repeat("a=candidate:1 1 UDP 2130706431 192.0.2.1 4000 typ host\r\n", 150) // 8 KB, as a browser's SDP may have
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	own, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := sip.New(sip.Config{Handler: sip.HandlerFunc(func(tx *sip.ServerTransaction) {
		res := sip.NewResponse(tx.Request(), 200, "")
		sip.SetBody(res, "application/sdp", []byte(big))
		tx.Respond(res)
	})})
	defer server.Close()
	phone := sip.New(sip.Config{})
	defer phone.Close()
	if server.ListenUDP(udp) != nil || phone.ListenUDP(own) != nil {
		t.Fatal("not listening")
	}
	res, err := phone.Do(t.Context(), sip.NewRequest(sip.OPTIONS, mustURI(t, "sip:"+udp.LocalAddr().String())))
	if err != nil || string(res.Body()) != big || res.Transport() != "UDP" {
		t.Errorf("%v", err)
	}
}
