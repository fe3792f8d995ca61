package sip_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// inCall has a call of bob at 192.0.2.3 accepted, and returns our dialog and the 200.
func inCall(t *testing.T, w *world, cfg sip.Config, l *leg, lines ...string) (*sip.Dialog, *wire, string) {
	t.Helper()
	var dialogs []*sip.Dialog
	cfg.Handler = accepts(t, l, &dialogs)
	w.agent("192.0.2.1", cfg)
	bob := w.wire("192.0.2.3:5060", "192.0.2.1:5060")
	bob.says(described(with(request("INVITE", "1", "1 INVITE"), append(lines, "X-Story: call")...), "offer"))
	oks := bob.heard("SIP/2.0 200")
	if len(oks) != 1 {
		t.Fatalf("heard 200 %d times", len(oks))
	}
	bob.heard("SIP/2.0 180")
	bob.says(inDialog(request("ACK", "2", "1 ACK"), oks[0].text))
	return dialogs[0], bob, oks[0].text
}

func TestUpdateGlare(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		d, bob, ok := inCall(t, w, sip.Config{}, &leg{})
		done := make(chan error, 1)
		go func() {
			res, err := d.Update(t.Context(), "application/sdp", []byte("ours"))
			if err == nil && res.StatusCode != 200 {
				err = errors.New(res.Reason)
			}
			done <- err
		}()
		ours := bob.hears("UPDATE", 0)[0].text
		t.Log(`# "the UAS has generated an offer ... to which it has not yet received an answer, the UAS MUST reject the UPDATE with a 491"`)
		bob.says(described(inDialog(request("UPDATE", "3", "3 UPDATE"), ok), "theirs"))
		bob.hears("SIP/2.0 491", 0)
		t.Log("# an UPDATE without an offer only refreshes: it does not cross anything")
		bob.says(inDialog(request("UPDATE", "4", "4 UPDATE"), ok))
		bob.hears("SIP/2.0 200", 0)
		t.Log("# a re-INVITE crosses too")
		bob.says(described(inDialog(request("INVITE", "5", "5 INVITE"), ok), "theirs"))
		bob.hears("SIP/2.0 491", 0)
		bob.says(inDialog(request("ACK", "5", "5 ACK"), ok))
		if _, err := d.Update(t.Context(), "application/sdp", []byte("another")); !errors.Is(err, sip.ErrPending) {
			t.Errorf("second UPDATE of ours: %v, want ErrPending", err)
		}
		if _, err := d.Invite(t.Context(), "application/sdp", []byte("another")); !errors.Is(err, sip.ErrPending) {
			t.Errorf("re-INVITE of ours: %v, want ErrPending", err)
		}
		t.Log(`# 491: "T has a randomly chosen value of between 0 and 2 seconds" for who does not own the Call-ID`)
		bob.says(answerTo(ours, 491, ""))
		time.Sleep(2*time.Second + ms)
		again := bob.heard("UPDATE")
		if len(again) == 0 || again[0].at > 2*time.Second {
			t.Fatalf("UPDATE again: %v", again)
		}
		t.Log("# 500 with Retry-After: so long")
		bob.says(answerTo(again[0].text, 500, "", "Retry-After: 3"))
		asked := time.Now()
		time.Sleep(3*time.Second - ms)
		if n := len(bob.heard("UPDATE")); n != 0 {
			t.Errorf("UPDATE too early")
		}
		time.Sleep(2 * ms)
		bob.says(answerTo(bob.heard("UPDATE")[0].text, 200, "", "Contact: <sip:bob@192.0.2.3:5061>"))
		if err := <-done; err != nil || time.Since(asked) > 4*time.Second {
			t.Error(err)
		}
		if got := d.RemoteTarget(); got.Port != 5061 {
			t.Errorf("target %s", got.String())
		}
	})
}

func TestOverlappingUpdates(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		release := make(chan struct{})
		l := &leg{answer: func(d *sip.Dialog, tx *sip.ServerTransaction) {
			go func() {
				<-release
				d.AcceptTx(tx, "", nil)
			}()
		}}
		_, bob, ok := inCall(t, w, sip.Config{}, l)
		bob.says(inDialog(request("UPDATE", "3", "3 UPDATE"), ok))
		t.Log(`# "an UPDATE before it has generated a final response to a previous UPDATE on the same dialog MUST return a 500 ... MUST include a Retry-After"`)
		bob.says(inDialog(request("UPDATE", "4", "4 UPDATE"), ok))
		if header(bob.hears("SIP/2.0 500", 0)[0].text, "Retry-After") == "" {
			t.Error("500 without Retry-After")
		}
		t.Log(`# "the sequence number of the request is lower than the remote sequence number ... MUST be rejected with a 500"`)
		bob.says(inDialog(request("INFO", "9", "2 INFO"), ok))
		bob.hears("SIP/2.0 500", 0)
		close(release)
		bob.hears("SIP/2.0 200", 0)
		bob.says(inDialog(request("UPDATE", "5", "5 UPDATE"), ok))
		bob.hears("SIP/2.0 200", 0)
	})
}

// TestReinviteWhileTheAnswerIsMissing: our offer stands in a 200 whose ACK is lost.
func TestReinviteWhileTheAnswerIsMissing(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		var dialogs []*sip.Dialog
		w.agent("192.0.2.1", sip.Config{Handler: accepts(t, &leg{}, &dialogs)})
		bob := w.wire("192.0.2.3:5060", "192.0.2.1:5060")
		bob.says(request("INVITE", "1", "1 INVITE"))
		ok := bob.hears("SIP/2.0 200", 0)[0].text
		bob.says(described(inDialog(request("UPDATE", "2", "2 UPDATE"), ok), "theirs"))
		bob.hears("SIP/2.0 491", 0)
		bob.says(described(inDialog(request("ACK", "3", "1 ACK"), ok), "answer"))
		bob.says(described(inDialog(request("UPDATE", "4", "4 UPDATE"), ok), "theirs"))
		bob.hears("SIP/2.0 200", 0)
	})
}

// TestGlare: two of ours offer at the same moment, again and again; both get through in the end.
func TestGlare(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		var dialogs []*sip.Dialog
		w.agent("192.0.2.1", sip.Config{Handler: accepts(t, &leg{}, &dialogs)})
		phone := w.agent("192.0.2.2", sip.Config{})
		d, _, err := phone.Invite(t.Context(), sip.Invitation{Target: mustURI(t, "sip:conf@192.0.2.1"), From: mustURI(t, "sip:a@example.com"),
			Handler: &leg{}, ContentType: "application/sdp", Body: []byte("offer")})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		for range 10 {
			done := make(chan error, 2)
			for _, side := range []*sip.Dialog{d, dialogs[0]} {
				go func() {
					res, err := side.Invite(t.Context(), "application/sdp", []byte("new"))
					if err == nil && res.StatusCode != 200 {
						err = errors.New(res.Reason)
					}
					done <- err
				}()
			}
			for range 2 {
				if err := <-done; err != nil && !errors.Is(err, sip.ErrPending) {
					t.Error(err)
				}
			}
			time.Sleep(time.Second)
		}
	})
}
