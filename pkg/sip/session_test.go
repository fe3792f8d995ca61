package sip_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// TestSessionTimerNegotiation is the table of RFC 4028 §9, and what we do where it leaves a choice.
func TestSessionTimerNegotiation(t *testing.T) {
	for name, row := range map[string]struct {
		lines              []string
		expires, minSE     time.Duration
		want, wantRequire  string
		refused            int
		wantMinSE, comment string
	}{
		"a peer that does not know it":               {},
		"it did not ask, a proxy did":                {lines: []string{"Session-Expires: 600"}, want: "600;refresher=uas"},
		"a proxy wants us":                           {lines: []string{"Session-Expires: 600;refresher=uas"}, want: "600;refresher=uas"},
		"supported, not asked":                       {lines: []string{"Supported: timer"}, want: "1800;refresher=uas"},
		"supported, not asked, longest minimum":      {lines: []string{"Supported: timer", "Min-SE: 3600"}, want: "3600;refresher=uas"},
		"supported, and we propose nothing":          {lines: []string{"Supported: timer"}, expires: -1},
		"asked, no refresher":                        {lines: []string{"Supported: timer", "Session-Expires: 600"}, want: "600;refresher=uac", wantRequire: "timer"},
		"asked in compact form":                      {lines: []string{"k: 100rel, timer", "x: 600"}, want: "600;refresher=uac", wantRequire: "timer"},
		"the caller refreshes":                       {lines: []string{"Supported: timer", "Session-Expires: 600;refresher=uac"}, want: "600;refresher=uac", wantRequire: "timer"},
		"we are to refresh":                          {lines: []string{"Supported: timer", "Session-Expires: 600 ; Refresher=UAS"}, want: "600;refresher=uas"},
		"longer than we like":                        {lines: []string{"Supported: timer", "Session-Expires: 7200"}, want: "1800;refresher=uac", wantRequire: "timer"},
		"longer than we like, and it may not be cut": {lines: []string{"Supported: timer", "Session-Expires: 7200", "Min-SE: 5400"}, want: "5400;refresher=uac", wantRequire: "timer"},
		"required":                  {lines: []string{"Require: timer", "Session-Expires: 90"}, want: "90;refresher=uac", wantRequire: "timer"},
		"too brief":                 {lines: []string{"Supported: timer", "Session-Expires: 60"}, refused: 422, wantMinSE: "90"},
		"too brief for this server": {lines: []string{"Supported: timer", "Session-Expires: 300"}, minSE: 10 * time.Minute, refused: 422, wantMinSE: "600"},
		"nonsense":                  {lines: []string{"Supported: timer", "Session-Expires: soon"}, want: "1800;refresher=uas"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				var dialogs []*sip.Dialog
				w.agent("192.0.2.1", sip.Config{
					Supported: extensions, SessionExpires: row.expires, MinSE: row.minSE, Handler: accepts(t, &leg{}, &dialogs),
				})
				bob := w.wire("192.0.2.3:5060", "192.0.2.1:5060")
				bob.says(described(with(request("INVITE", "1", "1 INVITE"), append(row.lines, "X-Story: timer")...), "offer"))
				if row.refused != 0 {
					if got := bob.hears(fmt.Sprintf("SIP/2.0 %d", row.refused), 0)[0].text; header(got, "Min-SE") != row.wantMinSE {
						t.Errorf("Min-SE %q, want %q", header(got, "Min-SE"), row.wantMinSE)
					}
					return
				}
				ok := bob.hears("SIP/2.0 200", 0)[0].text
				if header(ok, "Session-Expires") != row.want || header(ok, "Require") != row.wantRequire {
					t.Errorf("Session-Expires %q, Require %q", header(ok, "Session-Expires"), header(ok, "Require"))
				}
			})
		})
	}
}

// TestSessionExpires: "a BYE to terminate the session, slightly before the session expiration. The minimum of 32 seconds and one third of the session
// interval" (RFC 4028 §10).
func TestSessionExpires(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		d, bob, ok := inCall(t, w, sip.Config{Supported: extensions}, &leg{}, "Supported: timer", "Session-Expires: 90;refresher=uac")
		time.Sleep(50 * time.Second)
		t.Log("# bob refreshes by UPDATE, then by re-INVITE; the answer says it again")
		bob.says(with(inDialog(request("UPDATE", "3", "3 UPDATE"), ok), "Supported: timer", "Session-Expires: 90;refresher=uac"))
		if got := header(bob.hears("SIP/2.0 200", 50*time.Second)[0].text, "Session-Expires"); got != "90;refresher=uac" {
			t.Errorf("Session-Expires %q", got)
		}
		time.Sleep(50 * time.Second)
		bob.says(described(with(inDialog(request("INVITE", "4", "4 INVITE"), ok), "Supported: timer", "Session-Expires: 90"), "offer"))
		bob.hears("SIP/2.0 200", 100*time.Second)
		bob.says(inDialog(request("ACK", "5", "4 ACK"), ok))
		t.Log("# then nobody does")
		time.Sleep(60*time.Second + ms)
		bye := bob.hears("BYE", 160*time.Second)[0].text
		if got := header(bye, "Reason"); got != `SIP;cause=408;text="session timer expired"` {
			t.Errorf("Reason %q", got)
		}
		bob.says(answerTo(bye, 200, ""))
		<-d.Done()
		if cause := context.Cause(d.Context()); !errors.Is(cause, sip.ErrSessionExpired) {
			t.Errorf("cause %v", cause)
		}
	})
}

