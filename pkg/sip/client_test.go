package sip_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// answerTo writes a response to a request as it was heard.
func answerTo(request string, code int, toTag string, extra ...string) string {
	to := header(request, "To")
	if toTag != "" {
		to += ";tag=" + toTag
	}
	lines := append([]string{
		fmt.Sprintf("SIP/2.0 %d Whatever", code), "Via: " + header(request, "Via"), "From: " + header(request, "From"), "To: " + to,
		"Call-ID: " + header(request, "Call-ID"), "CSeq: " + header(request, "CSeq"),
	}, extra...)
	return strings.Join(append(lines, "Content-Length: 0", "", ""), "\n")
}

func TestClientInviteTimersAAndB(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		phone := w.agent("192.0.2.2", sip.Config{})
		conf := w.wire("192.0.2.1:5060", "192.0.2.2:5060")
		_, _, err := phone.Invite(t.Context(), sip.Invitation{Target: mustURI(t, "sip:conf@192.0.2.1"), From: mustURI(t, "sip:a@example.com")})
		if !errors.Is(err, sip.ErrTimeout) {
			t.Errorf("error %v, want ErrTimeout", err)
		}
		t.Log(`# "MUST reset the timer with a value of 2*T1 ... 4*T1, and so on", "timer B with a value of 64*T1"`)
		conf.hears("INVITE", 0, 500*ms, 1500*ms, 3500*ms, 7500*ms, 15500*ms, 31500*ms)
	})
}

func TestClientNonInviteTimersEAndF(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		phone := w.agent("192.0.2.2", sip.Config{})
		conf := w.wire("192.0.2.1:5060", "192.0.2.2:5060")
		start := time.Now()
		_, err := phone.Do(t.Context(), sip.NewRequest(sip.OPTIONS, mustURI(t, "sip:192.0.2.1")))
		if !errors.Is(err, sip.ErrTimeout) || time.Since(start) != 32*time.Second {
			t.Errorf("error %v after %v", err, time.Since(start))
		}
		t.Log(`# "MIN(2*T1, T2)": 500 ms, 1 s, 2 s, 4 s, 4 s ...`)
		conf.hears("OPTIONS", 0, 500*ms, 1500*ms, 3500*ms, 7500*ms, 11500*ms, 15500*ms, 19500*ms, 23500*ms, 27500*ms, 31500*ms)
	})
}

func TestClientNonInviteProceedingAndTimerK(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		phone := w.agent("192.0.2.2", sip.Config{})
		conf := w.wire("192.0.2.1:5060", "192.0.2.2:5060")
		tx, err := phone.Start(t.Context(), sip.NewRequest(sip.OPTIONS, mustURI(t, "sip:192.0.2.1")))
		if err != nil {
			t.Fatal(err)
		}
		ask := conf.hears("OPTIONS", 0)[0].text
		conf.says(answerTo(ask, 100, ""))
		t.Log(`# "If Timer E fires while in the "Proceeding" state, ... reset with a value of T2 seconds"`)
		time.Sleep(9 * time.Second)
		conf.hears("OPTIONS", 500*ms, 4500*ms, 8500*ms)
		conf.says(answerTo(ask, 200, "x"))
		conf.says(answerTo(ask, 200, "x"))
		for _, want := range []int{100, 200} {
			if res, err := tx.Next(t.Context()); err != nil || res.StatusCode != want {
				t.Errorf("got %v, %v; want %d", res, err, want)
			}
		}
		t.Log(`# "Timer K to fire in T4 seconds for unreliable transports"`)
		time.Sleep(5*time.Second - ms)
		if n := phone.Stats().ClientTransactions; n != 1 {
			t.Errorf("%d transactions before Timer K", n)
		}
		if _, err := tx.Next(t.Context()); err != io.EOF {
			t.Errorf("after the final response: %v, want EOF", err)
		}
		if n := phone.Stats().ClientTransactions; n != 0 {
			t.Errorf("%d transactions after Timer K", n)
		}
	})
}

