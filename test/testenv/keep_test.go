package testenv_test

import (
	"testing"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/test/testenv"
)

// What cannot be stored is refused, and taken back.
func TestARoleThatCannotBeStored(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.User("bob")
		w.Conference(room, func(d *confinfo.Description) { d.AdmissionPolicy = confinfo.OpenAuthenticated })
		bob := w.Phone("bob")
		bob.User = "bob"
		bob.Dials(dial)
		bob.WantsAnswer()
		promote := &c3p.ModifyUserRoles{
			Keys: c3p.UserKeys{Conference: testenv.FocusURI(room), User: "sip:bob@example.com"}, Roles: []string{string(conference.Presenter)},
		}
		wantRole := func(want conference.Role) {
			t.Helper()
			if got := w.Document(room).Users[0].Roles[0]; got != string(want) {
				t.Errorf("bob is %s, want %s", got, want)
			}
		}
		w.DiskFull = true
		w.Fails(testenv.As("olivia"), promote, c3p.ReasonOtherFailure)
		wantRole(conference.Attendee)

		w.Log("# once it can be stored, bob is a presenter whenever he comes")
		w.DiskFull = false
		w.Succeeds(testenv.As("olivia"), promote)
		bob.HangsUp()
		bob.Dials(dial)
		bob.WantsAnswer()
		wantRole(conference.Presenter)
	})
}

// News of a command that has been obeyed may come after the next one: it changes nothing.
func TestLateNewsOfARecording(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room)
		olivia := testenv.As("olivia")
		w.Succeeds(olivia, &c3p.StartRecording{Keys: testenv.Keys(room)})
		w.Succeeds(olivia, &c3p.StopRecording{Keys: testenv.Keys(room)})
		w.MCU.Says(&c3p.Notification{To: testenv.FocusURI(room), Events: []c3p.Event{
			&c3p.Recording{Conference: testenv.FocusURI(room), State: confinfo.RecordingStarted},
		}})
		if state := w.Document(room).ConferenceState.Recording; state != confinfo.RecordingStopped {
			t.Errorf("the recording is %s", state)
		}
	})
}
