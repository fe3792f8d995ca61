package sip_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

const ms = time.Millisecond

// request is what bob sends in the stories below; the branch and the CSeq make it his own.
func request(method, branch, cseq string) string {
	return `
` + method + ` sip:conf@192.0.2.1 SIP/2.0
Via: SIP/2.0/UDP 192.0.2.3:5060;branch=z9hG4bK` + branch + `
Max-Forwards: 70
From: <sip:bob@example.com>;tag=b0b
To: <sip:conf@example.com>
Call-ID: story
CSeq: ` + cseq + `
Contact: <sip:bob@192.0.2.3>
Content-Length: 0

`
}

func reply(code int) sip.Handler {
	return sip.HandlerFunc(func(tx *sip.ServerTransaction) { tx.Reply(code) })
}

func TestServerInviteRefused(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		ua := w.agent("192.0.2.1", sip.Config{Handler: reply(486)})
		bob := w.wire("192.0.2.3:5060", "192.0.2.1:5060")

		t.Log(`# "If an unreliable transport is in use, timer G is set to fire in T1 seconds ... MIN(2*T1, T2) seconds"`)
		bob.says(request("INVITE", "1", "1 INVITE"))
		time.Sleep(9 * time.Second)
		res := bob.hears("SIP/2.0 486", 0, 500*ms, 1500*ms, 3500*ms, 7500*ms)

		t.Log(`# "While in the "Completed" state, ... if a request retransmission is received, the server SHOULD pass the response"`)
		bob.says(request("INVITE", "1", "1 INVITE"))
		bob.hears("SIP/2.0 486", 9*time.Second)

		t.Log(`# "If an ACK is received while the server transaction is in the "Completed" state" it is quiet`)
		ack := strings.Replace(request("ACK", "1", "1 ACK"), "To: <sip:conf@example.com>", "To: "+header(res[0].text, "To"), 1)
		bob.says(ack)
		time.Sleep(3 * time.Second)
		bob.says(ack)
		bob.says(request("INVITE", "1", "1 INVITE"))
		bob.hears("SIP/2.0 486")
		if n := ua.Stats().ServerTransactions; n != 1 {
			t.Errorf("%d transactions in Confirmed, want 1", n)
		}

		t.Log(`# "timer I ... T4 seconds for unreliable transports"`)
		time.Sleep(2*time.Second + ms)
		if n := ua.Stats().ServerTransactions; n != 0 {
			t.Errorf("%d transactions after Timer I, want 0", n)
		}
	})
}

func TestServerInviteNeverAcknowledged(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		ua := w.agent("192.0.2.1", sip.Config{Handler: reply(404)})
		bob := w.wire("192.0.2.3:5060", "192.0.2.1:5060")
		bob.says(request("INVITE", "1", "1 INVITE"))
		t.Log(`# "timer H MUST be set to fire in 64*T1 seconds"`)
		time.Sleep(32*time.Second - ms)
		if n := ua.Stats().ServerTransactions; n != 1 {
			t.Errorf("%d transactions before Timer H, want 1", n)
		}
		time.Sleep(2 * ms)
		if s := ua.Stats(); s.ServerTransactions != 0 || s.NoAck != 1 {
			t.Errorf("after Timer H: %+v", s)
		}
		if n := len(bob.heard("SIP/2.0 404")); n != 11 {
			t.Errorf("heard 404 %d times, want 11", n)
		}
	})
}

func TestServerTryingAfter200ms(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		slow := sip.HandlerFunc(func(tx *sip.ServerTransaction) {
			time.Sleep(time.Second)
			tx.Reply(404)
		})
		w.agent("192.0.2.1", sip.Config{Handler: slow})
		bob := w.wire("192.0.2.3:5060", "192.0.2.1:5060")
		bob.says(request("INVITE", "1", "1 INVITE"))
		time.Sleep(500 * ms)
		bob.says(request("INVITE", "1", "1 INVITE"))
		time.Sleep(500 * ms)
		trying := bob.hears("SIP/2.0 100", 200*ms, 500*ms)
		if to := header(trying[0].text, "To"); strings.Contains(to, "tag") {
			t.Errorf("100 with To %q", to)
		}
		bob.hears("SIP/2.0 404", 1000*ms)
	})
}

