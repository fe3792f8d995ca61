package testenv_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
	"github.com/seed-f3cefc8c/focus/test/testenv"
)

func TestLockedWhileTypingThePIN(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room, withPIN)
		alice := w.Phone("alice")
		alice.Dials(dial)
		alice.WantsAnswer()
		alice.Presses("471")
		w.Succeeds(testenv.As("olivia"), &c3p.ModifyConferenceLock{Keys: testenv.Keys(room), Locked: true})
		alice.Presses("1#")
		alice.WantsBye(time.Second, "the conference is locked")
		w.WantsRoster(room)
	})
}

func TestTheMCUDoesNotLetIn(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room, withPIN)
		alice := w.Phone("alice")
		alice.Dials(dial)
		alice.WantsAnswer()
		w.MCU.Refuse("modifyEndpoint", &c3p.Error{Reason: c3p.ReasonServiceUnavailable, Detail: "broken"})
		alice.Presses("4711#")
		alice.WantsBye(time.Second, "broken")
		w.WantsRoster(room)
	})
}

func TestGoodbyeIsHeardFirst(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room, withPIN)
		mallory := w.Phone("mallory")
		mallory.Dials(dial)
		mallory.WantsAnswer()
		keys := w.MCU.Endpoint("sip:mallory").Keys
		mallory.Presses("1#1#1#")
		finished := func(id string) {
			w.MCU.Says(&c3p.Notification{To: testenv.FocusURI(room), Events: []c3p.Event{
				&c3p.PromptFinished{Keys: keys, ID: id, Outcome: c3p.OutcomeFinished}}})
		}
		finished("1")
		if !mallory.Talks() {
			t.Fatal("hung up before the last prompt was heard")
		}
		finished("4")
		mallory.WantsBye(time.Second, "wrong PIN")
	})
}

func TestGuessingPasswords(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.User("bob")
		w.Conference(room, func(d *confinfo.Description) { d.AdmissionPolicy = confinfo.OpenAuthenticated })
		mallory := w.Phone("mallory")
		mallory.User, mallory.Pass = "bob", "guess"
		limited := 0
		for range 20 {
			mallory.Dials(dial)
			if mallory.WantsRefusal(401, 480).StatusCode == 480 {
				limited++
			}
		}
		if limited == 0 {
			w.Error("twenty wrong passwords, and none was told to wait")
		}
		w.Log("# bob, elsewhere, is not kept out by that")
		bob := w.Phone("bob")
		bob.User = "bob"
		bob.Dials(dial)
		bob.WantsAnswer()
	})
}

func TestUpdateBeforeTheLateAnswer(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room)
		alice := w.Phone("alice")
		alice.LateOffer = true
		var ackIsLost atomic.Bool
		ackIsLost.Store(true)
		w.Net.Drop(func(_, _ string, data []byte) bool {
			return ackIsLost.Load() && strings.HasPrefix(string(data), "ACK ")
		})
		alice.Dials(dial)
		alice.WantsAnswer()
		alice.Asks(sip.UPDATE, sdp, alice.SDP("sendonly"), 491)
		ackIsLost.Store(false)
		w.Later(5 * time.Second)
		alice.Asks(sip.UPDATE, sdp, alice.SDP("sendonly"), 200)
	})
}

func TestThePhoneRefusesANewSession(t *testing.T) {
	talking(t, func(w *testenv.World, alice *testenv.Phone) {
		alice.Refuses = 488
		w.MCU.Offers(w.MCU.Endpoint("sip:alice").Keys)
		w.Later(time.Second)
		if !alice.Talks() {
			w.Error("the call is over")
		}
		w.WantsRoster(room, "sip:alice@elsewhere.example;guest=1")
	})
}

func TestAutomaticRecordingThatFails(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		yes := true
		w.Conference(room, func(d *confinfo.Description) { d.AutoRecord = &yes })
		w.MCU.Refuse("startRecording", &c3p.Error{Reason: c3p.ReasonRecordingDoesNotStart, Detail: "no folder"})
		alice := w.Phone("alice")
		alice.Dials(dial)
		alice.WantsAnswer()
		if got := w.Document(room).ConferenceState.Recording; got != confinfo.RecordingStopped || !alice.Talks() {
			w.Errorf("recording %s, alice talks: %v", got, alice.Talks())
		}
	})
}

func TestTheMCUDoesNotStartTheConference(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room)
		w.MCU.Refuse("addConference", &c3p.Error{Reason: c3p.ReasonServiceUnavailable, Detail: "shutting down"})
		alice := w.Phone("alice")
		alice.Dials(dial)
		alice.WantsRefusal(503)
		w.MCU.Refuse("addConference", nil)
		alice.Dials(dial)
		alice.WantsAnswer()
	})
}

