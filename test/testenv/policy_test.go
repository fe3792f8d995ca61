package testenv_test

import (
	"strings"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
	"github.com/seed-f3cefc8c/focus/test/testenv"
)

func TestLocked(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room)
		alice, bob := w.Phone("alice"), w.Phone("bob")
		alice.Dials(dial)
		alice.WantsAnswer()

		w.Log("# the organizer locks; bob stays outside")
		w.Succeeds(testenv.As("olivia"), &c3p.ModifyConferenceLock{Keys: testenv.Keys(room), Locked: true})
		bob.Dials(dial)
		res := bob.WantsRefusal(403)
		if got := sip.HeaderValue(res, "Warning"); !strings.Contains(got, "locked") {
			w.Errorf("Warning %q, want it to say why", got)
		}

		w.Log("# the lock is on disk")
		record, err := w.Store.Conferences.Get(w.Context(), room)
		if err != nil || !record.Locked {
			w.Errorf("stored %+v, %v", record, err)
		}
		w.Succeeds(testenv.As("olivia"), &c3p.ModifyConferenceLock{Keys: testenv.Keys(room)})
		bob.Dials(dial)
		bob.WantsAnswer()
	})
}

func TestClosedConference(t *testing.T) {
	for _, row := range []struct {
		name, user, password string
		refused              int // 0: gets in
	}{
		{"an invitee", "bob", testenv.Password, 0},
		{"the organizer", "olivia", testenv.Password, 0},
		{"a wrong password", "bob", "guess", 401},
		{"no password", "", "", 401},
		{"somebody else", "mallory", testenv.Password, 403},
	} {
		t.Run(row.name, func(t *testing.T) {
			testenv.Run(t, func(w *testenv.World) {
				for _, name := range []string{"bob", "olivia", "mallory"} {
					w.User(name)
				}
				w.Conference(room, func(d *confinfo.Description) {
					d.AdmissionPolicy, d.Invitees = confinfo.ClosedAuthenticated, []string{"sip:bob@example.com"}
				})
				phone := w.Phone("somebody")
				phone.User, phone.Pass = row.user, row.password
				phone.Dials(dial)
				if row.refused != 0 {
					phone.WantsRefusal(row.refused)
					return
				}
				phone.WantsAnswer()
				w.WantsRoster(room, "sip:"+row.user+"@example.com")
			})
		})
	}
}

func TestTwoPhonesOfOneUser(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.User("bob")
		w.Conference(room, func(d *confinfo.Description) { d.AdmissionPolicy = confinfo.OpenAuthenticated })
		desk, mobile := w.Phone("desk"), w.Phone("mobile")
		for _, phone := range []*testenv.Phone{desk, mobile} {
			phone.User = "bob"
			phone.Dials(dial)
			phone.WantsAnswer()
		}
		w.WantsRoster(room, "sip:bob@example.com")
		if n := len(w.Document(room).Users[0].Endpoints); n != 2 {
			w.Errorf("bob has %d endpoints, want 2", n)
		}
		desk.HangsUp()
		w.WantsRoster(room, "sip:bob@example.com")
		mobile.HangsUp()
		w.WantsRoster(room)
	})
}

func TestGuessingIDs(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room)
		mallory, alice := w.Phone("mallory"), w.Phone("alice")
		limited := false
		for range 20 {
			mallory.Dials("sip:5555555555@example.com")
			res := mallory.WantsRefusal(404, 480)
			limited = limited || res.StatusCode == 480 && sip.HeaderValue(res, "Retry-After") != ""
		}
		if !limited {
			w.Error("twenty misses, and none was told to wait")
		}
		alice.Dials(dial)
		alice.WantsAnswer()
	})
}

func withPIN(d *confinfo.Description) { d.Passcode = "4711" }

