package testenv_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
	"github.com/seed-f3cefc8c/focus/test/testenv"
)

// A meeting as a C3P client makes it: SERVICE, INVITE with addUser, a call to the A/V URI, INFO, BYE.
func TestAMeetingByC3P(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		olivia, bob := w.Client("olivia"), w.Client("bob")

		w.Log("# olivia makes a conference, by way of a factory without a user part")
		factory := "sip:example.com;gruu;opaque=app:conf:focusfactory"
		made := olivia.AsksFactory(factory, c3p.MediaType, olivia.Document(factory, &c3p.AddConference{Conference: &confinfo.Document{
			Description: &confinfo.Description{ConferenceID: room, AdmissionPolicy: confinfo.OpenAuthenticated},
		}}))
		if made.StatusCode != 200 || !strings.Contains(string(made.Body()), `entity="`+testenv.FocusURI(room)+`"`) {
			w.Fatalf("addConference: %d %s", made.StatusCode, made.Body())
		}

		w.Log("# both join the focus: she leads, he attends")
		if role := olivia.Joins(room); role != confinfo.Presenter {
			w.Errorf("olivia is %s", role)
		}
		if role := bob.Joins(room); role != confinfo.Attendee {
			w.Errorf("bob is %s", role)
		}
		w.WantsRoster(room, "sip:olivia@example.com", "sip:bob@example.com")

		w.Log("# bob calls the A/V MCU: one more endpoint of the same participant")
		call := w.Phone("bob")
		call.From, call.User = bob.URI, "bob"
		call.Dials("sip:olivia@example.com;gruu;opaque=app:conf:audio-video:id:" + room)
		call.WantsAnswer()
		wantsEndpoints(w, "sip:bob@example.com", "focus", "audio-video")

		w.Log("# she locks and promotes")
		wantsDone(w, olivia, &c3p.ModifyConferenceLock{Keys: testenv.Keys(room), Locked: true})
		wantsDone(w, olivia, &c3p.ModifyUserRoles{Keys: userKeys("bob"), Roles: []string{confinfo.Presenter}})
		document := w.Document(room)
		if document.Users[1].Roles[0] != confinfo.Presenter {
			w.Errorf("promoted: %+v", document.Users[1])
		}
		carol := w.Client("carol")
		carol.Invites(room, carol.AddUser(room))
		refused := carol.WantsRefusal(403)
		if got := sip.HeaderValue(refused, "ms-diagnostics"); !strings.HasPrefix(got, `3014;reason="the conference is locked";source="example.com"`) {
			w.Errorf("ms-diagnostics %q", got)
		}
		if response, err := c3p.ParseResponse(refused.Body()); err != nil || response.Reason != c3p.ReasonConferenceLocked {
			w.Errorf("%+v, %v", response, err)
		}

		w.Log("# bob leaves the meeting: his call ends with it")
		bob.HangsUp()
		call.WantsBye(time.Second, "left the meeting")
		w.WantsRoster(room, "sip:olivia@example.com")
	})
}

func wantsEndpoints(w *testenv.World, user string, want ...string) {
	w.Helper()
	for _, u := range w.Document(room).Users {
		if u.Entity != user {
			continue
		}
		var got []string
		for _, e := range u.Endpoints {
			got = append(got, e.SessionType)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			w.Errorf("%s is in by %v, want %v", user, got, want)
		}
		return
	}
	w.Errorf("%s is not in", user)
}

func wantsDone(w *testenv.World, c *testenv.Client, command c3p.Command) {
	w.Helper()
	status, response := c.Informs(room, command)
	if status != 200 || response.Code != c3p.Success || response.Command != command.Name() {
		w.Errorf("%s by %s: %d %+v", command.Name(), c.Name, status, response)
	}
}

func userKeys(name string) c3p.UserKeys {
	return c3p.UserKeys{Conference: testenv.FocusURI(room), User: "sip:" + name + "@example.com"}
}

// inARoom has olivia and bob in a focus dialog each.
func inARoom(t *testing.T, story func(w *testenv.World, olivia, bob *testenv.Client)) {
	t.Helper()
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room, func(d *confinfo.Description) { d.AdmissionPolicy = confinfo.OpenAuthenticated })
		olivia, bob := w.Client("olivia"), w.Client("bob")
		olivia.Joins(room)
		bob.Joins(room)
		story(w, olivia, bob)
	})
}

