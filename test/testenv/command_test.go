package testenv_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
	"github.com/seed-f3cefc8c/focus/test/testenv"
)

func TestDeleteConference(t *testing.T) {
	talking(t, func(w *testenv.World, alice *testenv.Phone) {
		w.Fails(testenv.As("mallory"), &c3p.DeleteConference{Keys: testenv.Keys(room)}, c3p.ReasonForbidden)
		w.Succeeds(testenv.As("olivia"), &c3p.DeleteConference{Keys: testenv.Keys(room)})
		record, err := w.Store.Conferences.Get(w.Context(), room)
		if err != nil || record.Ended.IsZero() {
			w.Errorf("stored: %+v, %v; want it ended", record, err)
		}
		alice.WantsBye(time.Second, "the conference has ended")
		if rooms := w.MCU.Conferences(); len(rooms) != 0 {
			w.Errorf("the MCU still has %q", rooms)
		}

		w.Log("# who dials it is told, and the id is taken")
		bob := w.Phone("bob")
		bob.Dials(dial)
		if got := sip.HeaderValue(bob.WantsRefusal(403), "Warning"); !strings.Contains(got, "ended") {
			w.Errorf("Warning %q", got)
		}
		w.Fails(testenv.As("olivia"), &c3p.GetConference{Keys: testenv.Keys(room)}, c3p.ReasonConferenceDoesNotExist)
		w.Fails(testenv.Admin, &c3p.AddConference{Conference: &confinfo.Document{Description: &confinfo.Description{ConferenceID: room}}},
			c3p.ReasonConferenceExists)
	})
}

func TestShutdown(t *testing.T) {
	talking(t, func(w *testenv.World, alice *testenv.Phone) {
		begin := time.Now()
		if err := w.Focus.Close(context.Background()); err != nil {
			w.Error(err)
		}
		if took := time.Since(begin); took > 5*time.Second {
			w.Errorf("Close took %v", took)
		}
		alice.WantsBye(time.Second, "shutting down")
		if rooms := w.MCU.Conferences(); len(rooms) != 0 {
			w.Errorf("the MCU still has %q", rooms)
		}
	})
}

func TestShutdownWithADeafPhone(t *testing.T) {
	talking(t, func(w *testenv.World, alice *testenv.Phone) {
		alice.UA.Close()
		begin := time.Now()
		_ = w.Focus.Close(context.Background())
		if took := time.Since(begin); took > 5*time.Second {
			w.Errorf("Close took %v", took)
		}
	})
}

func TestFactoryInvite(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.User("bob")
		stranger, bob := w.Phone("stranger"), w.Phone("bob")
		stranger.Dials("sip:conference-factory@example.com")
		stranger.WantsRefusal(401)

		bob.User = "bob"
		bob.Dials("sip:conference-factory@example.com")
		contact := bob.WantsAnswer().Contact()
		if !contact.Params.Has("isfocus") {
			w.Errorf("Contact %s, want isfocus", contact.Value())
		}
		address, err := conference.ParseURI(contact.Address.String())
		if err != nil || address.Kind != conference.KindFocus || len(address.ID) != 10 {
			w.Fatalf("Contact %s: %+v, %v; want a focus", contact.Value(), address, err)
		}
		record, err := w.Store.Conferences.Get(w.Context(), address.ID)
		if err != nil || record.Organizer != "sip:bob@example.com" {
			w.Errorf("stored %+v, %v", record, err)
		}

		w.Log("# carol dials what bob was given")
		w.User("carol")
		carol := w.Phone("carol")
		carol.User = "carol"
		carol.Dials(contact.Address.String())
		carol.WantsAnswer()
		if n := w.MCU.Len(); n != 2 {
			w.Errorf("%d legs at the MCU, want 2", n)
		}
	})
}

func TestFactoryInviteThatFails(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.User("bob")
		bob := w.Phone("bob")
		bob.User, bob.Body = "bob", "v=0\r\nm=video 4000 RTP/AVP 31\r\n"
		bob.Dials("sip:conference-factory@example.com")
		bob.WantsRefusal(488)
		if left := w.Succeeds(testenv.As("bob"), &c3p.GetConferences{}).(*c3p.GetConferences).Conferences; len(left) != 0 {
			w.Errorf("%d conferences are left", len(left))
		}
	})
}

