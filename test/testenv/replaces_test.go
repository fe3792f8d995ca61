package testenv_test

import (
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
	"github.com/seed-f3cefc8c/focus/test/testenv"
)

// knownUser is a phone of somebody with a password.
func knownUser(w *testenv.World, user, device string) *testenv.Phone {
	p := w.Phone(device)
	p.User, p.From = user, "sip:"+user+"@example.com"
	return p
}

// TestReplaces: alice goes on with another device, and nobody sees her leave.
func TestReplaces(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.User("alice")
		w.User("bob")
		w.User("olivia")
		w.Conference(room, func(d *confinfo.Description) { d.AdmissionPolicy = "openAuthenticated" })
		desk, mobile, bob := knownUser(w, "alice", "desk"), knownUser(w, "alice", "mobile"), knownUser(w, "bob", "bob")
		desk.Dials(dial)
		desk.WantsAnswer()
		bob.Dials(dial)
		bob.WantsAnswer()
		w.WantsRoster(room, "sip:alice@example.com", "sip:bob@example.com")
		replaces := sip.ReplacesHeader(desk.Dialog().ID(), false)

		w.Log("# neither a guest nor another attendee may do that")
		guest := w.Phone("guest")
		guest.Headers = []sip.Header{replaces}
		guest.Dials(dial)
		guest.WantsRefusal(401)
		carol := knownUser(w, "bob", "carol")
		carol.Headers = []sip.Header{replaces}
		carol.Dials(dial)
		carol.WantsRefusal(403)

		w.Log("# alice may")
		mobile.Headers = []sip.Header{replaces}
		mobile.Dials(dial)
		mobile.WantsAnswer()
		desk.WantsBye(time.Second, "replaced by another call")
		w.WantsRoster(room, "sip:alice@example.com", "sip:bob@example.com")
		if n := w.MCU.Len(); n != 2 {
			w.Errorf("%d legs at the MCU, want 2", n)
		}

		w.Log("# what has been replaced is over: 603, and 481 when nobody remembers it")
		late := knownUser(w, "alice", "late")
		late.Headers = []sip.Header{replaces}
		late.Dials(dial)
		late.WantsRefusal(603)
		w.Later(time.Minute)
		late.Dials(dial)
		late.WantsRefusal(481)

		w.Log("# the organizer may take bob's call over: it is still bob's place")
		olivia := knownUser(w, "olivia", "olivia")
		olivia.Headers = []sip.Header{sip.ReplacesHeader(bob.Dialog().ID(), false)}
		olivia.Dials(dial)
		olivia.WantsAnswer()
		bob.WantsBye(time.Second, "replaced")
		w.WantsRoster(room, "sip:alice@example.com", "sip:bob@example.com")
		olivia.HangsUp()
		w.WantsRoster(room, "sip:alice@example.com")
	})
}

// TestJoin: who knows a call of the conference gets in without knowing its number, by the same policy.
func TestJoin(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room)
		alice, bob := w.Phone("alice"), w.Phone("bob")
		alice.Dials(dial)
		alice.WantsAnswer()
		bob.Headers = []sip.Header{sip.JoinHeader(alice.Dialog().ID())}
		bob.Dials("sip:" + testenv.Address)
		bob.WantsRefusal(404) // the URI must still be one of ours
		bob.Dials(dial)
		bob.WantsAnswer()
		w.WantsRoster(room, "sip:alice@elsewhere.example;guest=1", "sip:bob@elsewhere.example;guest=2")
		carol := w.Phone("carol")
		carol.Headers = []sip.Header{sip.JoinHeader(sip.DialogID{CallID: "none", LocalTag: "1", RemoteTag: "2"})}
		carol.Dials(dial)
		carol.WantsRefusal(481)
	})
}