func TestInviteWithoutContact(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room)
		alice := w.Phone("alice")
		alice.NoContact = true
		if res := alice.AsksOutside(sip.INVITE, dial, ""); res.StatusCode != 400 {
			w.Errorf("%d, want 400", res.StatusCode)
		}
	})
}

func TestCapabilitiesAndWrongCommands(t *testing.T) {
	talking(t, func(w *testenv.World, _ *testenv.Phone) {
		bob := testenv.As("bob")
		capabilities := w.Succeeds(bob, &c3p.GetConferencingCapabilities{}).(*c3p.GetConferencingCapabilities)
		if len(capabilities.MCUTypes) != 1 || capabilities.MCUTypes[0] != "audio-video" {
			w.Errorf("MCU types %q", capabilities.MCUTypes)
		}
		alice := c3p.UserKeys{Conference: testenv.FocusURI(room), User: "sip:alice@elsewhere.example;guest=1"}
		gain := func(user, endpoint, media string) *c3p.ModifyEndpointMedia {
			louder := 6.0
			return &c3p.ModifyEndpointMedia{
				Keys:  c3p.MediaKeys{Conference: testenv.FocusURI(room), User: user, Endpoint: endpoint, Media: media},
				Media: &confinfo.Media{ID: media, Gain: &louder},
			}
		}
		w.Succeeds(testenv.As("olivia"), gain(alice.User, "(null)", "1"))
		for _, row := range []struct {
			by      c3p.Principal
			command c3p.Command
			want    c3p.Reason
		}{
			{bob, gain(alice.User, "(null)", "1"), c3p.ReasonForbidden},
			{testenv.Admin, gain("sip:nobody@example.com", "(null)", "1"), c3p.ReasonUserDoesNotExist},
			{testenv.Admin, gain(alice.User, "elsewhere", "1"), c3p.ReasonEndpointDoesNotExist},
			{testenv.Admin, gain(alice.User, "(null)", "7"), c3p.ReasonMediaDoesNotExist},
			{bob, &c3p.DeleteUser{Keys: alice}, c3p.ReasonForbidden},
			{bob, &c3p.ModifyUserRoles{Keys: alice, Roles: []string{confinfo.Presenter}}, c3p.ReasonForbidden},
			{bob, &c3p.ModifyConferenceLock{Keys: testenv.Keys(room), Locked: true}, c3p.ReasonForbidden},
			{bob, &c3p.GetConference{Keys: testenv.Keys(room)}, c3p.ReasonForbidden},
			{bob, &c3p.GetConference{Keys: c3p.ConferenceKeys{Entity: "sip:1234567890@example.org"}}, c3p.ReasonConferenceEntityInvalid},
			{bob, &c3p.GetConference{Keys: c3p.ConferenceKeys{Entity: "sip:example.com"}}, c3p.ReasonConferenceEntityInvalid},
			{bob, &c3p.GetConference{Keys: c3p.ConferenceKeys{ID: "no id"}}, c3p.ReasonInvalidConferenceID},
			{c3p.Principal{URI: "sip:bob@example.com"}, &c3p.GetConferences{}, c3p.ReasonForbidden},
			{bob, &c3p.PlayPrompt{Keys: c3p.EndpointKeys{Conference: testenv.FocusURI(room)}, Prompts: []string{"alone"}}, c3p.ReasonNotImplemented},
		} {
			w.Fails(row.by, row.command, row.want)
		}
	})
}

// TestAnMCUThatIsToldHalf: what the MCU did not take before the first call it is told again before the next.
func TestAnMCUThatIsToldHalf(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room)
		w.Succeeds(testenv.As("olivia"), &c3p.ModifyConferenceAnnouncements{Keys: testenv.Keys(room)})
		w.MCU.Refuse("modifyConferenceAnnouncements", &c3p.Error{Reason: c3p.ReasonServiceUnavailable})
		alice := w.Phone("alice")
		alice.Dials(dial)
		alice.WantsRefusal(503)
		w.MCU.Refuse("modifyConferenceAnnouncements", nil)
		alice.Dials(dial)
		alice.WantsAnswer()
		if w.MCU.Announces(testenv.FocusURI(room)) {
			w.Error("who comes is announced in a conference that wants silence")
		}
		alice.HangsUp()
		w.Succeeds(testenv.As("olivia"), &c3p.DeleteConference{Keys: testenv.Keys(room)})
		w.Later(time.Second)
		if left := w.MCU.Conferences(); len(left) != 0 {
			w.Errorf("the MCU still has %q", left)
		}
	})
}