func TestPINRight(t *testing.T) {
	for _, how := range []string{"RFC 4733", "INFO", "both"} {
		t.Run(how, func(t *testing.T) {
			testenv.Run(t, func(w *testenv.World) {
				w.Conference(room, withPIN)
				alice := w.Phone("alice")
				alice.Headers = []sip.Header{sip.NewHeader("Accept-Language", "es-MX, en;q=0.5")}
				alice.Dials(dial)
				alice.WantsAnswer()

				w.Log("# alice is asked, and nobody sees or hears her")
				wantPlayed(w, "pin-enter")
				w.WantsRoster(room)
				if e := w.MCU.Endpoint("sip:alice"); e.Admitted || e.Language != "es-MX" {
					w.Errorf("alice at the MCU: %+v", e)
				}

				w.Log("# she enters the PIN")
				for _, key := range "4711#" {
					if how != "INFO" {
						w.MCU.Says(&c3p.Notification{To: testenv.FocusURI(room), Events: []c3p.Event{
							&c3p.Digit{Keys: w.MCU.Endpoint("sip:alice").Keys, Digit: string(key), Duration: 100 * time.Millisecond},
						}})
					}
					if how != "RFC 4733" {
						alice.Presses(string(key))
					}
				}
				w.WantsRoster(room, "sip:alice@elsewhere.example;guest=1")
				if !w.MCU.Endpoint("sip:alice").Admitted {
					w.Error("alice is not in the mix")
				}
				if !alice.Talks() {
					w.Error("alice's call is over")
				}
			})
		})
	}
}

func wantPlayed(w *testenv.World, want ...string) {
	w.Helper()
	w.Later(0)
	if got := w.MCU.Played(); strings.Join(got, " ") != strings.Join(want, " ") {
		w.Errorf("played %q, want %q", got, want)
	}
}

func TestPINWrongThreeTimes(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room, withPIN)
		mallory := w.Phone("mallory")
		mallory.Dials(dial)
		mallory.WantsAnswer()
		wantPlayed(w, "pin-enter")
		mallory.Presses("0000#")
		wantPlayed(w, "", "pin-wrong")
		mallory.Presses("1111#")
		wantPlayed(w, "", "pin-wrong")
		mallory.Presses("2222#")
		wantPlayed(w, "", "pin-last")
		if !mallory.Talks() {
			t.Fatal("hung up before mallory could hear why")
		}
		mallory.WantsBye(time.Minute, "wrong PIN")
		w.WantsRoster(room)
		if w.MCU.Len() != 0 {
			w.Error("the leg is still at the MCU")
		}
	})
}

func TestPINNone(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room, withPIN)
		alice := w.Phone("alice")
		alice.Dials(dial)
		alice.WantsAnswer()
		w.Later(20 * time.Second)
		wantPlayed(w, "pin-enter", "pin-enter")
		alice.WantsBye(time.Minute, "no PIN")
	})
}

func TestOrganizerIsNotAskedForThePIN(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.User("olivia")
		w.Conference(room, withPIN)
		olivia := w.Phone("olivia")
		olivia.From, olivia.User = testenv.Organizer, "olivia"
		olivia.Dials(dial)
		olivia.WantsAnswer()
		wantPlayed(w)
		w.WantsRoster(room, testenv.Organizer)

		w.Log("# who only says to be olivia does not get in")
		mallory := w.Phone("mallory")
		mallory.From = testenv.Organizer
		mallory.Dials(dial)
		mallory.WantsRefusal(401)
	})
}

func TestHangingUpAtThePIN(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room, withPIN)
		alice := w.Phone("alice")
		alice.Dials(dial)
		alice.WantsAnswer()
		alice.Presses("47")
		alice.HangsUp()
		if w.MCU.Len() != 0 {
			w.Error("the leg is still at the MCU")
		}
		w.Later(15 * time.Minute)
		if rooms := w.MCU.Conferences(); len(rooms) != 0 {
			w.Errorf("the MCU still has %q", rooms)
		}
	})
}