func TestClientAcknowledgesRefusals(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		phone := w.agent("192.0.2.2", sip.Config{})
		conf := w.wire("192.0.2.1:5060", "192.0.2.2:5060")
		done := make(chan error, 1)
		go func() {
			_, _, err := phone.Invite(t.Context(), sip.Invitation{Target: mustURI(t, "sip:conf@192.0.2.1"), From: mustURI(t, "sip:a@example.com")})
			done <- err
		}()
		invite := conf.hears("INVITE", 0)[0].text
		conf.says(answerTo(invite, 486, "busy"))
		conf.says(answerTo(invite, 486, "busy"))
		acks := conf.hears("ACK", 0, 0)
		t.Log(`# "The ACK MUST contain a single Via header field, and this MUST be equal to the top Via header field of the original request"`)
		if got, want := header(acks[0].text, "Via"), header(invite, "Via"); got != want {
			t.Errorf("Via %q, want %q", got, want)
		}
		if to := header(acks[0].text, "To"); !strings.HasSuffix(to, ";tag=busy") {
			t.Errorf("To %q", to)
		}
		var status *sip.StatusError
		if err := <-done; !errors.As(err, &status) || status.Code != 486 {
			t.Errorf("error %v, want 486", err)
		}
		t.Log(`# "Timer D ... at least 32 seconds for unreliable transports"`)
		time.Sleep(32*time.Second - ms)
		conf.says(answerTo(invite, 486, "busy"))
		conf.hears("ACK", 32*time.Second-ms)
		time.Sleep(2 * ms)
		if n := phone.Stats().ClientTransactions; n != 0 {
			t.Errorf("%d transactions after Timer D", n)
		}
	})
}

func TestCancelWaitsForAProvisional(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		phone := w.agent("192.0.2.2", sip.Config{})
		conf := w.wire("192.0.2.1:5060", "192.0.2.2:5060")
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			_, _, err := phone.Invite(ctx, sip.Invitation{Target: mustURI(t, "sip:conf@192.0.2.1"), From: mustURI(t, "sip:a@example.com"), Handler: &leg{}})
			done <- err
		}()
		invite := conf.hears("INVITE", 0)[0].text
		cancel()
		t.Log(`# "If no provisional response has been received, the CANCEL request MUST NOT be sent"`)
		conf.hears("CANCEL")
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
		conf.says(answerTo(invite, 180, "x", "Contact: <sip:conf@192.0.2.1>"))
		sent := conf.hears("CANCEL", 0)[0].text
		if got, want := header(sent, "Via"), header(invite, "Via"); got != want {
			t.Errorf("Via of CANCEL %q, want %q", got, want)
		}
		conf.says(answerTo(sent, 200, "x"))
		t.Log("# the 200 to INVITE crosses the CANCEL: ACK and BYE")
		conf.says(answerTo(invite, 200, "x", "Contact: <sip:conf@192.0.2.1>"))
		conf.hears("ACK", 0)
		bye := conf.hears("BYE", 0)[0].text
		conf.says(answerTo(bye, 200, ""))
		if n := phone.Stats().Dialogs; n != 0 {
			t.Errorf("%d dialogs left", n)
		}
	})
}

