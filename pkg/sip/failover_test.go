package sip_test

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// places is a Config.Locate that finds everything at these places: "UDP 192.0.2.1:5060".
func places(all ...string) func(context.Context, sip.URI) ([]sip.Target, error) {
	var targets []sip.Target
	for _, place := range all {
		transport, addr, _ := strings.Cut(place, " ")
		targets = append(targets, sip.Target{Transport: transport, Addr: netip.MustParseAddrPort(addr)})
	}
	return func(context.Context, sip.URI) ([]sip.Target, error) { return targets, nil }
}

// server is one of several; it notes what it got.
type server struct {
	got []*sip.Request
}

func (w *world) server(host string, answer func(tx *sip.ServerTransaction)) *server {
	s := &server{}
	w.agent(host, sip.Config{Handler: sip.HandlerFunc(func(tx *sip.ServerTransaction) {
		s.got = append(s.got, tx.Request())
		answer(tx)
	})})
	return s
}

func replies(code int, headers ...sip.Header) func(tx *sip.ServerTransaction) {
	return func(tx *sip.ServerTransaction) { tx.Reply(code, headers...) }
}

func TestTheNextServerIsTried(t *testing.T) {
	for _, transport := range []string{"UDP", "TCP"} {
		for _, method := range []sip.Method{sip.OPTIONS, sip.INVITE} {
			t.Run(transport+" "+string(method), func(t *testing.T) {
				inWorld(t, func(t *testing.T, w *world) {
					busy := w.server("192.0.2.1", replies(503))
					well := w.server("192.0.2.2", replies(404))
					alice := w.agent("192.0.2.9", sip.Config{
						Locate: places("TCP 192.0.2.8:5060", transport+" 192.0.2.1:5060", transport+" 192.0.2.2:5060"),
					})
					res, err := alice.Do(t.Context(), sip.NewRequest(method, mustURI(t, "sip:bob@example.com")))
					if err != nil || res.StatusCode != 404 {
						t.Fatalf("answer %v, %v", res, err)
					}
					if len(busy.got) != 1 || len(well.got) != 1 {
						t.Fatalf("%d and %d requests", len(busy.got), len(well.got))
					}
					t.Log(`# "identical to the previous, but has a different value of the Via branch ID"`)
					first, second := busy.got[0], well.got[0]
					if branch(first) == branch(second) {
						t.Error("one branch for two transactions")
					}
					first.RemoveHeader("Via")
					second.RemoveHeader("Via")
					if diff := cmp.Diff(first.String(), second.String()); diff != "" {
						t.Errorf("(-first +second):\n%s", diff)
					}
					t.Log("# the servers that failed are tried last for a while")
					alice.Do(t.Context(), sip.NewRequest(method, mustURI(t, "sip:bob@example.com")))
					if len(busy.got) != 1 || len(well.got) != 2 {
						t.Errorf("%d and %d requests", len(busy.got), len(well.got))
					}
					time.Sleep(2 * time.Minute)
					alice.Do(t.Context(), sip.NewRequest(method, mustURI(t, "sip:bob@example.com")))
					if len(busy.got) != 2 {
						t.Errorf("%d requests after two minutes", len(busy.got))
					}
				})
			})
		}
	}
}

func branch(req *sip.Request) string {
	branch, _ := req.Via().Params.Get("branch")
	return branch
}

func TestAServerThatIsSilent(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		silent := w.wire("192.0.2.1:5060", "192.0.2.9:5060")
		w.server("192.0.2.2", replies(200))
		alice := w.agent("192.0.2.9", sip.Config{Locate: places("UDP 192.0.2.1:5060", "UDP 192.0.2.2:5060")})
		start := time.Now()
		if res, err := alice.Do(t.Context(), sip.NewRequest(sip.OPTIONS, mustURI(t, "sip:example.com"))); err != nil || res.StatusCode != 200 {
			t.Fatalf("answer %v, %v", res, err)
		}
		if took := time.Since(start); took != 32*time.Second { // Timer F
			t.Errorf("took %v", took)
		}
		if n := len(silent.heard("OPTIONS")); n != 11 {
			t.Errorf("the first server heard it %d times", n)
		}
		start = time.Now()
		alice.Do(t.Context(), sip.NewRequest(sip.OPTIONS, mustURI(t, "sip:example.com")))
		if took := time.Since(start); took != 0 {
			t.Errorf("the second request took %v", took)
		}
	})
}

func TestNoServerIsLeft(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		alice := w.agent("192.0.2.9", sip.Config{Locate: places("TCP 192.0.2.1:5060", "UDP 192.0.2.2:5060")})
		w.server("192.0.2.2", replies(503, sip.NewHeader("Retry-After", "300 (soon);duration=5")))
		for _, method := range []sip.Method{sip.OPTIONS, sip.INVITE} {
			t.Log("# the 503 of the last one is the answer")
			if res, err := alice.Do(t.Context(), sip.NewRequest(method, mustURI(t, "sip:example.com"))); err != nil || res.StatusCode != 503 {
				t.Errorf("%s: %v, %v", method, res, err)
			}
		}
		t.Log("# nobody can be reached")
		nobody := w.agent("192.0.2.10", sip.Config{Locate: places("TCP 192.0.2.1:5060", "TCP 192.0.2.3:5060")})
		if _, err := nobody.Do(t.Context(), sip.NewRequest(sip.OPTIONS, mustURI(t, "sip:example.com"))); !errors.Is(err, sip.ErrTransport) {
			t.Errorf("error %v", err)
		}
		t.Log("# nobody answers")
		silent := w.agent("192.0.2.11", sip.Config{Locate: places("UDP 192.0.2.31:5060", "UDP 192.0.2.32:5060")})
		if _, err := silent.Do(t.Context(), sip.NewRequest(sip.OPTIONS, mustURI(t, "sip:example.com"))); !errors.Is(err, sip.ErrTimeout) {
			t.Errorf("error %v", err)
		}
	})
}