func TestServerNonInvite(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		slow := sip.HandlerFunc(func(tx *sip.ServerTransaction) {
			time.Sleep(time.Second)
			tx.Reply(180)
			time.Sleep(time.Second)
			tx.Reply(200)
		})
		ua := w.agent("192.0.2.1", sip.Config{Handler: slow})
		bob := w.wire("192.0.2.3:5060", "192.0.2.1:5060")
		ask := request("OPTIONS", "1", "1 OPTIONS")

		bob.says(ask)
		t.Log(`# "While in the "Trying" state, any further request retransmissions are discarded"`)
		time.Sleep(500 * ms)
		bob.says(ask)
		bob.hears("SIP/2.0")
		t.Log(`# "Proceeding": "the most recently sent provisional response MUST be passed to the transport layer"`)
		time.Sleep(700 * ms)
		bob.says(ask)
		bob.hears("SIP/2.0 180", 1000*ms, 1200*ms)
		t.Log(`# "Completed": "the server transaction MUST pass the final response"`)
		time.Sleep(1800 * ms)
		bob.says(ask)
		bob.hears("SIP/2.0 200", 2*time.Second, 3*time.Second)
		t.Log(`# "Timer J to fire in 64*T1 seconds for unreliable transports"`)
		time.Sleep(31*time.Second - ms)
		if n := ua.Stats().ServerTransactions; n != 1 {
			t.Errorf("%d transactions before Timer J", n)
		}
		time.Sleep(2 * ms)
		if n := ua.Stats().ServerTransactions; n != 0 {
			t.Errorf("%d transactions after Timer J", n)
		}
	})
}

func TestCancel(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		var cancelled, late error
		handler := sip.HandlerFunc(func(tx *sip.ServerTransaction) {
			tx.Reply(180)
			<-tx.Cancelled()
			<-tx.Done()
			cancelled = tx.Context().Err()
			late = tx.Reply(200)
		})
		w.agent("192.0.2.1", sip.Config{Handler: handler})
		bob := w.wire("192.0.2.3:5060", "192.0.2.1:5060")
		bob.says(request("INVITE", "1", "1 INVITE"))
		bob.says(request("CANCEL", "1", "1 CANCEL"))
		answers := bob.hears("SIP/2.0 200", 0)
		refusal := bob.hears("SIP/2.0 487", 0)
		if cseq := header(answers[0].text, "CSeq"); cseq != "1 CANCEL" {
			t.Errorf("200 for %q", cseq)
		}
		if a, b := header(answers[0].text, "To"), header(refusal[0].text, "To"); a != b {
			t.Errorf("To of the two responses: %q and %q", a, b)
		}
		if cancelled == nil || !errors.Is(late, sip.ErrCancelled) {
			t.Errorf("context %v, late answer %v", cancelled, late)
		}
		t.Log("# a CANCEL of nothing")
		bob.says(request("CANCEL", "other", "1 CANCEL"))
		bob.hears("SIP/2.0 481", 0)
		t.Log("# a CANCEL after the answer has no effect")
		bob.says(request("CANCEL", "1", "1 CANCEL"))
		bob.hears("SIP/2.0 200", 0)
		bob.hears("SIP/2.0 487")
	})
}

func TestSuccessIsRepeatedUntilTheAck(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		conf := &leg{}
		var dialogs []*sip.Dialog
		w.agent("192.0.2.1", sip.Config{Handler: accepts(t, conf, &dialogs)})
		bob := w.wire("192.0.2.3:5060", "192.0.2.1:5060")
		bob.says(request("INVITE", "1", "1 INVITE"))
		t.Log(`# "an interval that starts at T1 seconds and doubles for each retransmission until it reaches T2 seconds"`)
		time.Sleep(6 * time.Second)
		ok := bob.hears("SIP/2.0 200", 0, 500*ms, 1500*ms, 3500*ms)
		t.Log(`# RFC 6026: "Accepted": an INVITE retransmission is absorbed`)
		bob.says(request("INVITE", "1", "1 INVITE"))
		bob.hears("SIP/2.0 200")
		ack := strings.Replace(request("ACK", "2", "1 ACK"), "To: <sip:conf@example.com>", "To: "+header(ok[0].text, "To"), 1)
		ack = strings.Replace(ack, "Content-Length: 0\n\n", "Content-Length: 6\n\nanswer", 1)
		bob.says(ack)
		bob.says(ack)
		time.Sleep(time.Minute)
		bob.hears("SIP/2.0 200")
		if len(conf.acks) != 1 || conf.acks[0] != "answer" || len(conf.errs) != 0 {
			t.Errorf("acks %q, errors %v", conf.acks, conf.errs)
		}
	})
}

func TestNoAck(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		conf := &leg{}
		var dialogs []*sip.Dialog
		w.agent("192.0.2.1", sip.Config{Handler: accepts(t, conf, &dialogs)})
		bob := w.wire("192.0.2.3:5060", "192.0.2.1:5060")
		bob.says(request("INVITE", "1", "1 INVITE"))
		bye := make(chan error)
		go func() { bye <- dialogs[0].Bye(t.Context()) }()
		t.Log(`# "MUST NOT send a BYE on a confirmed dialog until it has received an ACK ... or until the server transaction times out"`)
		time.Sleep(32*time.Second - ms)
		bob.hears("BYE")
		time.Sleep(2 * ms)
		if n := len(bob.heard("BYE")); n != 1 || len(conf.errs) != 1 || !errors.Is(conf.errs[0], sip.ErrNoAck) {
			t.Errorf("%d BYE, errors %v", n, conf.errs)
		}
		if err := <-bye; !errors.Is(err, sip.ErrTimeout) {
			t.Errorf("BYE to nobody: %v", err)
		}
	})
}