func TestForkedCall(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		phone := w.agent("192.0.2.2", sip.Config{})
		proxy := w.wire("192.0.2.1:5060", "192.0.2.2:5060")
		var early []string
		got := make(chan *sip.Dialog, 1)
		go func() {
			d, _, err := phone.Invite(t.Context(), sip.Invitation{
				Target: mustURI(t, "sip:conf@192.0.2.1"), From: mustURI(t, "sip:a@example.com"), Handler: &leg{},
				Provisional: func(d *sip.Dialog, _ *sip.Response) { early = append(early, d.ID().RemoteTag) },
			})
			if err != nil {
				t.Error(err)
			}
			got <- d
		}()
		invite := proxy.hears("INVITE", 0)[0].text
		contact := "Contact: <sip:conf@192.0.2.1>"
		proxy.says(answerTo(invite, 180, "desk", contact))
		proxy.says(answerTo(invite, 183, "mobile", contact))
		proxy.says(answerTo(invite, 200, "mobile", contact, "Record-Route: <sip:p2.example.com;lr>, <sip:192.0.2.1;lr>"))
		d := <-got
		if d.ID().RemoteTag != "mobile" || d.State() != sip.Confirmed || len(early) != 2 {
			t.Errorf("winner %+v in %v; early %v", d.ID(), d.State(), early)
		}
		ack := proxy.hears("ACK sip:conf@192.0.2.1 ", 0)[0].text
		if route := header(ack, "Route"); route != "<sip:192.0.2.1;lr>" {
			t.Errorf("first Route %q", route)
		}
		t.Log("# the 200 comes again: the same ACK")
		proxy.says(answerTo(invite, 200, "mobile", contact))
		if again := proxy.hears("ACK", 0)[0].text; again != ack {
			t.Errorf("ACK again:\n%s", again)
		}
		t.Log("# the other phone is picked up too: ACK and BYE")
		proxy.says(answerTo(invite, 200, "desk", contact))
		proxy.hears("ACK", 0)
		bye := proxy.hears("BYE", 0)[0].text
		if to := header(bye, "To"); !strings.Contains(to, "tag=desk") {
			t.Errorf("BYE to %q", to)
		}
		proxy.says(answerTo(bye, 200, ""))
		if n := phone.Stats().Dialogs; n != 1 {
			t.Errorf("%d dialogs, want 1", n)
		}
	})
}

func TestReinviteAfter491(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		conf := &leg{}
		var dialogs []*sip.Dialog
		w.agent("192.0.2.1", sip.Config{Handler: accepts(t, conf, &dialogs)})
		bob := w.wire("192.0.2.3:5060", "192.0.2.1:5060")
		bob.says(request("INVITE", "1", "1 INVITE"))
		to := "To: " + header(bob.heard("SIP/2.0 200")[0].text, "To")
		bob.says(strings.Replace(request("ACK", "2", "1 ACK"), "To: <sip:conf@example.com>", to, 1))
		done := make(chan error, 1)
		go func() {
			_, err := dialogs[0].Invite(t.Context(), "", nil)
			done <- err
		}()
		bob.says(answerTo(bob.hears("INVITE", 0)[0].text, 491, ""))
		bob.hears("ACK", 0)
		t.Log(`# "If the UAC is not the owner of the Call-ID ..., T has a randomly chosen value of between 0 and 2 seconds"`)
		time.Sleep(2*time.Second + ms)
		again := bob.heard("INVITE")
		if len(again) == 0 || again[0].at > 2*time.Second {
			t.Fatalf("heard again %v", again)
		}
		bob.says(answerTo(again[0].text, 200, "", "Contact: <sip:bob@192.0.2.3:5070>"))
		if err := <-done; err != nil {
			t.Error(err)
		}
		if len(bob.heard("ACK")) != 0 {
			t.Error("ACK went to the old target")
		}
		if got := dialogs[0].RemoteTarget(); got.Port != 5070 {
			t.Errorf("target %s", got.String())
		}
	})
}

func TestSnapshotGoesOnElsewhere(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		conf := &leg{}
		var dialogs []*sip.Dialog
		first := w.agent("192.0.2.1", sip.Config{Handler: accepts(t, conf, &dialogs)})
		phone := w.agent("192.0.2.2", sip.Config{})
		d, _, err := phone.Invite(t.Context(), sip.Invitation{Target: mustURI(t, "sip:conf@192.0.2.1"), From: mustURI(t, "sip:a@example.com"), Handler: &leg{}})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		snapshot := dialogs[0].Snapshot()
		first.Close()
		second := w.agent("192.0.2.1", sip.Config{})
		restored, err := second.RestoreDialog(snapshot, conf)
		if err != nil {
			t.Fatal(err)
		}
		if res, err := d.Request(t.Context(), sip.INFO, "", nil); err != nil || res.StatusCode != 200 {
			t.Errorf("INFO: %v, %v", res, err)
		}
		if err := restored.Bye(t.Context()); err != nil {
			t.Errorf("BYE: %v", err)
		}
		<-d.Done()
	})
}
