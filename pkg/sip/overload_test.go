package sip_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// numbered is a request of its own transaction and Call-ID.
func numbered(method string, n int) string {
	text := request(method, fmt.Sprint(method, n), "1 "+method)
	return strings.Replace(text, "Call-ID: story", fmt.Sprint("Call-ID: story-", n), 1)
}

// inDialog is a request of the dialog that the response made.
func inDialog(text, response string) string {
	return strings.Replace(text, "To: <sip:conf@example.com>", "To: "+header(response, "To"), 1)
}

func TestWhoAsksTooMuchIsToldToWait(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		conf := &leg{}
		var dialogs []*sip.Dialog
		calls := accepts(t, conf, &dialogs)
		ua := w.agent("192.0.2.1", sip.Config{MaxRatePerSource: 10, Handler: sip.HandlerFunc(func(tx *sip.ServerTransaction) {
			if tx.Request().Method == sip.INVITE {
				calls.ServeSIP(tx)
				return
			}
			tx.Reply(200)
		})})
		mallory, bob := w.wire("192.0.2.3:5060", "192.0.2.1:5060"), w.wire("192.0.2.4:5060", "192.0.2.1:5060")
		t.Log("# mallory has a call, and asks as much as he may")
		mallory.says(numbered("INVITE", 0))
		call := mallory.heard("SIP/2.0 200")[0].text
		for n := 1; n < 10; n++ {
			mallory.says(numbered("OPTIONS", n))
		}
		if n := len(mallory.heard("SIP/2.0 200")); n != 9 {
			t.Errorf("%d of 9 answered", n)
		}
		t.Log(`# "503 ... MAY indicate when the client should retry the request in a Retry-After header field"`)
		mallory.says(numbered("OPTIONS", 10))
		mallory.says(numbered("INVITE", 11))
		for _, refusal := range mallory.hears("SIP/2.0 503", 0, 0) {
			if after, err := strconv.Atoi(header(refusal.text, "Retry-After")); err != nil || after < 1 || after > 10 {
				t.Errorf("refused with %s", refusal.text)
			}
		}
		if n := ua.Stats().Overloaded; n != 2 {
			t.Errorf("%d counted, want 2", n)
		}
		t.Log("# his call goes on, and nobody else is concerned")
		mallory.says(inDialog(strings.Replace(numbered("ACK", 0), "z9hG4bKACK0", "z9hG4bKack", 1), call))
		mallory.says(inDialog(strings.Replace(numbered("BYE", 0), "1 BYE", "2 BYE", 1), call))
		if got := mallory.heard("SIP/2.0 200"); len(got) != 1 || header(got[0].text, "CSeq") != "2 BYE" || len(conf.acks) != 1 {
			t.Errorf("%d ACKs, then heard %v", len(conf.acks), got)
		}
		bob.says(numbered("OPTIONS", 12))
		bob.hears("SIP/2.0 200", 0)
		t.Log("# a tenth of a second later he may ask once more")
		time.Sleep(100 * ms)
		mallory.says(numbered("OPTIONS", 13))
		mallory.says(numbered("OPTIONS", 14))
		mallory.hears("SIP/2.0 200", 100*ms)
		mallory.hears("SIP/2.0 503", 100*ms)
	})
}

func TestRefusalsAmplifyNothing(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		ua := w.agent("192.0.2.1", sip.Config{MaxRatePerSource: 1, Handler: reply(200)})
		mallory := w.wire("192.0.2.3:5060", "192.0.2.1:5060")
		sent := 0
		for n := range 1000 {
			text := numbered("OPTIONS", n)
			sent += len(crlf(text))
			mallory.says(text)
		}
		heard := mallory.heard("SIP/2.0")
		octets := 0
		for _, m := range heard {
			octets += len(m.text)
		}
		if len(heard) > 510 || octets > sent {
			t.Errorf("%d answers of %d octets to 1000 requests of %d", len(heard), octets, sent)
		}
		if s := ua.Stats(); s.Overloaded != 999 || s.Unanswered != uint64(1000-len(heard)) {
			t.Errorf("%+v", s)
		}
	})
}

func TestCallsThatAreNotAcknowledgedAreFew(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		conf := &leg{}
		var dialogs []*sip.Dialog
		w.agent("192.0.2.1", sip.Config{MaxSetupsPerSource: 3, Handler: accepts(t, conf, &dialogs)})
		mallory, bob := w.wire("192.0.2.3:5060", "192.0.2.1:5060"), w.wire("192.0.2.4:5060", "192.0.2.1:5060")
		for n := range 5 {
			mallory.says(numbered("INVITE", n))
		}
		mallory.hears("SIP/2.0 503", 0, 0)
		answers := mallory.heard("SIP/2.0 200")
		if len(answers) != 3 {
			t.Fatalf("%d calls, want 3", len(answers))
		}
		bob.says(numbered("INVITE", 5))
		bob.hears("SIP/2.0 200", 0)
		t.Log("# one is acknowledged: another may begin")
		mallory.says(inDialog(strings.Replace(numbered("ACK", 0), "z9hG4bKACK0", "z9hG4bKack", 1), answers[0].text))
		mallory.says(numbered("INVITE", 6))
		if got := mallory.heard("SIP/2.0 200"); len(got) != 1 {
			t.Errorf("%d calls, want one more", len(got))
		}
		t.Log("# and all of them when the ACKs did not come in time")
		time.Sleep(33 * time.Second)
		for n := range 4 {
			mallory.says(numbered("INVITE", 10+n))
		}
		if n := len(mallory.heard("SIP/2.0 503")); n != 1 {
			t.Errorf("%d refused, want 1", n)
		}
	})
}

