package testenv_test

import (
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/test/testenv"
)

func withLobby(d *confinfo.Description) {
	d.AdmissionPolicy, d.Lobby, d.Passcode = confinfo.OpenAuthenticated, new(true), "4711"
}

const aliceWaits = "sip:alice@elsewhere.example;guest=1"

func access(user, what string) *c3p.SetLobbyAccess {
	return &c3p.SetLobbyAccess{Keys: testenv.Keys(room), User: user, Access: what}
}

func TestAGuestWaitsInTheLobby(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.User("olivia")
		w.Conference(room, withLobby)
		alice, olivia := w.Phone("alice"), w.Phone("olivia")
		olivia.From, olivia.User = testenv.Organizer, "olivia"

		w.Log("# alice waits: the roster shows her, and nobody hears her")
		alice.Dials(dial)
		alice.WantsAnswer()
		wantWaiting(w, aliceWaits)
		wantPlayed(w, "lobby")

		w.Log("# olivia is asked for her password, and does not wait")
		olivia.Dials(dial)
		olivia.WantsAnswer()
		w.WantsRoster(room, aliceWaits, testenv.Organizer)
		w.Fails(testenv.As("bob"), access(aliceWaits, c3p.AccessGranted), c3p.ReasonForbidden)
		w.Fails(testenv.As("olivia"), access(testenv.Organizer, c3p.AccessGranted), c3p.ReasonUserDoesNotExist)

		w.Log("# she lets alice in, who needs no PIN")
		w.MCU.Played()
		w.Succeeds(testenv.As("olivia"), access(aliceWaits, c3p.AccessGranted))
		wantPlayed(w, "joining")
		if e := w.Document(room).Users[0].Endpoints[0]; e.Status != confinfo.StatusConnected {
			w.Errorf("alice's status is %s", e.Status)
		}
		if n := *w.Document(room).ConferenceState.UserCount; n != 2 {
			w.Errorf("%d are in, want 2", n)
		}
		if !w.MCU.Endpoint("sip:alice").Admitted || !alice.Talks() {
			w.Error("alice is not in the mix")
		}
	})
}

func TestWhoIsSentAwayFromTheLobby(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room, withLobby)
		alice, bob := w.Phone("alice"), w.Phone("bob")
		alice.Dials(dial)
		alice.WantsAnswer()
		w.Succeeds(testenv.As("olivia"), access(aliceWaits, c3p.AccessDenied))
		alice.WantsBye(time.Second, "nobody has let you in")
		w.WantsRoster(room)

		w.Log("# bob waits for half an hour, and nobody comes")
		bob.Dials(dial)
		bob.WantsAnswer()
		w.Later(29 * time.Minute)
		wantWaiting(w, "sip:bob@elsewhere.example;guest=2")
		bob.WantsBye(2*time.Minute, "nobody has let you in")
		w.WantsRoster(room)
	})
}

func TestALockMakesPeopleWait(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room, withLobby, func(d *confinfo.Description) { d.AdmissionPolicy, d.Passcode = confinfo.Anonymous, "" })
		alice, bob := w.Phone("alice"), w.Phone("bob")
		alice.Dials(dial)
		alice.WantsAnswer()
		w.Succeeds(testenv.As("olivia"), &c3p.ModifyConferenceLock{Keys: testenv.Keys(room), Locked: true})
		bob.Dials(dial)
		bob.WantsAnswer()
		if e := w.MCU.Endpoint("sip:bob"); e.Admitted || !w.MCU.Endpoint("sip:alice").Admitted {
			w.Errorf("bob at the MCU: %+v", e)
		}
		w.Log("# everybody who waits is let in; the conference stays locked")
		w.Succeeds(testenv.As("olivia"), access("", c3p.AccessGranted))
		if !w.MCU.Endpoint("sip:bob").Admitted || !*w.Document(room).ConferenceState.Locked {
			w.Error("bob is not in the mix, or the lock is open")
		}
	})
}

func TestOnlyClientsThatCanWaitDo(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room, withLobby, func(d *confinfo.Description) { d.Passcode = "" })
		olivia, bob, carol := w.Client("olivia"), w.Client("bob"), w.Client("carol")
		olivia.Joins(room)
		wantsDone(w, olivia, &c3p.ModifyConferenceLock{Keys: testenv.Keys(room), Locked: true})

		w.Log("# carol's program knows no lobby")
		carol.Invites(room, carol.AddUser(room))
		carol.WantsRefusal(403)

		w.Log("# bob's does: he waits, and may not command")
		joining := bob.AddUser(room)
		joining.User.Endpoints[0].LobbyCapable = true
		bob.Invites(room, joining)
		bob.WantsAnswer()
		w.WantsRoster(room, olivia.URI, bob.URI)
		if status := w.Document(room).Users[1].Endpoints[0].Status; status != confinfo.StatusPending {
			w.Errorf("bob is %s", status)
		}
		if _, response := bob.Informs(room, access(bob.URI, c3p.AccessGranted)); response.Reason != c3p.ReasonForbidden {
			w.Errorf("bob lets himself in: %+v", response)
		}
		w.Log("# let in, he is one of them; a second one is sent away")
		wantsDone(w, olivia, access(bob.URI, c3p.AccessGranted))
		if status := w.Document(room).Users[1].Endpoints[0].Status; status != confinfo.StatusConnected {
			w.Errorf("bob is %s", status)
		}
		joining = carol.AddUser(room)
		joining.User.Endpoints[0].LobbyCapable = true
		carol.Invites(room, joining)
		carol.WantsAnswer()
		wantsDone(w, olivia, access(carol.URI, c3p.AccessDenied))
		carol.WantsBye(time.Second, "nobody has let you in")
		w.WantsRoster(room, olivia.URI, bob.URI)
	})
}

// wantWaiting wants one user in the lobby, and nobody in the conference.
func wantWaiting(w *testenv.World, user string) {
	w.Helper()
	w.WantsRoster(room, user)
	d := w.Document(room)
	if e := d.Users[0].Endpoints[0]; e.Status != confinfo.StatusPending || *d.ConferenceState.UserCount != 0 {
		w.Errorf("%s is %s, and %d are in", user, e.Status, *d.ConferenceState.UserCount)
	}
	if e := w.MCU.Endpoint(user); e == nil || e.Admitted {
		w.Errorf("at the MCU %s is %+v", user, e)
	}
}