func TestEject(t *testing.T) {
	inARoom(t, func(w *testenv.World, olivia, bob *testenv.Client) {
		call := w.Phone("bob")
		call.From, call.User = bob.URI, "bob"
		call.Dials(dial)
		call.WantsAnswer()
		wantsDone(w, olivia, &c3p.DeleteUser{Keys: userKeys("bob")})
		bob.WantsBye(time.Second, "removed from the conference")
		call.WantsBye(time.Second, "removed from the conference")
		w.WantsRoster(room, "sip:olivia@example.com")

		w.Log("# the end")
		wantsDone(w, olivia, &c3p.DeleteConference{Keys: testenv.Keys(room)})
		olivia.WantsBye(time.Second, "the conference has ended")
	})
}

// Two programs of one user: the end of one leaves the other's calls alone.
func TestTwoClientsOfOneUser(t *testing.T) {
	inARoom(t, func(w *testenv.World, _, bob *testenv.Client) {
		second := w.Client("bob")
		second.Joins(room)
		wantsEndpoints(w, bob.URI, "focus", "focus")
		mine, other := w.Phone("bob"), w.Phone("bob")
		for _, p := range []*testenv.Phone{mine, other} {
			p.From, p.User = bob.URI, "bob"
			p.Dials(dial)
			p.WantsAnswer()
		}
		bob.HangsUp()
		if !mine.Talks() || !other.Talks() {
			w.Error("a call of another client ended")
		}
		second.HangsUp()
		mine.WantsBye(time.Second, "left the meeting")
		w.WantsRoster(room, "sip:olivia@example.com")
	})
}

// A client whose connection broke joins again, and is the same.
func TestAClientComesAgain(t *testing.T) {
	inARoom(t, func(w *testenv.World, olivia, bob *testenv.Client) {
		wantsDone(w, olivia, &c3p.ModifyUserRoles{Keys: userKeys("bob"), Roles: []string{confinfo.Presenter}})
		again := w.Client("bob")
		again.Endpoint = bob.Endpoint
		if role := again.Joins(room); role != confinfo.Presenter {
			w.Errorf("bob is %s", role)
		}
		bob.WantsBye(time.Second, "come again")
		wantsEndpoints(w, bob.URI, "focus")
		again.HangsUp()
		w.WantsRoster(room, "sip:olivia@example.com")
	})
}

// "SIPE never sends Supported: timer": the dialog goes on without; a client that is not there any more is noticed by OPTIONS.
func TestClientsAreAskedWhetherTheyAreThere(t *testing.T) {
	inARoom(t, func(w *testenv.World, olivia, bob *testenv.Client) {
		w.Later(3 * time.Hour)
		if n := len(bob.Requests(sip.UPDATE, sip.INVITE)); n != 0 {
			w.Errorf("%d refreshes", n)
		}
		if n := len(bob.Requests(sip.OPTIONS)); n < 80 || n > 100 {
			w.Errorf("%d OPTIONS", n)
		}
		bob.UA.Close()
		w.Later(3 * time.Minute)
		w.WantsRoster(room, "sip:olivia@example.com")
	})
}

// An MCU that works for longer than half a second: 202, and an INFO with the response.
func TestACommandThatTakesLong(t *testing.T) {
	inARoom(t, func(w *testenv.World, olivia, bob *testenv.Client) {
		call := w.Phone("bob")
		call.From, call.User = bob.URI, "bob"
		call.Dials(dial)
		call.WantsAnswer()
		w.MCU.Delay = 3 * time.Second
		mute := &c3p.ModifyEndpointMedia{
			Keys:  c3p.MediaKeys{Conference: testenv.FocusURI(room), User: bob.URI, Endpoint: "(null)", Media: "1"},
			Media: &confinfo.Media{ID: "1", IngressFilter: confinfo.Block},
		}
		if status, response := bob.Informs(room, mute); status != 202 || response != nil {
			w.Fatalf("%d %+v, want 202", status, response)
		}
		w.Log("# the next command does not wait for it, and neither does its answer")
		wantsDone(w, olivia, &c3p.ModifyConferenceLock{Keys: testenv.Keys(room), Locked: true})
		w.Later(4 * time.Second)
		infos := bob.Requests(sip.INFO)
		if len(infos) != 1 {
			w.Fatalf("%d INFO", len(infos))
		}
		response, err := c3p.ParseResponse(infos[0].Body())
		if err != nil || response.Code != c3p.Success || response.RequestID != "1" || sip.ContentType(infos[0]) != c3p.MediaType {
			w.Errorf("%+v, %v", response, err)
		}

		w.Log("# SIPE answers no INFO: the dialog goes on")
		bob.Silent = true
		bob.Informs(room, mute)
		w.Later(time.Minute)
		bob.Silent = false
		if !bob.Talks() || len(bob.Requests(sip.INFO)) < 2 {
			w.Errorf("the dialog ended, or nothing came: %d INFO", len(bob.Requests(sip.INFO)))
		}
	})
}