func TestDialogsOfOneSourceAreNotAll(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		var refused int
		ua := w.agent("192.0.2.1", sip.Config{MaxDialogs: 4, Handler: sip.HandlerFunc(func(tx *sip.ServerTransaction) {
			d, err := tx.UserAgent().NewServerDialog(tx, tx.ContactURI("conf"), &leg{})
			if err != nil {
				refused++
				tx.Reply(503)
				return
			}
			d.Accept("", nil)
		})})
		mallory, bob := w.wire("192.0.2.3:5060", "192.0.2.1:5060"), w.wire("192.0.2.4:5060", "192.0.2.1:5060")
		for n := range 3 {
			mallory.says(numbered("INVITE", n))
		}
		bob.says(numbered("INVITE", 5))
		bob.hears("SIP/2.0 200", 0)
		if s := ua.Stats(); s.Dialogs != 3 || refused != 1 {
			t.Errorf("%d dialogs, %d refused; want 3 and 1", s.Dialogs, refused)
		}
	})
}

func TestRefusalsWithoutAckCostLittle(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		ua := w.agent("192.0.2.1", sip.Config{MaxSetupsPerSource: 20, Handler: reply(404)})
		mallory := w.wire("192.0.2.3:5060", "192.0.2.1:5060")
		for n := range 100 {
			mallory.says(numbered("INVITE", n))
		}
		if n := len(mallory.heard("SIP/2.0 404")); n != 100 {
			t.Errorf("%d refused, want all 100", n)
		}
		t.Log("# Timer G runs for some of them only, but what comes again is answered")
		time.Sleep(600 * ms)
		if n := len(mallory.heard("SIP/2.0 404")); n != 10 {
			t.Errorf("%d repeated, want 10", n)
		}
		mallory.says(numbered("INVITE", 99))
		mallory.hears("SIP/2.0 404", 600*ms)
		t.Log("# and its ACK is absorbed")
		mallory.says(numbered("ACK", 99))
		mallory.says(strings.Replace(numbered("ACK", 99), "z9hG4bKACK99", "z9hG4bKINVITE99", 1))
		if n := ua.Stats().Unmatched; n != 1 {
			t.Errorf("%d unmatched, want that with another branch", n)
		}
		time.Sleep(40 * time.Second)
		if n := ua.Stats().ServerTransactions; n != 0 {
			t.Errorf("%d transactions are left", n)
		}
	})
}

func TestWhatAnswersNothingIsDropped(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		ua := w.agent("192.0.2.1", sip.Config{Handler: reply(200)})
		mallory := w.wire("192.0.2.3:5060", "192.0.2.1:5060")
		t.Log("# ACKs, and answers to what nobody asked")
		for n := range 1000 {
			mallory.says(numbered("ACK", n))
			mallory.says(answerTo(crlf(numbered("OPTIONS", n)), 200, "x"))
		}
		if got := mallory.heard(""); len(got) != 0 {
			t.Errorf("heard %v", got)
		}
		if s := ua.Stats(); s.Unmatched != 2000 || s.ServerTransactions != 0 {
			t.Errorf("%+v", s)
		}
		t.Log("# a flood of CANCEL: the first are told 481")
		for n := range 1000 {
			mallory.says(numbered("CANCEL", n))
		}
		if n := len(mallory.heard("SIP/2.0 481")); n != 500 {
			t.Errorf("%d CANCELs are answered, want 500", n)
		}
		if s := ua.Stats(); s.Unmatched != 3000 || s.Unanswered != 500 || s.ServerTransactions != 0 {
			t.Errorf("%+v", s)
		}
		t.Log("# what wants an answer gets one")
		mallory.says(numbered("OPTIONS", 1))
		mallory.hears("SIP/2.0 200", 0)
	})
}

func TestCancelWorksInAFlood(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.agent("192.0.2.1", sip.Config{Handler: sip.HandlerFunc(func(tx *sip.ServerTransaction) { tx.Reply(180) })})
		mallory := w.wire("192.0.2.3:5060", "192.0.2.1:5060")
		mallory.says(request("INVITE", "1", "1 INVITE"))
		for n := range 600 {
			mallory.says(numbered("CANCEL", n))
		}
		mallory.says(request("CANCEL", "1", "1 CANCEL"))
		mallory.hears("SIP/2.0 200", 0)
		mallory.hears("SIP/2.0 487", 0)
		for range 600 {
			mallory.says(request("CANCEL", "1", "1 CANCEL"))
		}
		if n := len(mallory.heard("SIP/2.0 200")); n > 0 {
			t.Errorf("%d CANCELs without effect are answered", n)
		}
	})
}

func TestExemptSourcesHaveNoBound(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.agent("192.0.2.1", sip.Config{MaxRatePerSource: 1, MaxRate: 1, Exempt: func(p sip.Peer) bool { return p.Address.Addr().String() == "192.0.2.3" }, Handler: reply(200)})
		trunk, bob := w.wire("192.0.2.3:5060", "192.0.2.1:5060"), w.wire("192.0.2.4:5060", "192.0.2.1:5060")
		for n := range 300 {
			trunk.says(numbered("OPTIONS", n))
		}
		if n := len(trunk.heard("SIP/2.0 200")); n != 300 {
			t.Errorf("%d answered, want all", n)
		}
		bob.says(numbered("OPTIONS", 1000))
		bob.says(numbered("OPTIONS", 1001))
		bob.hears("SIP/2.0 200", 0)
		bob.hears("SIP/2.0 503", 0)
	})
}
