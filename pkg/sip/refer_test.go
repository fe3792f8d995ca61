package sip_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

func referText(cseq int, toTag string, extra ...string) string {
	text := strings.ReplaceAll(subscribeText(cseq, toTag, append(extra, "Event: none")...), "SUBSCRIBE", "REFER")
	return strings.Replace(text, "Event: none\n", "", 1)
}

// referred serves REFER outside of dialogs and in them, and keeps what came of it.
type referred struct {
	notifier  *sip.Notifier
	referrals []*sip.Referral
	t         *testing.T
}

func (r *referred) ServeSIP(tx *sip.ServerTransaction) { r.refer(tx, nil) }

func (r *referred) refer(tx *sip.ServerTransaction, d *sip.Dialog) {
	referral, err := r.notifier.Refer(tx, d, tx.ContactURI("conf"))
	if err != nil {
		r.t.Error(err)
		return
	}
	r.referrals = append(r.referrals, referral)
}

func TestARefer(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		r := &referred{notifier: sip.NewNotifier(sip.NotifierConfig{}), t: t}
		ua := w.agent("192.0.2.1", sip.Config{Handler: r})
		bob := w.wire("192.0.2.3:5060", "192.0.2.1:5060")
		bob.says(referText(1, "", "Refer-To: <sip:carol@example.com>"))
		tag := toTagOf(bob.hears("SIP/2.0 202", 0)[0].text)
		t.Log(`# "The creation of a subscription ... always results in an immediate NOTIFY": 100 Trying`)
		trying := bob.hearsNotify("active;expires=180", "SIP/2.0 100 Trying\r\n", 200)
		if got := header(trying.text, "Content-Type"); got != "message/sipfrag;version=2.0" || header(trying.text, "Event") != "refer" {
			t.Errorf("Content-Type %q, Event %q", got, header(trying.text, "Event"))
		}
		time.Sleep(2 * time.Second)
		r.referrals[0].Progress(180)
		bob.hearsNotify("active;expires=178", "SIP/2.0 180 Ringing\r\n", 200)

		t.Log("# the subscription can be refreshed, but not made by SUBSCRIBE")
		bob.says(subscribeText(2, tag, "Event: refer", "Expires: 60"))
		bob.hears("SIP/2.0 200", 2*time.Second)
		bob.hearsNotify("active;expires=60", "SIP/2.0 180 Ringing\r\n", 200)
		bob.says(subscribeText(3, tag, "Event: refer;id=77"))
		bob.hears("SIP/2.0 403", 2*time.Second)

		r.referrals[0].Finish(200, "")
		bob.hearsNotify("terminated;reason=noresource", "SIP/2.0 200 OK\r\n", 200)
		if r.notifier.Len() != 0 || ua.Stats().Dialogs != 0 {
			t.Errorf("%d subscriptions, %d dialogs left", r.notifier.Len(), ua.Stats().Dialogs)
		}
	})
}

func TestAReferThatIsDoneAtOnce(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		r := &referred{notifier: sip.NewNotifier(sip.NotifierConfig{}), t: t}
		w.agent("192.0.2.1", sip.Config{Handler: sip.HandlerFunc(func(tx *sip.ServerTransaction) {
			r.ServeSIP(tx)
			r.referrals[0].Finish(486, "Busy\r\nInjected: yes")
		})})
		bob := w.wire("192.0.2.3:5060", "192.0.2.1:5060")
		bob.says(referText(1, "", "Refer-To: <sip:carol@example.com>"))
		bob.hearsNotify("active;expires=180", "SIP/2.0 100 Trying\r\n", 200)
		bob.hearsNotify("terminated;reason=noresource", "SIP/2.0 486 Busy  Injected: yes\r\n", 200)
	})
}

func TestAReferWithoutSubscription(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		r := &referred{notifier: sip.NewNotifier(sip.NotifierConfig{}), t: t}
		ua := w.agent("192.0.2.1", sip.Config{Handler: r})
		bob := w.wire("192.0.2.3:5060", "192.0.2.1:5060")
		bob.says(referText(1, "", "Refer-To: <sip:carol@example.com>", "Refer-Sub: false", "Supported: norefersub"))
		if got := header(bob.hears("SIP/2.0 202", 0)[0].text, "Refer-Sub"); got != "false" {
			t.Errorf("Refer-Sub %q", got)
		}
		r.referrals[0].Progress(180)
		r.referrals[0].Finish(200, "")
		bob.hears("NOTIFY")
		if ua.Stats().Dialogs != 0 {
			t.Error("a dialog for nothing")
		}
	})
}

