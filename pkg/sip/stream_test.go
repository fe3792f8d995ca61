package sip_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

func TestProvisionalBeforeFinalOnAConnection(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		const calls = 3000
		phone := w.agent("192.0.2.2", sip.Config{})
		l, err := w.net.Listen("192.0.2.1:5060")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		go func() {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			buf := make([]byte, 65536)
			for {
				n, err := conn.Read(buf)
				if err != nil {
					return
				}
				for ask := range strings.SplitSeq(string(buf[:n]), "\r\n\r\n") {
					if strings.HasPrefix(ask, "OPTIONS") {
						conn.Write([]byte(crlf(answerTo(ask, 183, "x") + answerTo(ask, 200, "x"))))
					}
				}
			}
		}()
		for i := range calls {
			tx, err := phone.Start(t.Context(), sip.NewRequest(sip.OPTIONS, mustURI(t, "sip:192.0.2.1;transport=tcp")))
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []int{183, 200} {
				if res, err := tx.Next(t.Context()); err != nil || res.StatusCode != want {
					t.Fatalf("call %d: got %v, %v; want %d", i, res, err, want)
				}
			}
		}
	})
}

func TestPipelinedRequestsStayInOrder(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		const requests = 2000
		var order []uint32
		handler := sip.HandlerFunc(func(tx *sip.ServerTransaction) {
			order = append(order, tx.Request().CSeq().SeqNo)
			tx.Reply(200)
		})
		w.agent("192.0.2.1", sip.Config{Handler: handler, MaxQueue: requests})
		conn, err := w.net.DialFrom(t.Context(), "192.0.2.3:5060", "192.0.2.1:5060")
		if err != nil {
			t.Fatal(err)
		}
		go discard(conn)
		var all bytes.Buffer
		for i := range requests {
			all.WriteString(crlf(request("INFO", fmt.Sprint("b", i), fmt.Sprint(i+1, " INFO"))))
		}
		for all.Len() > 0 {
			conn.Write(all.Next(1400))
		}
		synctest.Wait()
		if len(order) != requests {
			t.Fatalf("%d requests served, want %d", len(order), requests)
		}
		for i, seq := range order {
			if int(seq) != i+1 {
				t.Fatalf("request %d came as number %d", seq, i+1)
			}
		}
		conn.Close()
	})
}

func discard(conn net.Conn) {
	buf := make([]byte, 65536)
	for {
		if _, err := conn.Read(buf); err != nil {
			return
		}
	}
}

func TestSilentAndCrowdingConnections(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		ua := w.agent("192.0.2.1", sip.Config{Handler: reply(200), MaxConnectionsPerAddress: 50, IdleTimeout: time.Minute})
		for range 60 {
			if _, err := w.net.DialFrom(t.Context(), "192.0.2.66:0", "192.0.2.1:5060"); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if s := ua.Stats(); s.Connections != 50 || s.Overloaded != 10 {
			t.Errorf("%d connections, %d refused", s.Connections, s.Overloaded)
		}
		t.Log("# somebody else is served all the same")
		phone := w.agent("192.0.2.2", sip.Config{})
		if res, err := phone.Do(t.Context(), sip.NewRequest(sip.OPTIONS, mustURI(t, "sip:192.0.2.1;transport=tcp"))); err != nil || res.StatusCode != 200 {
			t.Errorf("OPTIONS: %v, %v", res, err)
		}
		time.Sleep(11 * time.Second)
		if s := ua.Stats(); s.Connections != 1 {
			t.Errorf("%d connections after the handshake time-out, want the one that spoke", s.Connections)
		}
		time.Sleep(time.Minute)
		if s := ua.Stats(); s.Connections != 0 {
			t.Errorf("%d connections after the idle time-out", s.Connections)
		}
	})
}

