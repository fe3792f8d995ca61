package testenv_test

import (
	"slices"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/test/testenv"
)

// TestWhatIsWrittenIsSeen: the documents of every face are among those that are validated after each story.
func TestWhatIsWrittenIsSeen(t *testing.T) {
	testenv.RunTrusting(t, trusting(t, true, "192.0.2.99"), func(w *testenv.World) {
		w.Conference(room, open)
		olivia := w.Client("olivia")
		lock := func(locked bool) *c3p.ModifyConferenceLock {
			return &c3p.ModifyConferenceLock{Keys: testenv.Keys(room), Locked: locked}
		}

		w.Log("# over TCP: SERVICE, INVITE, INFO; over UDP: a roster; over HTTPS; by BENOTIFY")
		olivia.Commands(&c3p.GetConferences{})
		olivia.Joins(room)
		bob := member(w, "bob")
		bob.Dials(dial)
		bob.WantsAnswer()
		bob.SubscribesInCall() // and may hear of the end, or not: the call ends with it
		member(w, "dave").Subscribes(room)
		connects(w, "192.0.2.99:50123").says(w, sipeSubscribe("first", ""))
		olivia.Informs(room, lock(true))
		w.Later(time.Second)
		w.MCU.Delay = 2 * time.Second
		olivia.Informs(room, gains(6))
		w.Later(3 * time.Second)
		w.MCU.Delay = 0
		w.Posts(w.API(), "olivia", lock(false))
		carol := w.Client("carol")
		olivia.Informs(room, lock(true))
		carol.Invites(room, carol.AddUser(room))
		carol.WantsRefusal(403)
		w.Succeeds(testenv.As("olivia"), &c3p.DeleteConference{Keys: testenv.Keys(room)})
		w.Later(time.Second)

		want := []string{
			"200 INFO", "200 INVITE", "200 SERVICE", "200 SUBSCRIBE full", "403 INVITE", "BENOTIFY deleted", "BENOTIFY partial", "HTTPS", "INFO",
			"NOTIFY deleted", "NOTIFY full", "NOTIFY partial",
		}
		if got := w.Written(); !slices.Equal(got, want) {
			w.Errorf("written were %q, want %q", got, want)
		}
	})
}
