package testenv_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/focus"
	"github.com/seed-f3cefc8c/focus/test/testenv"
)

// keyed has olivia, the organizer, and alice, a guest, in the room.
func keyed(t *testing.T, story func(w *testenv.World, olivia, alice *testenv.Phone)) {
	testenv.Run(t, func(w *testenv.World) {
		w.User("olivia")
		w.Conference(room)
		olivia, alice := w.Phone("olivia"), w.Phone("guest")
		olivia.User, olivia.From = "olivia", testenv.Organizer
		olivia.Dials(dial)
		olivia.WantsAnswer()
		alice.From = "sip:alice@elsewhere.example"
		alice.Dials(dial)
		alice.WantsAnswer()
		w.MCU.Played()
		story(w, olivia, alice)
	})
}

// hears presses keys, and compares what is spoken.
func hears(w *testenv.World, p *testenv.Phone, keys string, want ...string) {
	w.Helper()
	p.Presses(keys)
	w.Later(0)
	wantPlayed(w, want...)
}

func guestOf(w *testenv.World) string {
	for _, u := range w.Document(room).Users {
		if strings.HasPrefix(u.Entity, "sip:alice@") {
			return u.Entity
		}
	}
	return ""
}

func TestEverybodyHasKeys(t *testing.T) {
	keyed(t, func(w *testenv.World, olivia, alice *testenv.Phone) {
		guest := guestOf(w)
		w.Log("# a guest mutes herself, and is told so, alone")
		hears(w, alice, "*6", "muted")
		wantMuted(w, guest, true)
		wantMuted(w, testenv.Organizer, false)
		hears(w, alice, "*6", "unmuted")
		wantMuted(w, guest, false)
		hears(w, alice, "*6*6", "muted", "unmuted")

		hears(w, alice, "*#", "participants+digit-2")
		w.Log("# who is only being called does not count")
		w.User("bob")
		bob := w.Phone("bob")
		bob.IsAt("bob")
		olivia.Refers("<sip:bob@example.com>", 202)
		hears(w, alice, "*#", "participants+digit-2")

		hears(w, alice, "*1", "hand-raised")
		if u := w.Document(room).Users[1]; u.Entity != guest || u.Hand == 0 {
			w.Errorf("%+v: want the hand up", u)
		}
		hears(w, alice, "*1", "hand-lowered")

		w.Log("# what a presenter may is not for her")
		for _, keys := range []string{"*5", "*7", "*8", "*9"} {
			hears(w, alice, keys, "not-permitted")
		}
		hears(w, alice, "*0", "help-mute+key-star+digit-6+help-count+key-star+key-pound+help-hand+key-star+digit-1")
	})
}

func TestAPresenterHasMoreKeys(t *testing.T) {
	keyed(t, func(w *testenv.World, olivia, alice *testenv.Phone) {
		guest := guestOf(w)
		state := func() *confinfo.ConferenceState { return w.Document(room).ConferenceState }
		hears(w, olivia, "*7", "conference-locked")
		if !*state().Locked {
			w.Error("it is not locked")
		}
		hears(w, olivia, "*7", "conference-unlocked")
		if *state().Locked {
			w.Error("it is locked")
		}

		hears(w, olivia, "*8", "all-muted")
		wantMuted(w, guest, true)
		wantMuted(w, testenv.Organizer, false)
		w.Log("# softly")
		hears(w, alice, "*6", "unmuted")
		hears(w, olivia, "*8", "all-unmuted")
		w.Succeeds(testenv.Admin, muteAll(confinfo.Block, func(f *confinfo.InitialFilter) { f.Hard = true }))
		hears(w, alice, "*6", "not-permitted")
		hears(w, olivia, "*8", "all-unmuted")
		wantMuted(w, guest, false)

		w.Log("# recording is announced to everybody, once")
		hears(w, olivia, "*5", "recording-started")
		if got := state().Recording; got != confinfo.RecordingStarted {
			w.Errorf("recording %s", got)
		}
		hears(w, olivia, "*5", "recording-stopped")

		w.Log("# and when the MCU fails, nothing has happened")
		w.MCU.Refuse("startRecording", &c3p.Error{Reason: c3p.ReasonServiceUnavailable})
		hears(w, olivia, "*5", "failed")
		w.MCU.Refuse("modifyEndpointMedia", &c3p.Error{Reason: c3p.ReasonServiceUnavailable})
		hears(w, alice, "*6", "failed")
		wantMuted(w, guest, false)

		hears(w, olivia, "*0", "help-mute+key-star+digit-6+help-count+key-star+key-pound+help-hand+key-star+digit-1+help-lock+key-star+digit-7+"+
			"help-mute-all+key-star+digit-8+help-admit+key-star+digit-9+help-record+key-star+digit-5")
	})
}

