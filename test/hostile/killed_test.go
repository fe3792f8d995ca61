package hostile

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/seed-f3cefc8c/focus/internal/phone"
	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/codec/g711"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
)

const (
	board  = "sip:admin@" + loopback + ";gruu;opaque=app:conf:focus:id:boardroom"
	bobURI = "sip:bob@" + loopback
)

var boardKeys = c3p.ConferenceKeys{Entity: board}

// act is one command of the script, and what the conference must be from its answer on.
type act struct {
	name    string
	command c3p.Command
	want    func(d *confinfo.Document) bool // nil: there is none any more
	bob     bool                            // he is in before and, once more, after it
}

// script is what one command after another does to a conference. Most come when nobody is in it yet since the server was killed.
func script() []act {
	expires := time.Now().Add(48 * time.Hour).UTC().Truncate(time.Second)
	later := expires.Add(time.Hour)
	return []act{
		{"make it", &c3p.AddConference{Conference: &confinfo.Document{Description: &confinfo.Description{
			ConferenceID: "boardroom", Subject: "Budget", AdmissionPolicy: confinfo.ClosedAuthenticated, Passcode: "471100", ExpiryTime: expires,
			Invitees: []string{bobURI}, Lobby: new(true), AutoRecord: new(false),
		}}}, func(d *confinfo.Document) bool {
			return d.Description.Subject == "Budget" && d.Description.Passcode == "471100" && d.Description.ExpiryTime.Equal(expires) &&
				*d.Description.Lobby && len(d.Description.Invitees) == 1 && !*d.ConferenceState.Locked
		}, false},
		{"lock it", &c3p.ModifyConferenceLock{Keys: boardKeys, Locked: true}, func(d *confinfo.Document) bool { return *d.ConferenceState.Locked }, false},
		{"unlock it", &c3p.ModifyConferenceLock{Keys: boardKeys}, func(d *confinfo.Document) bool { return !*d.ConferenceState.Locked }, false},
		{"change it", &c3p.ModifyConference{Conference: &confinfo.Document{Entity: board, Description: &confinfo.Description{
			Subject: "Budget, once more", AdmissionPolicy: confinfo.OpenAuthenticated, Passcode: "2222", ExpiryTime: later, Lobby: new(false),
			PSTNLobbyBypass: new(true), Invitees: []string{bobURI, "sip:carol@example.com"},
		}}}, func(d *confinfo.Document) bool {
			return d.Description.Subject == "Budget, once more" && d.Description.AdmissionPolicy == confinfo.OpenAuthenticated &&
				d.Description.Passcode == "2222" && d.Description.ExpiryTime.Equal(later) && !*d.Description.Lobby &&
				*d.Description.PSTNLobbyBypass && len(d.Description.Invitees) == 2
		}, false},
		{"mute all attendees", muteAll(confinfo.InitialFilter{Role: confinfo.Attendee, Ingress: confinfo.Block, Hard: true}), bobsMute(true), true},
		{"mute them softly", muteAll(confinfo.InitialFilter{Role: confinfo.Attendee, Ingress: confinfo.Block}), bobsMute(true), true},
		{"no longer", muteAll(confinfo.InitialFilter{Role: confinfo.Attendee, Ingress: confinfo.Unblock}), bobsMute(false), true},
		{"no announcements", &c3p.ModifyConferenceAnnouncements{Keys: boardKeys}, announced(false), false},
		{"announcements", &c3p.ModifyConferenceAnnouncements{Keys: boardKeys, Enabled: true}, announced(true), false},
		{"promote bob", bobsRole(conference.Presenter), bobIs(conference.Presenter), true},
		{"record it", &c3p.StartRecording{Keys: boardKeys}, recordingIs(confinfo.RecordingStarted), false},
		{"pause", &c3p.PauseRecording{Keys: boardKeys}, recordingIs(confinfo.RecordingPaused), false},
		{"resume", &c3p.ResumeRecording{Keys: boardKeys}, recordingIs(confinfo.RecordingStarted), false},
		{"stop", &c3p.StopRecording{Keys: boardKeys}, recordingIs(confinfo.RecordingStopped), false},
		{"demote bob", bobsRole(conference.Attendee), bobIs(conference.Attendee), true},
		{"clear it", &c3p.ModifyConference{Conference: &confinfo.Document{Entity: board, Description: &confinfo.Description{
			AutoRecord: new(true), Cleared: confinfo.Cleared{Subject: true, Passcode: true, Invitees: true},
		}}}, func(d *confinfo.Document) bool {
			return d.Description.Subject == "" && d.Description.Passcode == "" && len(d.Description.Invitees) == 0 && *d.Description.AutoRecord
		}, false},
		{"end it", &c3p.DeleteConference{Keys: boardKeys}, nil, false},
	}
}