func TestAPeerThatDoesNotReadHoldsNobodyUp(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		ua := w.agent("192.0.2.1", sip.Config{Handler: sip.HandlerFunc(func(tx *sip.ServerTransaction) {
			res := sip.NewResponse(tx.Request(), 200, "")
			sip.SetBody(res, "text/plain", bytes.Repeat([]byte("x"), 50000))
			tx.Respond(res)
		})})
		conn, err := w.net.DialFrom(t.Context(), "192.0.2.3:5060", "192.0.2.1:5060")
		if err != nil {
			t.Fatal(err)
		}
		for i := range 100 {
			conn.Write([]byte(crlf(request("INFO", fmt.Sprint(i), fmt.Sprint(i+1, " INFO")))))
		}
		synctest.Wait()
		if s := ua.Stats(); s.SlowPeers == 0 || s.Connections != 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestKeepAliveOnAConnection(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.agent("192.0.2.1", sip.Config{})
		conn, err := w.net.DialFrom(t.Context(), "192.0.2.3:5060", "192.0.2.1:5060")
		if err != nil {
			t.Fatal(err)
		}
		conn.Write([]byte("\r\n\r\n"))
		buf := make([]byte, 16)
		if n, err := conn.Read(buf); err != nil || string(buf[:n]) != "\r\n" {
			t.Errorf("pong %q, %v", buf[:n], err)
		}
		conn.Close()
	})
}

func TestJunkOnUDP(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		ua := w.agent("192.0.2.1", sip.Config{Handler: reply(200)})
		stranger := w.wire("192.0.2.66:4000", "192.0.2.1:5060")
		for range 100 {
			stranger.says("GET / HTTP/1.1\r\n\r\n")
			stranger.says("\x80\x00\x12\x34 rtp")
		}
		stranger.says("\r\n")
		if s := ua.Stats(); s.Junk != 200 || s.KeepAlives != 1 || s.Requests != 0 {
			t.Errorf("%+v", s)
		}
		t.Log("# what can be read is answered: rport, received, 400")
		bad := strings.Replace(request("OPTIONS", "1", "1 OPTIONS"), "branch=", "rport;branch=", 1)
		stranger.says(strings.Replace(bad, "CSeq: 1 OPTIONS", "CSeq: 1 INVITE", 1))
		via := header(stranger.hears("SIP/2.0 400", 0)[0].text, "Via")
		if !strings.Contains(via, "rport=4000") || !strings.Contains(via, "received=192.0.2.66") {
			t.Errorf("Via %q", via)
		}
		stranger.says(strings.Replace(bad, "CSeq: 1 OPTIONS", "CSeq: 99999999999999 OPTIONS", 1))
		stranger.hears("SIP/2.0 400", 0)
		stranger.says(strings.Replace(bad, "SIP/2.0\n", "SIP/7.0\n", 1))
		stranger.hears("SIP/2.0 505", 0)
		if s := ua.Stats(); s.Malformed != 1 {
			t.Errorf("%+v", s)
		}
	})
}

func TestBigResponseOverUDP(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.agent("192.0.2.1", sip.Config{Handler: sip.HandlerFunc(func(tx *sip.ServerTransaction) {
			res := sip.NewResponse(tx.Request(), 200, "")
			sip.SetBody(res, "text/plain", bytes.Repeat([]byte("x"), 5000))
			if err := tx.Respond(res); err != nil {
				t.Error(err)
			}
		})})
		phone := w.agent("192.0.2.2", sip.Config{})
		res, err := phone.Do(t.Context(), sip.NewRequest(sip.OPTIONS, mustURI(t, "sip:192.0.2.1")))
		if err != nil || len(res.Body()) != 5000 {
			t.Errorf("%v, %v", res, err)
		}
	})
}

func TestOverloadIs503(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.agent("192.0.2.1", sip.Config{MaxTransactions: 2, Handler: sip.HandlerFunc(func(tx *sip.ServerTransaction) { tx.Reply(180) })})
		bob := w.wire("192.0.2.3:5060", "192.0.2.1:5060")
		for _, branch := range []string{"1", "2", "3"} {
			bob.says(request("INVITE", branch, branch+" INVITE"))
		}
		bob.hears("SIP/2.0 180", 0, 0)
		if res := bob.hears("SIP/2.0 503", 0); header(res[0].text, "Retry-After") == "" {
			t.Error("503 without Retry-After")
		}
	})
}

func TestCloseEndsHandlers(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		var cause error
		ua := w.agent("192.0.2.1", sip.Config{Handler: sip.HandlerFunc(func(tx *sip.ServerTransaction) {
			<-tx.Done()
			cause = context.Cause(tx.Context())
		})})
		bob := w.wire("192.0.2.3:5060", "192.0.2.1:5060")
		bob.says(request("INVITE", "1", "1 INVITE"))
		ua.Close()
		if cause != sip.ErrClosed {
			t.Errorf("cause %v, want ErrClosed", cause)
		}
	})
}
