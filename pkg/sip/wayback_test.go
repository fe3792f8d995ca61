package sip_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

const question = "OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/%T %V;branch=z9hG4bKa\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:x>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"

// TestTheConnectionIsGoneBeforeTheAnswer: "If that connection is no longer open, the server SHOULD open a connection to the IP address in the
// "received" parameter, if present, using the port in the "sent-by" value" (RFC 3261 §18.2.2).
func TestTheConnectionIsGoneBeforeTheAnswer(t *testing.T) {
	for name, row := range map[string]struct{ via, at string }{
		"port":                  {"192.0.2.3:5070", "192.0.2.3:5070"},
		"no port":               {"192.0.2.3", "192.0.2.3:5060"},
		"another host":          {"192.0.2.77:5070", "192.0.2.3:5070"},
		"a name":                {"victim.example:5070", "192.0.2.3:5070"},
		"maddr is not followed": {"192.0.2.3:5070;maddr=192.0.2.77", "192.0.2.3:5070"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.agent("192.0.2.1", sip.Config{Handler: sip.HandlerFunc(func(tx *sip.ServerTransaction) {
					time.Sleep(time.Second)
					tx.Reply(183)
					tx.Reply(200)
				})})
				elsewhere, _ := w.net.Listen("192.0.2.77:5070")
				defer elsewhere.Close()
				go func() {
					if _, err := elsewhere.Accept(); err == nil {
						t.Error("a third party was called")
					}
				}()
				l, err := w.net.Listen(row.at)
				if err != nil {
					t.Fatal(err)
				}
				defer l.Close()
				conn, err := w.net.DialFrom(t.Context(), "192.0.2.3:40000", "192.0.2.1:5060")
				if err != nil {
					t.Fatal(err)
				}
				conn.Write([]byte(strings.NewReplacer("%T", "TCP", "%V", row.via).Replace(question)))
				synctest.Wait()
				conn.Close()
				back, err := l.Accept()
				if err != nil {
					t.Fatal(err)
				}
				defer back.Close()
				var text string
				for buf := make([]byte, 4096); strings.Count(text, "SIP/2.0 ") < 2; {
					n, err := back.Read(buf)
					if err != nil {
						t.Fatal(err)
					}
					text += string(buf[:n])
				}
				if !strings.HasPrefix(text, "SIP/2.0 183") || !strings.Contains(text, "SIP/2.0 200") {
					t.Errorf("answered %s", text)
				}
				elsewhere.Close()
			})
		})
	}
}

// TestNobodyTakesTheAnswer: a client that neither waits nor listens costs one attempt, and the server goes on.
func TestNobodyTakesTheAnswer(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		server := w.agent("192.0.2.1", sip.Config{Handler: sip.HandlerFunc(func(tx *sip.ServerTransaction) {
			time.Sleep(time.Second)
			tx.Reply(200)
		})})
		for _, via := range []string{"192.0.2.3:5070", "192.0.2.1:5060", "192.0.2.3:99999"} {
			conn, err := w.net.DialFrom(t.Context(), "192.0.2.3:0", "192.0.2.1:5060")
			if err != nil {
				t.Fatal(err)
			}
			conn.Write([]byte(strings.NewReplacer("%T", "TCP", "%V", via, "z9hG4bKa", "z9hG4bK"+sip.NewTag(), "Call-ID: 1", "Call-ID: "+via).Replace(question)))
			synctest.Wait()
			conn.Close()
			time.Sleep(time.Minute)
		}
		if s := server.Stats(); s.Connections != 0 || s.Panics != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// TestMaddrInViaIsRefused: §18.2.2 would send the response to maddr, which makes a server a tool against third parties.
func TestMaddrInViaIsRefused(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.agent("192.0.2.1", sip.Config{Handler: sip.HandlerFunc(func(tx *sip.ServerTransaction) { tx.Reply(200) })})
		caller := w.wire("192.0.2.3:5060", "192.0.2.1:5060")
		victim := w.wire("192.0.2.77:5060", "192.0.2.1:5060")
		caller.says(strings.NewReplacer("%T", "UDP", "%V", "192.0.2.3;maddr=192.0.2.77", "\r\n", "\n").Replace(question))
		if len(caller.heard("SIP/2.0 200")) != 1 || len(victim.heard("")) != 0 {
			t.Error("the response did not go to the source")
		}
	})
}

func TestKeepAlives(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		flows := map[string]sip.Flow{}
		server := w.agent("192.0.2.1", sip.Config{IdleTimeout: time.Minute, Handler: registrar(flows)})
		phone := w.agent("192.0.2.2", sip.Config{IdleTimeout: time.Hour, Handler: sip.HandlerFunc(func(tx *sip.ServerTransaction) {
			flows["phone"] = tx.Flow()
			tx.Reply(200)
		})})
		registers(t, phone, "sip:192.0.2.1;transport=tcp")
		req := sip.NewRequest(sip.OPTIONS, mustURI(t, "sip:192.0.2.2"))
		sip.SetFlow(req, flows["TCP"])
		if _, err := server.Do(t.Context(), req); err != nil {
			t.Fatal(err)
		}

		t.Log("# with keep-alives the server keeps the connection longer than its idle time")
		flows["TCP"].Expect(2 * time.Minute)
		ended := make(chan error, 1)
		go func() { ended <- flows["phone"].KeepAlive(t.Context(), 2*time.Minute) }()
		time.Sleep(time.Hour)
		if !flows["TCP"].Usable() || server.Stats().KeepAlives < 30 {
			t.Fatalf("usable %v after %d keep-alives", flows["TCP"].Usable(), server.Stats().KeepAlives)
		}
		t.Log("# the connection ends, and the keeper knows")
		server.Close()
		if err := <-ended; err == nil {
			t.Error("no error")
		}
	})
}

func TestAPeerThatDoesNotAnswerKeepAlives(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		l, err := w.net.Listen("192.0.2.1:5060")
		if err != nil {
			t.Fatal(err)
		}
		var flow sip.Flow
		phone := w.agent("192.0.2.2", sip.Config{Handler: sip.HandlerFunc(func(tx *sip.ServerTransaction) {
			flow = tx.Flow()
			tx.Reply(200)
		})})
		phone.Start(t.Context(), sip.NewRequest(sip.OPTIONS, mustURI(t, "sip:192.0.2.1;transport=tcp")))
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		conn.Write([]byte(strings.NewReplacer("%T", "TCP", "%V", "192.0.2.1").Replace(question)))
		go func() {
			for buf := make([]byte, 4096); ; {
				if _, err := conn.Read(buf); err != nil {
					return
				}
			}
		}()
		synctest.Wait()
		start := time.Now()
		err = flow.KeepAlive(t.Context(), 100*time.Second)
		if took := time.Since(start); err == nil || took < 90*time.Second || took > 110*time.Second || flow.Usable() {
			t.Errorf("%v after %v", err, took)
		}
	})
}

// TestTheFlowEndsWithoutKeepAlives: who promised keep-alives and sends none is gone.
func TestTheFlowEndsWithoutKeepAlives(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		flows := map[string]sip.Flow{}
		w.agent("192.0.2.1", sip.Config{Handler: registrar(flows)})
		phone := w.agent("192.0.2.2", sip.Config{})
		registers(t, phone, "sip:192.0.2.1;transport=tcp")
		flows["TCP"].Expect(120 * time.Second)
		start := time.Now()
		<-flows["TCP"].Done()
		if took := time.Since(start); took != 150*time.Second {
			t.Errorf("closed after %v", took)
		}
	})
}