// TestWeRefreshByUpdate: "once half the session interval has elapsed".
func TestWeRefreshByUpdate(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		_, bob, _ := inCall(t, w, sip.Config{Supported: extensions}, &leg{}, "Supported: timer", "Allow: INVITE, UPDATE, BYE", "Session-Expires: 100;refresher=uas")
		time.Sleep(50 * time.Second)
		update := bob.hears("UPDATE", 50*time.Second)[0].text
		if body(update) != "" || header(update, "Session-Expires") != "100;refresher=uac" || !strings.Contains(header(update, "Supported"), "timer") {
			t.Errorf("UPDATE:\n%s", update)
		}
		t.Log("# bob takes over")
		bob.says(answerTo(update, 200, "", "Session-Expires: 100;refresher=uas", "Require: timer", "Contact: <sip:bob@192.0.2.3>"))
		time.Sleep(68 * time.Second)
		bob.hears("UPDATE")
		bob.hears("BYE", 50*time.Second+(100*time.Second-32*time.Second))
	})
}

func TestARefusedRefreshIsTriedAgain(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		d, bob, _ := inCall(t, w, sip.Config{Supported: extensions}, &leg{}, "Supported: timer", "Allow: INVITE, UPDATE, BYE", "Session-Expires: 100;refresher=uas")
		time.Sleep(50 * time.Second)
		bob.says(answerTo(bob.hears("UPDATE", 50*time.Second)[0].text, 422, "", "Min-SE: 300"))
		t.Log("# 422: at once, with what bob wants at least")
		update := bob.hears("UPDATE", 50*time.Second)[0].text
		if header(update, "Session-Expires") != "300;refresher=uac" || header(update, "Min-SE") != "300" {
			t.Errorf("UPDATE:\n%s", update)
		}
		bob.says(answerTo(update, 603, ""))
		time.Sleep(9 * time.Second)
		t.Log("# 603: at half of what is left")
		bob.says(answerTo(bob.hears("UPDATE", 59*time.Second)[0].text, 200, "", "Contact: <sip:bob@192.0.2.3>"))
		t.Log(`# "If the 2xx response did not contain a Session-Expires header field, there is no session expiration"`)
		time.Sleep(time.Hour)
		if d.State() != sip.Confirmed {
			t.Errorf("%v", d.State())
		}
	})
}

// refresher refreshes by re-INVITE.
type refresher struct {
	leg
	sdp string
}

func (r *refresher) RefreshSession(ctx context.Context, d *sip.Dialog) error {
	_, err := d.Invite(ctx, "application/sdp", []byte(r.sdp))
	return err
}

func TestWeRefreshByReinvite(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		conf := &refresher{sdp: "same"}
		w.agent("192.0.2.1", sip.Config{Supported: extensions, Handler: sip.HandlerFunc(func(tx *sip.ServerTransaction) {
			d, err := tx.UserAgent().NewServerDialog(tx, tx.ContactURI("conf"), conf)
			if err == nil {
				err = d.Accept("application/sdp", []byte("answer"))
			}
			if err != nil {
				t.Error(err)
			}
		})})
		bob := w.wire("192.0.2.3:5060", "192.0.2.1:5060")
		bob.says(described(with(request("INVITE", "1", "1 INVITE"), "Supported: timer"), "offer"))
		bob.says(inDialog(request("ACK", "2", "1 ACK"), bob.hears("SIP/2.0 200", 0)[0].text))
		time.Sleep(15 * time.Minute)
		again := bob.hears("INVITE", 15*time.Minute)[0].text
		if body(again) != "same" || header(again, "Session-Expires") != "1800;refresher=uac" {
			t.Errorf("INVITE:\n%s", again)
		}
		t.Log("# nobody answers: the dialog is over, and a BYE says so in case bob can hear")
		time.Sleep(33 * time.Second)
		if got := header(bob.heard("BYE")[0].text, "Reason"); !strings.Contains(got, "408") {
			t.Errorf("Reason %q", got)
		}
	})
}

// TestTwoOfOursKeepASession for a day; the caller proposes, and the callee's minimum is longer.
func TestTwoOfOursKeepASession(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		var dialogs []*sip.Dialog
		w.agent("192.0.2.1", sip.Config{Supported: extensions, MinSE: time.Hour, SessionExpires: time.Hour, Handler: accepts(t, &leg{}, &dialogs)})
		phone := w.agent("192.0.2.2", sip.Config{Supported: extensions})
		d, res, err := phone.Invite(t.Context(), sip.Invitation{Target: mustURI(t, "sip:conf@192.0.2.1"), From: mustURI(t, "sip:a@example.com"),
			Handler: &leg{}, ContentType: "application/sdp", Body: []byte("offer")})
		if err != nil {
			t.Fatal(err)
		}
		if got := sip.HeaderValue(res, "Session-Expires"); got != "3600;refresher=uac" || d.Snapshot().LocalSeq != 2 {
			t.Errorf("Session-Expires %q, CSeq %d", got, d.Snapshot().LocalSeq)
		}
		synctest.Wait()
		time.Sleep(24 * time.Hour)
		if d.State() != sip.Confirmed || dialogs[0].State() != sip.Confirmed {
			t.Errorf("%v, %v", d.State(), dialogs[0].State())
		}
		t.Log("# the network breaks: both notice")
		w.net.Drop(func(_, _ string, _ []byte) bool { return true })
		time.Sleep(2 * time.Hour)
		if d.State() != sip.Terminated || dialogs[0].State() != sip.Terminated {
			t.Errorf("%v, %v", d.State(), dialogs[0].State())
		}
	})
}
