package sip_test

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// moved writes a dialog, ends its user agent without a word, and goes on in another.
func moved(t *testing.T, w *world, from *sip.UserAgent, d *sip.Dialog, cfg sip.Config, h sip.DialogHandler) *sip.Dialog {
	t.Helper()
	state := d.Snapshot()
	data, err := state.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	var read sip.DialogState
	if err := read.UnmarshalBinary(data); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(state, read, cmpopts.EquateComparable(netip.AddrPort{})); diff != "" {
		t.Error(diff)
	}
	from.Close()
	synctest.Wait()
	restored, err := w.agent("192.0.2.1", cfg).RestoreDialog(read, h)
	if err != nil {
		t.Fatal(err)
	}
	return restored
}

// TestAnEarlyDialogGoesOnElsewhere: the 183 waits for its PRACK in one process, another gets that and answers the INVITE.
func TestAnEarlyDialogGoesOnElsewhere(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		var early *sip.Dialog
		l := &leg{}
		ua := w.agent("192.0.2.1", sip.Config{Supported: extensions, Handler: rings(t, l, func(d *sip.Dialog) {
			early = d
			d.Provisional(183, "application/sdp", []byte("answer"))
		})})
		bob := w.wire("192.0.2.3:5060", "192.0.2.1:5060")
		invite := described(with(request("INVITE", "1", "1 INVITE"), "Require: 100rel", "Record-Route: <sip:192.0.2.3;lr>"), "offer")
		bob.says(invite)
		progress := bob.hears("SIP/2.0 183", 0)[0].text
		restored := moved(t, w, ua, early, sip.Config{Supported: extensions}, l)
		if err := restored.Accept("", nil); err != nil {
			t.Fatal(err)
		}
		bob.hears("SIP/2.0 200")
		bob.says(inDialog(with(request("PRACK", "2", "2 PRACK"), "RAck: "+header(progress, "RSeq")+" 1 INVITE"), progress))
		oks := bob.hears("SIP/2.0 200", 0, 0)
		if got, want := header(oks[1].text, "To"), header(progress, "To"); got != want || header(oks[1].text, "CSeq") != "1 INVITE" {
			t.Errorf("To %q, want %q", got, want)
		}
		bob.says(inDialog(request("ACK", "3", "1 ACK"), progress))
		if restored.State() != sip.Confirmed || len(l.acks) != 1 {
			t.Errorf("%v, acks %q", restored.State(), l.acks)
		}
		restored.Send(t.Context(), sip.BENOTIFY, "", nil)
		if route := header(bob.hears("BENOTIFY", 0)[0].text, "Route"); route != "<sip:192.0.2.3;lr>" {
			t.Errorf("Route %q", route)
		}
	})
}

// TestASessionTimerGoesOnElsewhere, counted from when it was set, and the ACK that has not come is still awaited.
func TestASessionTimerGoesOnElsewhere(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		var dialogs []*sip.Dialog
		ua := w.agent("192.0.2.1", sip.Config{Supported: extensions, Handler: accepts(t, &leg{}, &dialogs)})
		bob := w.wire("192.0.2.3:5060", "192.0.2.1:5060")
		bob.says(described(with(request("INVITE", "1", "1 INVITE"), "Supported: timer", "Session-Expires: 90;refresher=uac"), "offer"))
		ok := bob.hears("SIP/2.0 200", 0)[0].text
		l := &leg{}
		restored := moved(t, w, ua, dialogs[0], sip.Config{Supported: extensions}, l)
		bob.says(inDialog(request("ACK", "2", "1 ACK"), ok))
		if len(l.acks) != 1 {
			t.Errorf("acks %q", l.acks)
		}
		time.Sleep(61 * time.Second)
		bob.says(answerTo(bob.hears("BYE", 60*time.Second, 60500*ms)[0].text, 200, ""))
		if restored.State() != sip.Terminated {
			t.Errorf("%v", restored.State())
		}
	})
}

func FuzzDialogState(f *testing.F) {
	good, _ := sip.DialogState{CallID: "c", LocalTag: "l", RemoteTag: "r", LocalURI: "sip:a@b", RemoteURI: "sip:c@d", RemoteTarget: "sip:c@d",
		Contact: "<sip:a@b>", Session: true, State: sip.Confirmed, SessionInterval: time.Hour, Invite: []byte("INVITE sip:a@b SIP/2.0\r\n\r\n")}.MarshalBinary()
	f.Add(good)
	f.Add([]byte{1, '{', '}'})
	ua := sip.New(sip.Config{})
	f.Cleanup(func() { ua.Close() })
	f.Fuzz(func(t *testing.T, data []byte) {
		var s sip.DialogState
		if s.UnmarshalBinary(data) != nil {
			return
		}
		d, err := ua.RestoreDialog(s, quiet{})
		if err != nil {
			return
		}
		if d.State() == sip.Terminated {
			t.Errorf("%+v", s)
		}
		d.Abandon()
	})
}