func TestConferenceRecords(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		add := func(d confinfo.Description) *c3p.AddConference {
			return &c3p.AddConference{Conference: &confinfo.Document{Description: &d}}
		}
		olivia := testenv.As("olivia")

		w.Log("# without an id the server draws ten digits")
		made := w.Succeeds(olivia, add(confinfo.Description{Subject: "Team", Passcode: "4711"})).(*c3p.AddConference).Conference
		d := made.Description
		if len(d.ConferenceID) != 10 || strings.Trim(d.ConferenceID, "0123456789") != "" || d.Passcode != "4711" || d.Organizer != testenv.Organizer {
			w.Errorf("made %+v", d)
		}
		if d.ConfURIs[0].URI != "sip:"+d.ConferenceID+"@example.com" || made.Entity != testenv.FocusURI(d.ConferenceID) {
			w.Errorf("URIs %+v, entity %s", d.ConfURIs, made.Entity)
		}
		if left := time.Until(d.ExpiryTime); left < 29*24*time.Hour || left > 30*24*time.Hour {
			w.Errorf("expires in %v", left)
		}

		w.Log("# what is wrong is refused with its reason")
		w.Succeeds(olivia, add(confinfo.Description{ConferenceID: "TEAMROOM"}))
		w.Succeeds(testenv.Admin, add(confinfo.Description{ConferenceID: "abc", Organizer: "sip:bob@example.com"}))
		for _, row := range []struct {
			by   c3p.Principal
			d    confinfo.Description
			want c3p.Reason
		}{
			{olivia, confinfo.Description{ConferenceID: "teamroom"}, c3p.ReasonConferenceExists},
			{olivia, confinfo.Description{ConferenceID: "abcd"}, c3p.ReasonInvalidConferenceID},
			{olivia, confinfo.Description{ConferenceID: "no spaces"}, c3p.ReasonInvalidConferenceID},
			{olivia, confinfo.Description{Organizer: "sip:bob@example.com"}, c3p.ReasonForbidden},
			{olivia, confinfo.Description{Passcode: "12"}, c3p.ReasonInvalidPasscode},
			{olivia, confinfo.Description{ExpiryTime: time.Now().Add(-time.Hour)}, c3p.ReasonInvalidExpiryTime},
			{olivia, confinfo.Description{Invitees: []string{"bob"}}, c3p.ReasonInvalidUserEntity},
			{c3p.Principal{}, confinfo.Description{}, c3p.ReasonForbidden},
		} {
			w.Fails(row.by, add(row.d), row.want)
		}

		w.Log("# the list is the sender's own, without PINs; an administrator sees all")
		mine := w.Succeeds(olivia, &c3p.GetConferences{}).(*c3p.GetConferences).Conferences
		all := w.Succeeds(testenv.Admin, &c3p.GetConferences{}).(*c3p.GetConferences).Conferences
		if len(mine) != 2 || len(all) != 3 {
			w.Errorf("olivia sees %d, the administrator %d; want 2 and 3", len(mine), len(all))
		}
		for _, document := range mine {
			if document.Description.Passcode != "" {
				w.Error("the list shows a PIN")
			}
		}
		w.Fails(testenv.As("mallory"), &c3p.GetConference{Keys: c3p.ConferenceKeys{ID: "teamroom"}}, c3p.ReasonForbidden)
		w.Fails(olivia, &c3p.GetConference{Keys: c3p.ConferenceKeys{ID: "nosuchroom"}}, c3p.ReasonConferenceDoesNotExist)
		w.Fails(olivia, &c3p.AddUser{Keys: testenv.Keys("teamroom"), User: &confinfo.User{Entity: "sip:bob@example.com"}}, c3p.ReasonInvalidContent)
	})
}