func TestSequenceAndGlare(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		conf := &leg{}
		var pending *sip.ServerTransaction
		conf.answer = func(d *sip.Dialog, tx *sip.ServerTransaction) {
			if tx.Request().Method == sip.INVITE {
				pending = tx
				tx.Detach()
				return
			}
			tx.Reply(200)
		}
		var dialogs []*sip.Dialog
		w.agent("192.0.2.1", sip.Config{Handler: accepts(t, conf, &dialogs)})
		bob := w.wire("192.0.2.3:5060", "192.0.2.1:5060")
		bob.says(request("INVITE", "1", "5 INVITE"))
		to := "To: " + header(bob.heard("SIP/2.0 200")[0].text, "To")
		inDialog := func(method, branch, cseq string) string {
			return strings.Replace(request(method, branch, cseq), "To: <sip:conf@example.com>", to, 1)
		}
		bob.says(inDialog("ACK", "2", "5 ACK"))
		bob.says(inDialog("INFO", "3", "7 INFO"))
		bob.hears("SIP/2.0 200", 0)
		t.Log(`# "lower than the remote sequence number, the request is out of order and MUST be rejected with a 500"`)
		bob.says(inDialog("INFO", "4", "6 INFO"))
		bob.hears("SIP/2.0 500", 0)
		t.Log(`# a second INVITE before the answer to the first: 500 with Retry-After`)
		bob.says(inDialog("INVITE", "5", "8 INVITE"))
		bob.says(inDialog("INVITE", "6", "9 INVITE"))
		if res := bob.hears("SIP/2.0 500", 0); header(res[0].text, "Retry-After") == "" {
			t.Error("500 without Retry-After")
		}
		t.Log(`# "a UAC MUST NOT initiate a new INVITE transaction ... while another INVITE transaction is in progress in either direction"`)
		if _, err := dialogs[0].Invite(t.Context(), "", nil); !errors.Is(err, sip.ErrPending) {
			t.Errorf("re-INVITE: %v", err)
		}
		t.Log("# target refresh by the re-INVITE")
		pending.Respond(sip.NewResponse(pending.Request(), 200, ""))
		if got := dialogs[0].RemoteTarget(); got.String() != "sip:bob@192.0.2.3" {
			t.Errorf("target %s", got.String())
		}
		bob.says(inDialog("ACK", "6", "9 ACK"))
		t.Log(`# our INVITE is on its way: 491`)
		go dialogs[0].Invite(t.Context(), "", nil)
		synctest.Wait()
		bob.says(inDialog("INVITE", "7", "10 INVITE"))
		bob.hears("SIP/2.0 491", 0)
		t.Log("# no such dialog: 481")
		bob.says(strings.Replace(request("INFO", "8", "1 INFO"), "To: <sip:conf@example.com>", "To: <sip:conf@example.com>;tag=x", 1))
		bob.hears("SIP/2.0 481", 0)
	})
}

func TestPanicIs500(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		ua := w.agent("192.0.2.1", sip.Config{Handler: sip.HandlerFunc(func(*sip.ServerTransaction) { panic("oops") })})
		bob := w.wire("192.0.2.3:5060", "192.0.2.1:5060")
		bob.says(request("OPTIONS", "1", "1 OPTIONS"))
		bob.hears("SIP/2.0 500", 0)
		if ua.Stats().Panics != 1 {
			t.Error("panic not counted")
		}
	})
}

func TestWithoutBranch(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		conf := &leg{}
		var dialogs []*sip.Dialog
		ua := w.agent("192.0.2.1", sip.Config{Handler: accepts(t, conf, &dialogs)})
		bob := w.wire("192.0.2.3:5060", "192.0.2.1:5060")
		old := func(text string) string {
			text = strings.Replace(text, ";branch=z9hG4bK1", "", 1)
			return strings.Replace(text, "SIP/2.0/UDP", "SIP/2.0/udp", 1)
		}
		bob.says(old(request("INVITE", "1", "1 INVITE")))
		bob.says(old(request("INVITE", "1", "1 INVITE")))
		res := bob.hears("SIP/2.0 200", 0)
		if len(dialogs) != 1 || ua.Stats().Retransmissions != 1 {
			t.Fatalf("%d dialogs, %+v", len(dialogs), ua.Stats())
		}
		if via := header(res[0].text, "Via"); via != "SIP/2.0/udp 192.0.2.3:5060" {
			t.Errorf("Via %q", via)
		}
		bob.says(old(strings.Replace(request("ACK", "1", "1 ACK"), "To: <sip:conf@example.com>", "To: "+header(res[0].text, "To"), 1)))
		if len(conf.acks) != 1 {
			t.Errorf("ACK without branch: %q", conf.acks)
		}
	})
}