func TestAConnectionThatBreaksBeforeTheAnswer(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		l, err := w.net.Listen("192.0.2.1:5060")
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			conn, _ := l.Accept()
			conn.Read(make([]byte, 4096))
			conn.Close()
		}()
		w.server("192.0.2.2", replies(200))
		alice := w.agent("192.0.2.9", sip.Config{Locate: places("TCP 192.0.2.1:5060", "TCP 192.0.2.2:5060")})
		start := time.Now()
		res, err := alice.Do(t.Context(), sip.NewRequest(sip.OPTIONS, mustURI(t, "sip:example.com")))
		if err != nil || res.StatusCode != 200 || time.Since(start) != 0 {
			t.Errorf("answer %v, %v after %v", res, err, time.Since(start))
		}
	})
}

func TestACallOnTheSecondServer(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.server("192.0.2.1", replies(503))
		var dialogs []*sip.Dialog
		w.agent("192.0.2.2", sip.Config{Handler: accepts(t, &leg{}, &dialogs)})
		alice := w.agent("192.0.2.9", sip.Config{Locate: places("UDP 192.0.2.1:5060", "TCP 192.0.2.2:5060")})
		d, _, err := alice.Invite(t.Context(), sip.Invitation{
			Target: mustURI(t, "sip:conf@example.com"), From: mustURI(t, "sip:alice@example.com"), Handler: &leg{},
		})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		t.Log("# Contact and Via are those of the second way")
		if target := dialogs[0].RemoteTarget(); target.String() != "sip:alice@192.0.2.9:5060;transport=tcp" {
			t.Errorf("Contact %s", target.String())
		}
		if res, err := dialogs[0].Request(t.Context(), sip.INFO, "", nil); err != nil || res.StatusCode != 200 {
			t.Errorf("INFO back: %v, %v", res, err)
		}
		if err := d.Bye(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestWhoMovesOnStillAcknowledges: "Any retransmissions of the final response that are received ... MUST cause the ACK to be re-passed to the
// transport layer" (§17.1.1.2), also when the call is elsewhere by then.
func TestWhoMovesOnStillAcknowledges(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		busy := w.wire("192.0.2.1:5060", "192.0.2.9:5060")
		well := w.server("192.0.2.2", replies(486))
		alice := w.agent("192.0.2.9", sip.Config{Locate: places("UDP 192.0.2.1:5060", "UDP 192.0.2.2:5060")})
		tx, err := alice.Start(t.Context(), sip.NewRequest(sip.INVITE, mustURI(t, "sip:bob@example.com")))
		if err != nil {
			t.Fatal(err)
		}
		invite := busy.heard("INVITE")[0].text
		refusal := "SIP/2.0 503 No\nVia: " + header(invite, "Via") + "\nFrom: " + header(invite, "From") + "\nTo: <sip:bob@example.com>;tag=1\nCall-ID: " +
			header(invite, "Call-ID") + "\nCSeq: 1 INVITE\n\n"
		busy.says(refusal)
		busy.says(refusal)
		if acks := busy.heard("ACK"); len(acks) != 2 || header(acks[0].text, "Via") != header(invite, "Via") {
			t.Errorf("ACKs %v", acks)
		}
		if res, err := tx.Final(t.Context()); err != nil || res.StatusCode != 486 || len(well.got) != 1 {
			t.Errorf("%v, %v", res, err)
		}
		time.Sleep(time.Minute)
		if s := alice.Stats(); s.ClientTransactions != 0 {
			t.Errorf("%d transactions are left", s.ClientTransactions)
		}
	})
}

func TestWhenTheServerIsNotLeft(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		other := w.server("192.0.2.2", replies(200))
		locate := places("UDP 192.0.2.1:5060", "UDP 192.0.2.2:5060")
		w.server("192.0.2.1", func(tx *sip.ServerTransaction) {
			tx.Reply(180)
			time.Sleep(time.Second)
			tx.Reply(503)
		})
		t.Log("# after it rang there: an early dialog is not taken elsewhere")
		alice := w.agent("192.0.2.9", sip.Config{Locate: locate})
		if res, err := alice.Do(t.Context(), sip.NewRequest(sip.INVITE, mustURI(t, "sip:bob@example.com"))); err != nil || res.StatusCode != 503 {
			t.Errorf("%v, %v", res, err)
		}
		t.Log("# when the caller has given up")
		carol := w.agent("192.0.2.10", sip.Config{Locate: places("UDP 192.0.2.3:5060", "UDP 192.0.2.2:5060")})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := carol.Do(ctx, sip.NewRequest(sip.INVITE, mustURI(t, "sip:bob@example.com"))); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		time.Sleep(5 * time.Minute)
		if len(other.got) != 0 {
			t.Errorf("the other server got %v", other.got)
		}
	})
}