func TestMuteRolesAndEject(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.User("bob")
		w.User("carol")
		w.Conference(room, func(d *confinfo.Description) { d.AdmissionPolicy = confinfo.OpenAuthenticated })
		bob, carol := w.Phone("bob"), w.Phone("carol")
		for _, phone := range []*testenv.Phone{bob, carol} {
			phone.User = phone.Name
			phone.From = "sip:" + phone.Name + "@example.com"
			phone.Dials(dial)
			phone.WantsAnswer()
		}
		w.WantsRoster(room, "sip:bob@example.com", "sip:carol@example.com")
		media := func(user, filter string) *c3p.ModifyEndpointMedia {
			return &c3p.ModifyEndpointMedia{
				Keys:  c3p.MediaKeys{Conference: testenv.FocusURI(room), User: user, Endpoint: "(null)", Media: "1"},
				Media: &confinfo.Media{ID: "1", IngressFilter: filter},
			}
		}

		w.Log("# bob is an attendee: he mutes himself and nobody else")
		w.Fails(testenv.As("bob"), media("sip:carol@example.com", confinfo.Block), c3p.ReasonForbidden)
		w.Succeeds(testenv.As("bob"), media("sip:bob@example.com", confinfo.Block))
		if !w.MCU.Endpoint("sip:bob").Muted || w.Document(room).Users[0].Endpoints[0].Media[0].IngressFilter != confinfo.Block {
			w.Error("bob is not muted")
		}

		w.Log("# as a presenter he mutes carol; what the MCU refuses is taken back")
		w.Succeeds(testenv.As("olivia"), &c3p.ModifyUserRoles{
			Keys: c3p.UserKeys{Conference: testenv.FocusURI(room), User: "sip:bob@example.com"}, Roles: []string{confinfo.Presenter}})
		w.MCU.Refuse("modifyEndpointMedia", &c3p.Error{Reason: c3p.ReasonServiceUnavailable})
		w.Fails(testenv.As("bob"), media("sip:carol@example.com", confinfo.Block), c3p.ReasonServiceUnavailable)
		w.MCU.Refuse("modifyEndpointMedia", nil)
		if w.Document(room).Users[1].Endpoints[0].Media[0].IngressFilter == confinfo.Block {
			w.Error("the roster says that carol is muted, and she is not")
		}
		w.Succeeds(testenv.As("bob"), media("sip:carol@example.com", confinfo.Block))

		w.Log("# carol is removed")
		w.Succeeds(testenv.As("bob"), &c3p.DeleteUser{Keys: c3p.UserKeys{Conference: testenv.FocusURI(room), User: "sip:carol@example.com"}})
		carol.WantsBye(time.Second, "removed from the conference")
		w.WantsRoster(room, "sip:bob@example.com")
		if n := w.MCU.Len(); n != 1 {
			w.Errorf("%d legs at the MCU, want 1", n)
		}
	})
}

func TestRecording(t *testing.T) {
	talking(t, func(w *testenv.World, alice *testenv.Phone) {
		keys := testenv.Keys(room)
		w.Fails(testenv.As("olivia"), &c3p.StopRecording{Keys: keys}, c3p.ReasonNoRecordingInProgress)
		w.Fails(testenv.As("mallory"), &c3p.StartRecording{Keys: keys}, c3p.ReasonForbidden)
		for _, row := range []struct {
			command       c3p.Command
			state, prompt string
		}{
			{&c3p.StartRecording{Keys: keys, Format: c3p.FormatWAV}, confinfo.RecordingStarted, "recording-started"},
			{&c3p.PauseRecording{Keys: keys}, confinfo.RecordingPaused, "recording-paused"},
			{&c3p.ResumeRecording{Keys: keys}, confinfo.RecordingStarted, "recording-started"},
			{&c3p.StopRecording{Keys: keys}, confinfo.RecordingStopped, "recording-stopped"},
		} {
			w.Succeeds(testenv.As("olivia"), row.command)
			if got := w.Document(room).ConferenceState.Recording; got != row.state {
				w.Errorf("after %s: %s, want %s", row.command.Name(), got, row.state)
			}
			wantPlayed(w, row.prompt)
		}

		w.Log("# the disk is full: the meeting goes on")
		w.Succeeds(testenv.As("olivia"), &c3p.StartRecording{Keys: keys})
		w.MCU.Says(&c3p.Notification{To: testenv.FocusURI(room), Events: []c3p.Event{
			&c3p.Recording{Conference: testenv.FocusURI(room), State: confinfo.RecordingFailed, Reason: "no space left on device"},
		}})
		if got := w.Document(room).ConferenceState.Recording; got != confinfo.RecordingStopped {
			w.Errorf("after the failure: %s", got)
		}
		if !alice.Talks() {
			w.Error("alice's call is over")
		}
	})
}

func TestAutomaticRecording(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		yes := true
		w.Conference(room, func(d *confinfo.Description) { d.AutoRecord = &yes })
		alice, bob := w.Phone("alice"), w.Phone("bob")
		alice.Dials(dial)
		alice.WantsAnswer()
		wantPlayed(w, "recording-started")
		if got := w.Document(room).ConferenceState.Recording; got != confinfo.RecordingStarted {
			w.Errorf("recording %s", got)
		}
		w.Log("# who comes later is told too")
		bob.Dials(dial)
		bob.WantsAnswer()
		wantPlayed(w, "recording-started")
		if n := w.MCU.Commanded("startRecording"); n != 1 {
			w.Errorf("startRecording came %d times", n)
		}
		w.Log("# with the last one it ends")
		alice.HangsUp()
		bob.HangsUp()
		if n := w.MCU.Commanded("stopRecording"); n != 1 {
			w.Errorf("stopRecording came %d times", n)
		}
	})
}
