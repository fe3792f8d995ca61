package testenv_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
	"github.com/seed-f3cefc8c/focus/test/testenv"
)

func wantsUsers(w *testenv.World, r *testenv.Reader, want ...string) {
	w.Helper()
	if got := r.Roster().Users(); fmt.Sprint(got) != fmt.Sprint(want) {
		w.Errorf("the subscriber believes %q, want %q", got, want)
	}
}

// member is a phone of a new user.
func member(w *testenv.World, user string) *testenv.Phone {
	w.Helper()
	w.User(user)
	return knownUser(w, user, "desk")
}

func open(d *confinfo.Description) { d.AdmissionPolicy = confinfo.OpenAuthenticated }

func wantsEnd(w *testenv.World, r *testenv.Reader, reason string) {
	w.Helper()
	if _, last := r.Told(); last.State != sip.SubscriptionTerminated || last.Reason != reason {
		w.Errorf("the subscription stands %+v, want terminated, %s", last, reason)
	}
}

func TestParticipantsSeeWhoComesAndGoes(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room, open)
		bob := member(w, "bob")
		bob.Dials(dial)
		bob.WantsAnswer()
		inCall := bob.SubscribesInCall()
		outside := bob.Subscribes(room)
		for _, r := range []*testenv.Reader{inCall, outside} {
			wantsUsers(w, r, "sip:bob@example.com")
			if d := r.Roster().Document; d.Version != 1 || d.Description.Passcode != "" || *d.ConferenceState.UserCount != 1 || len(d.View.Entities) != 2 {
				w.Errorf("the first document: %+v, %+v", d, d.Description)
			}
		}

		w.Log("# carol joins: it is told at once, and only that")
		w.Later(time.Second)
		carol := member(w, "carol")
		carol.Dials(dial)
		carol.WantsAnswer()
		for _, r := range []*testenv.Reader{inCall, outside} {
			wantsUsers(w, r, "sip:bob@example.com", "sip:carol@example.com")
			if d := r.Roster(); d.Document.Version != 2 || d.Fulls != 1 || *d.Document.ConferenceState.UserCount != 2 {
				w.Errorf("the second document: %+v", d)
			}
		}

		w.Log("# olivia mutes carol, and locks the conference")
		w.Later(time.Second)
		e := w.Document(room).Users[1].Endpoints[0]
		w.Succeeds(testenv.As("olivia"), &c3p.ModifyEndpointMedia{
			Keys:  c3p.MediaKeys{Conference: testenv.FocusURI(room), User: "sip:carol@example.com", Endpoint: e.Entity, Media: e.Media[0].ID},
			Media: &confinfo.Media{ID: e.Media[0].ID, IngressFilter: confinfo.Block},
		})
		w.Succeeds(testenv.As("olivia"), &c3p.ModifyConferenceLock{Keys: testenv.Keys(room), Locked: true})
		w.Later(time.Second)
		seen := inCall.Roster()
		if m := seen.User("sip:carol@example.com").Endpoints[0].Media[0]; m.IngressFilter != confinfo.Block {
			w.Errorf("carol's stream: %+v", m)
		}
		if !*seen.Document.ConferenceState.Locked || !*seen.Document.View.Entities[1].EntityState.Locked {
			w.Errorf("locked, and the subscriber believes %+v, %+v", seen.Document.ConferenceState, seen.Document.View)
		}

		w.Log("# carol leaves; then the meeting ends")
		carol.HangsUp()
		w.Later(time.Second)
		wantsUsers(w, outside, "sip:bob@example.com")
		w.Succeeds(testenv.As("olivia"), &c3p.DeleteConference{Keys: testenv.Keys(room)})
		w.Later(time.Second)
		wantsEnd(w, outside, sip.NoResource)
		if !outside.Roster().Over {
			w.Error("the last document does not say that it is over")
		}
	})
}

func TestWhoMaySubscribe(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room, withPIN, func(d *confinfo.Description) { d.Invitees = []string{"sip:ivan@example.com"} })
		w.Conference("8888888888", func(d *confinfo.Description) { d.AdmissionPolicy = confinfo.ClosedAuthenticated })
		stranger := w.Phone("stranger")
		olivia, ivan, bob := member(w, "olivia"), member(w, "ivan"), member(w, "bob")

		w.Log("# who proves nothing is asked to, whether there is such a conference or not")
		stranger.MayNotSubscribe(room, 401)
		stranger.MayNotSubscribe("9999999999", 401)

		w.Log("# the organizer and who is invited may; whom the conference would ask for the PIN, or not let in, may not")
		wantsUsers(w, olivia.Subscribes(room))
		wantsUsers(w, ivan.Subscribes(room))
		bob.MayNotSubscribe(room, 403)
		bob.MayNotSubscribe("8888888888", 403)
		bob.MayNotSubscribe("9999999999", 404)
		bob.MayNotSubscribe("conference-factory", 404)
	})
}

func TestAGuestSubscribesWhereHisCallIs(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room)
		guest := w.Phone("gina")
		guest.Dials(dial)
		guest.WantsAnswer()
		mine, outside := guest.SubscribesInCall(), guest.Subscribes(room)
		wantsUsers(w, mine, "sip:gina@elsewhere.example;guest=1")
		wantsUsers(w, outside, "sip:gina@elsewhere.example;guest=1")

		w.Log("# nobody else is gina, whatever he says")
		thief := w.Phone("thief")
		thief.From = guest.From
		thief.MayNotSubscribe(room, 401)
		thief.Name, thief.Host = "gina", guest.Host // the NOTIFY would go to her
		thief.MayNotSubscribe(room, 401)

		w.Log("# with the call ends what she may see")
		guest.HangsUp()
		w.Later(time.Second)
		wantsEnd(w, outside, sip.Rejected)
	})
}

func TestWhoIsAtThePINSeesNothingYet(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room, withPIN)
		guest := w.Phone("gina")
		guest.Dials(dial)
		guest.WantsAnswer()
		r := guest.SubscribesInCall()
		if _, last := r.Told(); last.State != sip.SubscriptionPending || r.Roster().Started {
			w.Errorf("at the PIN the subscription stands %+v, with %+v", last, r.Roster())
		}
		guest.Presses("4711#")
		w.Later(time.Second)
		if _, last := r.Told(); last.State != sip.SubscriptionActive {
			w.Errorf("with the PIN the subscription stands %+v", last)
		}
		wantsUsers(w, r, "sip:gina@elsewhere.example;guest=1")
	})
}

func TestNewsAtMostFiveTimesASecond(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room)
		olivia := member(w, "olivia")
		r := olivia.Subscribes(room)
		w.Later(time.Second)
		for i := range 20 {
			go w.Phone(fmt.Sprint("guest", i)).ComesAndGoes(dial, time.Second, time.Duration(i+1)*100*time.Millisecond)
		}
		w.Later(10 * time.Second)
		at, _ := r.Told()
		for i := 2; i < len(at); i++ {
			if d := at[i].Sub(at[i-1]); d < 200*time.Millisecond {
				w.Errorf("%v between two notifications", d)
			}
		}
		if len(at) < 5 || len(at) > 14 {
			w.Errorf("%d notifications of what happened in two seconds", len(at))
		}
		wantsUsers(w, r)
	})
}

func TestASubscriberIsToldToComeAgain(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room)
		r := member(w, "olivia").Subscribes(room)
		if err := w.Focus.Close(w.Context()); err != nil {
			w.Fatal(err)
		}
		wantsEnd(w, r, sip.Probation)
	})
}