func TestTwoRefersInACall(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		r, call := &referred{notifier: sip.NewNotifier(sip.NotifierConfig{}), t: t}, &leg{}
		call.answer = func(d *sip.Dialog, tx *sip.ServerTransaction) { r.refer(tx, d) }
		var dialogs []*sip.Dialog
		w.agent("192.0.2.1", sip.Config{Handler: accepts(t, call, &dialogs)})
		bob := w.wire("192.0.2.3:5060", "192.0.2.1:5060")
		bob.says(request("INVITE", "1", "1 INVITE"))
		tag := toTagOf(bob.hears("SIP/2.0 200", 0)[0].text)
		bob.says(strings.Replace(request("ACK", "2", "1 ACK"), "conf@example.com>", "conf@example.com>;tag="+tag, 1))
		t.Log(`# "For the second and subsequent REFER requests ..., the agent MUST include an id parameter"`)
		for i, event := range []string{"refer", "refer;id=3"} {
			bob.says(referText(2+i, tag, "Refer-To: <sip:carol@example.com>"))
			bob.hears("SIP/2.0 202", 0)
			if got := header(bob.hearsNotify("active;expires=180", "SIP/2.0 100 Trying\r\n", 200).text, "Event"); got != event {
				t.Errorf("Event %q, want %q", got, event)
			}
		}
		r.referrals[0].Finish(200, "")
		if got := header(bob.hearsNotify("terminated;reason=noresource", "SIP/2.0 200 OK\r\n", 200).text, "Event"); got != "refer" {
			t.Errorf("Event %q", got)
		}
		if dialogs[0].State() != sip.Confirmed || r.notifier.Len() != 1 {
			t.Errorf("dialog %v, %d subscriptions", dialogs[0].State(), r.notifier.Len())
		}
	})
}

func TestReferTo(t *testing.T) {
	for _, row := range []struct{ in, uri, method, replaces string }{
		{"<sip:carol@example.com>", "sip:carol@example.com", "INVITE", ""},
		{"sip:carol@example.com", "sip:carol@example.com", "INVITE", ""},
		{"sip:carol@example.com;tag=header-parameter", "sip:carol@example.com", "INVITE", ""},
		{`"Carol <sip:eve@example.com>" <sip:carol@example.com;transport=tcp>;x=y`, "sip:carol@example.com;transport=tcp", "INVITE", ""},
		{"<sip:carol@example.com;method=BYE>", "sip:carol@example.com", "BYE", ""},
		{"<sip:carol@example.com;method=invite;user=phone>", "sip:carol@example.com;user=phone", "INVITE", ""},
		{"<sip:carol@example.com?Replaces=a%40b%3Bto-tag%3Dx%3Bfrom-tag%3Dy>", "sip:carol@example.com", "INVITE", "a@b;to-tag=x;from-tag=y"},
		{"<sip:carol@example.com?Subject=hi&Require=replaces>", "sip:carol@example.com", "INVITE", ""},
		{"<sip:carol@example.com?Route=%3Csip:eve%3E>", "", "", ""},
		{"<sip:carol@example.com?route=%3Csip:eve%3E>", "", "", ""},
		{"<sip:carol@example.com?f=sip:ceo@example.com>", "", "", ""},
		{"<sip:carol@example.com?body=v%3D0>", "", "", ""},
		{"<sip:carol@example.com?P-Asserted-Identity=sip:ceo@example.com>", "", "", ""},
		{"<sip:carol@example.com?Replaces=a%0D%0AVia:x>", "", "", ""},
		{"<sip:>", "", "", ""},
		{"", "", "", ""},
	} {
		req := sip.NewRequest(sip.REFER, mustURI(t, "sip:conf@example.com"))
		sip.AddHeader(req, "Refer-To", row.in)
		to, err := sip.ParseReferTo(req)
		if row.uri == "" {
			if !errors.Is(err, sip.ErrReferTo) {
				t.Errorf("%s: %+v, %v; want ErrReferTo", row.in, to, err)
			}
			continue
		}
		if err != nil || to.URI.String() != row.uri || string(to.Method) != row.method || to.Replaces != row.replaces {
			t.Errorf("%s: %s %s %q, %v", row.in, to.Method, to.URI.String(), to.Replaces, err)
		}
		sip.AddHeader(req, "Refer-To", "<sip:eve@example.com>")
		if _, err := sip.ParseReferTo(req); !errors.Is(err, sip.ErrReferTo) {
			t.Errorf("two of them: %v", err)
		}
	}
}