func TestKeysInTheLobby(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.User("olivia")
		w.Conference(room, withLobby)
		alice, olivia := w.Phone("alice"), w.Phone("olivia")
		olivia.From, olivia.User = testenv.Organizer, "olivia"
		alice.Dials(dial)
		alice.WantsAnswer()
		olivia.Dials(dial)
		olivia.WantsAnswer()
		w.MCU.Played()
		w.Log("# who waits commands nothing, and is not counted")
		hears(w, alice, "*6*#*0*9")
		hears(w, olivia, "*#", "participants+digit-1")
		olivia.Presses("*9")
		if e := w.Document(room).Users[0].Endpoints[0]; e.Status != confinfo.StatusConnected {
			w.Errorf("alice's status is %s", e.Status)
		}
		if got := strings.Join(w.MCU.Played(), " "); !strings.Contains(got, "joining") || !strings.Contains(got, "all-admitted") {
			w.Errorf("spoken %q", got)
		}
		hears(w, alice, "*#", "participants+digit-2")
	})
}

func TestKeysThatMeanNothing(t *testing.T) {
	keyed(t, func(w *testenv.World, olivia, _ *testenv.Phone) {
		hears(w, olivia, "123#*4")
		hears(w, olivia, "**6", "muted")
		w.Log("# three seconds later it is another beginning")
		olivia.Presses("*")
		w.Later(3*time.Second + time.Millisecond)
		hears(w, olivia, "6")
		olivia.Presses("*")
		w.Later(3 * time.Second)
		hears(w, olivia, "6", "unmuted")
	})
}

func TestKeysByRTP(t *testing.T) {
	keyed(t, func(w *testenv.World, _, _ *testenv.Phone) {
		leg := w.MCU.Endpoint(testenv.Organizer)
		for _, key := range []string{"*", "6"} {
			w.MCU.Says(&c3p.Notification{From: leg.Keys.Conference, To: leg.Keys.Conference, Events: []c3p.Event{
				&c3p.Digit{Keys: leg.Keys, Digit: key, Duration: 100 * time.Millisecond},
			}})
		}
		w.Later(0)
		wantPlayed(w, "muted")
		wantMuted(w, testenv.Organizer, true)
	})
}

func TestOwnKeysAndNone(t *testing.T) {
	for table, want := range map[string]string{"#11=count": "participants+digit-1", "": ""} {
		pad, err := focus.ParseKeypad(table)
		if err != nil {
			t.Fatal(err)
		}
		testenv.RunConfigured(t, func(c *focus.Config) { c.Keypad = pad }, func(w *testenv.World) {
			w.Conference(room)
			alice := w.Phone("alice")
			alice.Dials(dial)
			alice.WantsAnswer()
			w.MCU.Played()
			alice.Presses("*6#11")
			w.Later(0)
			if got := strings.Join(w.MCU.Played(), " "); got != want {
				w.Errorf("%q: spoken %q, want %q", table, got, want)
			}
		})
	}
}

// TestKeysAreNotLogged: not even those that mean something, for a caller may type a PIN where none is asked for.
func TestKeysAreNotLogged(t *testing.T) {
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	testenv.RunConfigured(t, func(c *focus.Config) { c.Logger = logger }, func(w *testenv.World) {
		w.Conference(room)
		alice := w.Phone("alice")
		alice.Dials(dial)
		alice.WantsAnswer()
		before := log.Len()
		alice.Presses("4711#*AB")
		w.Later(time.Minute)
		if said := log.String()[before:]; said != "" {
			w.Errorf("keys are logged: %s", said)
		}
		alice.Presses("*6")
		if said := log.String()[before:]; strings.Count(said, "\n") != 1 || !strings.Contains(said, "modifyEndpointMedia") || strings.Contains(said, "*6") {
			w.Errorf("logged: %s", said)
		}
	})
}