func muteAll(filter confinfo.InitialFilter) c3p.Command {
	return &c3p.ModifyConference{Conference: &confinfo.Document{Entity: board, View: &confinfo.View{Entities: []confinfo.EntityView{{
		Entity:      string(conference.MCUURI("sip:admin@"+loopback, conference.AudioVideo, "boardroom")),
		EntityState: &confinfo.EntityState{Filters: &confinfo.FilterRules{Initial: []confinfo.InitialFilter{filter}}},
	}}}}}
}

func bobsMute(muted bool) func(*confinfo.Document) bool {
	return func(d *confinfo.Document) bool {
		return len(d.Users) == 1 && len(d.Users[0].Endpoints) == 1 && (d.Users[0].Endpoints[0].Media[0].IngressFilter == confinfo.Block) == muted
	}
}

func announced(on bool) func(*confinfo.Document) bool {
	return func(d *confinfo.Document) bool { return *d.ConferenceState.Announcements == on }
}

func bobsRole(role conference.Role) c3p.Command {
	return &c3p.ModifyUserRoles{Keys: c3p.UserKeys{Conference: board, User: bobURI}, Roles: []string{string(role)}}
}

func bobIs(role conference.Role) func(*confinfo.Document) bool {
	return func(d *confinfo.Document) bool {
		return len(d.Users) == 1 && d.Users[0].Entity == bobURI && d.Users[0].Roles[0] == string(role)
	}
}

func recordingIs(state string) func(*confinfo.Document) bool {
	return func(d *confinfo.Document) bool { return d.ConferenceState.Recording == state }
}

// Killed between any two commands, the server comes back with what it has answered. Bob, whose call is gone, dials again.
func TestKilledBetweenAnyTwoCommands(t *testing.T) {
	s := serve(t)
	k := &killed{server: s}
	if status, answer := s.post(loopback, "/v1/users", "application/json", bytes.NewBufferString(`{"name":"bob","password":"correct horse"}`)); status != 201 {
		t.Fatalf("making bob: %d %s", status, answer)
	}
	began := time.Now()
	acts := script()
	for _, a := range acts {
		if a.bob {
			k.bobDials(t)
		}
		if response := k.c3p(t, a.command); response.Code != c3p.Success {
			t.Fatalf("%s: %s %s %s", a.name, response.Code, response.Reason, response.Detail)
		}
		before := k.conference(t)
		s.kill()
		s.start()
		if a.bob {
			k.bobDials(t)
		}
		after := k.conference(t)
		if diff := gocmp.Diff(state(before), state(after)); diff != "" {
			t.Errorf("%s, and the server is killed: the conference is not what it was\n%s", a.name, diff)
		}
		if a.want == nil {
			if after != nil {
				t.Errorf("%s, and the server is killed: the conference is back", a.name)
			}
			continue
		}
		if !a.want(after) {
			t.Errorf("%s, and the server is killed: %+v %+v %+v", a.name, after.Description, after.ConferenceState, after.Users)
		}
	}
	t.Logf("%d commands, and killed after each: %v", len(acts), time.Since(began).Round(time.Millisecond))
}

type killed struct {
	*server
	serial int
}

// c3p sends a command as the administrator.
func (k *killed) c3p(t *testing.T, command c3p.Command) *c3p.Response {
	t.Helper()
	k.serial++
	request := &c3p.Request{RequestID: fmt.Sprint(k.serial), To: board, Command: command}
	status, answer := k.post(loopback, "/c3p", cccp, bytes.NewReader(request.AppendXML(nil)))
	response, err := c3p.ParseResponse([]byte(answer))
	if status != 200 || err != nil {
		t.Fatalf("%s: %d, %v: %s", command.Name(), status, err, answer)
	}
	return response
}

// conference is what the server says of it now; nil when there is none any more.
func (k *killed) conference(t *testing.T) *confinfo.Document {
	t.Helper()
	response := k.c3p(t, &c3p.GetConference{Keys: boardKeys})
	if response.Reason == c3p.ReasonConferenceDoesNotExist {
		return nil
	}
	if response.Code != c3p.Success {
		t.Fatalf("getConference: %s %s", response.Reason, response.Detail)
	}
	return response.Body.(*c3p.GetConference).Conference
}

// bobDials calls as bob, whose last call has gone with the server, and waits until he is in.
func (k *killed) bobDials(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	p, err := phone.Dial(ctx, phone.Config{
		Target: "sip:boardroom@" + loopback, Identity: bobURI, Server: k.sip, Codecs: []*codec.Codec{g711.PCMU},
		Credentials: func(string) (string, string, bool) { return "bob", "correct horse", true },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		gone, cancel := context.WithCancel(context.Background())
		cancel() // nobody is there who would answer
		p.HangUp(gone)
	})
}

// state is what does not end with the calls.
func state(d *confinfo.Document) *confinfo.Document {
	if d == nil {
		return nil
	}
	lasting, conferenceState := *d, *d.ConferenceState
	conferenceState.Active, conferenceState.UserCount = nil, nil
	lasting.ConferenceState, lasting.Users, lasting.UsersState = &conferenceState, nil, ""
	return &lasting
}