// "The B2BUA checks that the caller is in the focus roster (same user and epid)" (c3p.md §4.3): what a client has called ends with its focus dialog,
// while another client of the same user goes on.
func TestCallsOfAClientEndWithIt(t *testing.T) {
	testenv.RunTrusting(t, trusting(t, true, "192.0.2.0/24"), func(w *testenv.World) {
		w.Conference(room, func(d *confinfo.Description) { d.AdmissionPolicy = confinfo.OpenAuthenticated })
		w.User("bob")
		message := func(epid, uri, contentType, body string) string {
			return "INVITE " + uri + " SIP/2.0\nVia: SIP/2.0/tcp 192.0.2.7:5060\nFrom: <sip:bob@example.com>;tag=1;epid=" + epid + "\nTo: <" + uri +
				">\nMax-Forwards: 70\nCSeq: 1 INVITE\nCall-ID: " + epid + contentType + "\nContact: <sip:bob@192.0.2.7>\nContent-Type: " + contentType + "\n\n" + body
		}
		focus := testenv.FocusURI(room)
		var first, call *testenv.Replay
		for _, epid := range []string{"e1", "e2"} {
			c := w.Replay("192.0.2.70:" + "100" + epid[1:])
			join := message(epid, focus, c3p.MediaType, document("sip:bob@example.com", focus,
				`<addUser><conferenceKeys confEntity="FOCUS"/><ci:user entity="sip:bob@example.com"><ci:endpoint entity="`+epid+`"/></ci:user></addUser>`))
			audio := message(epid, strings.Replace(focus, ":focus:", ":audio-video:", 1), "application/sdp", testenv.SDP("192.0.2.7", 4000, "sendrecv"))
			for _, text := range []string{join, audio} {
				if answer := c.Sends(text); answer.Code() != 200 {
					w.Fatalf("%s", answer)
				}
				c.Acknowledges(text)
			}
			if first == nil {
				first = c
			}
			call = c
		}
		wantsEndpoints(w, "sip:bob@example.com", "focus", "audio-video", "focus", "audio-video")
		first.HangsUp(message("e1", focus, c3p.MediaType, ""))
		wantsEndpoints(w, "sip:bob@example.com", "focus", "audio-video")
		if n, m := len(first.Came("BYE")), len(call.Came("BYE")); n != 1 || m != 0 {
			w.Errorf("%d and %d calls were ended, want the first client's", n, m)
		}
	})
}

// "Only announce lobby to clients that said lobby-capable; refuse the others" (c3p.md §3.9).
func TestClientsInTheLobby(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room, func(d *confinfo.Description) { d.AdmissionPolicy, d.Lobby = confinfo.ClosedAuthenticated, new(true) })
		olivia, bob, carol, old := w.Client("olivia"), w.Client("bob"), w.Client("carol"), w.Client("dave")
		olivia.Joins(room)
		old.Invites(room, old.AddUser(room))
		old.WantsRefusal(403)
		bob.Waits, carol.Waits = true, true
		bob.Joins(room)
		carol.Joins(room)
		wantsInLobby(w, bob.URI, carol.URI)
		if status, _ := bob.Informs(room, access(bob.URI, c3p.AccessGranted)); status != 403 {
			w.Errorf("he lets himself in: %d", status)
		}
		wantsDone(w, olivia, access(bob.URI, c3p.AccessGranted))
		wantsInLobby(w, carol.URI)
		wantsDone(w, olivia, access(carol.URI, c3p.AccessDenied))
		carol.WantsBye(time.Second, "nobody has let you in")
		w.WantsRoster(room, olivia.URI, bob.URI)
	})
}

// wantsInLobby compares who waits, in the order in which they came.
func wantsInLobby(w *testenv.World, want ...string) {
	w.Helper()
	var got []string
	for _, u := range w.Document(room).Users {
		if u.Endpoints[0].Status == confinfo.StatusPending {
			got = append(got, u.Entity)
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		w.Errorf("%v wait, want %v", got, want)
	}
}
