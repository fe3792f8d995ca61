package testenv_test

import (
	"slices"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/test/testenv"
)

// inTalk has olivia, who presides, bob and carol in the room, each with a tone of their own.
func inTalk(t *testing.T, story func(w *testenv.World, olivia, bob, carol *testenv.Talker)) {
	testenv.RunWithMedia(t, func(w *testenv.World) {
		w.Conference(room, func(d *confinfo.Description) { d.AdmissionPolicy = confinfo.OpenAuthenticated })
		olivia, bob, carol := w.Talker("olivia", 440), w.Talker("bob", 700), w.Talker("carol", 1100)
		for _, p := range []*testenv.Talker{olivia, bob, carol} {
			p.Joins(dial)
		}
		w.Later(3 * time.Second) // tones say who comes
		w.Talk(2*time.Second, olivia, bob, carol)
		all := []*testenv.Talker{olivia, bob, carol}
		olivia.WantsTones(all, "everybody hears the others", bob, carol)
		bob.WantsTones(all, "everybody hears the others", olivia, carol)
		carol.WantsTones(all, "everybody hears the others", olivia, bob)
		story(w, olivia, bob, carol)
	})
}

// wantFilter compares whom the roster says that somebody hears; nil is everybody.
func wantFilter(w *testenv.World, user string, want *confinfo.Hears) {
	w.Helper()
	for _, u := range w.Document(room).Users {
		if u.Entity != user {
			continue
		}
		if (u.Hears == nil) != (want == nil) || want != nil && (u.Hears.Only != want.Only || !slices.Equal(u.Hears.Users, want.Users)) {
			w.Errorf("the roster says that %s hears %+v, want %+v", user, u.Hears, want)
		}
		return
	}
	w.Errorf("%s is not in", user)
}

// TestWhatTheRosterSaysIsHeard: what the roster says is what is heard.
func TestWhatTheRosterSaysIsHeard(t *testing.T) {
	inTalk(t, func(w *testenv.World, olivia, bob, carol *testenv.Talker) {
		all := []*testenv.Talker{olivia, bob, carol}
		hears := func(of *testenv.Talker, only bool, whom ...string) {
			w.Succeeds(testenv.As("olivia"), &c3p.SetMediaFilter{Keys: keysOf(of.URI()), Only: only, Users: whom})
		}
		w.Log("# olivia hears bob only, carol nobody")
		hears(olivia, true, bob.URI())
		hears(carol, true)
		w.Talk(2*time.Second, all...)
		olivia.WantsTones(all, "bob only", bob)
		bob.WantsTones(all, "as before", olivia, carol)
		carol.WantsTones(all, "nobody")
		wantFilter(w, olivia.URI(), &confinfo.Hears{Only: true, Users: []string{bob.URI()}})
		wantFilter(w, bob.URI(), nil)
		wantFilter(w, carol.URI(), &confinfo.Hears{Only: true})

		w.Log("# carol calls again: that lifts nothing")
		carol.Leaves()
		w.Later(3 * time.Second)
		carol.Joins(dial)
		wantFilter(w, carol.URI(), &confinfo.Hears{Only: true})
		w.Talk(2*time.Second, all...)
		carol.WantsTones(all, "still nobody")
		olivia.WantsTones(all, "still bob only", bob)

		w.Log("# bob calls again: he is whom olivia hears")
		bob.Leaves()
		w.Later(3 * time.Second)
		w.Talk(2*time.Second, olivia, carol)
		olivia.WantsTones(all, "bob is away")
		bob.Joins(dial)
		w.Later(3 * time.Second)
		w.Talk(2*time.Second, all...)
		olivia.WantsTones(all, "bob is back", bob)

		w.Log("# it is lifted again")
		hears(olivia, false)
		hears(carol, false)
		w.Talk(2*time.Second, all...)
		olivia.WantsTones(all, "lifted", bob, carol)
		carol.WantsTones(all, "lifted", olivia, bob)
		wantFilter(w, olivia.URI(), nil)
		wantFilter(w, carol.URI(), nil)
		carol.Leaves()
		carol.Joins(dial)
		wantFilter(w, carol.URI(), nil)

		w.Log("# and who was to hear nobody hears them in another meeting")
		hears(carol, true)
		for _, p := range all {
			p.Leaves()
		}
		w.Later(time.Hour)
		for _, p := range all {
			p.Joins(dial)
		}
		w.Later(3 * time.Second)
		w.Talk(2*time.Second, all...)
		carol.WantsTones(all, "a new meeting", olivia, bob)
	})
}

// TestKeysAreHeardAndObeyed: digits among the sound (RFC 4733) are commands, and their answers are spoken to the caller alone.
func TestKeysAreHeardAndObeyed(t *testing.T) {
	inTalk(t, func(w *testenv.World, olivia, bob, carol *testenv.Talker) {
		const silence = -60 // dB
		all := []*testenv.Talker{olivia, bob, carol}
		quiet := func() { // the last word has been heard, and is forgotten
			w.Later(time.Second)
			w.Talk(0, all...)
		}
		spoken := func(to *testenv.Talker, keys string) {
			t.Helper()
			quiet()
			to.Types(keys)
			w.Later(4 * time.Second)
			for _, p := range all {
				if loud := p.Loudness(); (p == to) != (loud > -45) || p != to && loud > silence {
					t.Errorf("after %s of %s, %s hears %.0f dB", keys, to.Name, p.Name, loud)
				}
			}
		}
		w.Log("# *6 mutes bob: he is gone for the others, and is told so")
		spoken(bob, "*6")
		wantMuted(w, bob.URI(), true)
		w.Talk(2*time.Second, all...)
		olivia.WantsTones(all, "bob is muted", carol)
		carol.WantsTones(all, "bob is muted", olivia)
		bob.WantsTones(all, "he hears", olivia, carol)
		spoken(bob, "*6")
		wantMuted(w, bob.URI(), false)
		w.Talk(2*time.Second, all...)
		carol.WantsTones(all, "bob is back", olivia, bob)

		w.Log("# *# says the count")
		spoken(carol, "*#")

		w.Log("# what is the presenter's is refused to bob, in words")
		spoken(bob, "*7")
		if *w.Document(room).ConferenceState.Locked {
			t.Error("an attendee has locked the room")
		}
		spoken(olivia, "*7")
		if !*w.Document(room).ConferenceState.Locked {
			t.Error("it is not locked")
		}
		spoken(olivia, "*7")

		w.Log("# *8 mutes all who attend")
		spoken(olivia, "*8")
		w.Talk(2*time.Second, all...)
		olivia.WantsTones(all, "all are muted")
		bob.WantsTones(all, "olivia presides", olivia)
		spoken(carol, "*6")
		w.Talk(2*time.Second, all...)
		bob.WantsTones(all, "carol has unmuted herself", olivia, carol)
		spoken(olivia, "*8")
		w.Talk(2*time.Second, all...)
		olivia.WantsTones(all, "nobody is muted", bob, carol)
		spoken(olivia, "*0")
	})
}