func FuzzReferTo(f *testing.F) {
	f.Add("<sip:carol@example.com;method=BYE?Replaces=a%40b>")
	f.Add(`"x\"<" <sip:a@b>;q=1`)
	f.Fuzz(func(t *testing.T, value string) {
		req := sip.NewRequest(sip.REFER, sip.URI{Scheme: "sip", Host: "example.com"})
		sip.AddHeader(req, "Refer-To", value)
		to, err := sip.ParseReferTo(req)
		if err != nil {
			return
		}
		if strings.ContainsAny(to.URI.String()+to.Replaces, "\r\n\x00") || len(to.URI.Headers) != 0 {
			t.Errorf("%q: %s, %q", value, to.URI.String(), to.Replaces)
		}
	})
}

func TestEvents(t *testing.T) {
	for _, row := range []struct{ in, out string }{
		{"conference", "conference"}, {" refer ; id=93 ", "refer;id=93"}, {"presence.winfo;x=y", "presence.winfo"}, {`refer;id="93"`, "refer;id=93"},
		{"", ""}, {";id=1", ""}, {"a b", ""}, {`refer;id="a b"`, ""},
	} {
		event, err := sip.ParseEvent(row.in)
		if got := event.String(); err != nil != (row.out == "") || got != row.out && row.out != "" {
			t.Errorf("%q: %q, %v; want %q", row.in, got, err, row.out)
		}
	}
}

func TestSubscriptionStates(t *testing.T) {
	for _, row := range []struct {
		in, out string
		after   time.Duration
		again   bool
	}{
		{"active;expires=60", "active;expires=60", 0, true},
		{"Active", "active", 0, true},
		{"pending;expires=99999999999999999999", "pending;expires=4294967295", 0, true},
		{"terminated;reason=deactivated;retry-after=5", "terminated;reason=deactivated;retry-after=5", 0, true},
		{"terminated;reason=probation;retry-after=5", "terminated;reason=probation;retry-after=5", 5 * time.Second, true},
		{"terminated;reason=NoResource", "terminated;reason=noresource", 0, false},
		{"terminated;reason=rejected;expires=5", "terminated;reason=rejected", 0, false},
		{"active;expires=soon;retry-after=-1", "active", 0, true},
		{"", "", 0, false},
	} {
		state, err := sip.ParseSubscriptionState(row.in)
		if row.out == "" {
			if err == nil {
				t.Errorf("%q: no error", row.in)
			}
			continue
		}
		after, again := state.Resubscribe()
		if err != nil || state.String() != row.out || after != row.after || again != row.again {
			t.Errorf("%q: %q, %v, %v, %v; want %q", row.in, state.String(), after, again, err, row.out)
		}
	}
}

func FuzzEvents(f *testing.F) {
	f.Add("conference;id=1")
	f.Add(`active;expires=60;reason="a;b"`)
	f.Fuzz(func(t *testing.T, value string) {
		if event, err := sip.ParseEvent(value); err == nil {
			if again, err := sip.ParseEvent(event.String()); err != nil || again != event {
				t.Errorf("%q: %+v, then %+v, %v", value, event, again, err)
			}
		}
		if state, err := sip.ParseSubscriptionState(value); err == nil {
			text := state.String()
			if again, err := sip.ParseSubscriptionState(text); err != nil || again.State != state.State || fmt.Sprint(again.RetryAfter) != fmt.Sprint(state.RetryAfter) {
				t.Errorf("%q: %+v, then %q %+v, %v", value, state, text, again, err)
			}
		}
	})
}
