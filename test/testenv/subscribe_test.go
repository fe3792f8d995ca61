package testenv_test

import (
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
	"github.com/seed-f3cefc8c/focus/test/testenv"
)

func wantsUsers(w *testenv.World, r *testenv.Reader, want ...string) {
	w.Helper()
	if got := r.Roster().Users(); fmt.Sprint(got) != fmt.Sprint(want) {
		w.Errorf("the subscriber believes %q, want %q", got, want)
	}
}

// member is a phone of a new user.
func member(w *testenv.World, user string) *testenv.Phone {
	w.Helper()
	w.User(user)
	return knownUser(w, user, "desk")
}

func open(d *confinfo.Description) { d.AdmissionPolicy = confinfo.OpenAuthenticated }

func wantsEnd(w *testenv.World, r *testenv.Reader, reason string) {
	w.Helper()
	if _, last := r.Told(); last.State != sip.SubscriptionTerminated || last.Reason != reason {
		w.Errorf("the subscription stands %+v, want terminated, %s", last, reason)
	}
}

func TestParticipantsSeeWhoComesAndGoes(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room, open)
		bob := member(w, "bob")
		bob.Dials(dial)
		bob.WantsAnswer()
		inCall := bob.SubscribesInCall()
		outside := bob.Subscribes(room)
		for _, r := range []*testenv.Reader{inCall, outside} {
			wantsUsers(w, r, "sip:bob@example.com")
			if d := r.Roster().Document; d.Version != 1 || d.Description.Passcode != "" || *d.ConferenceState.UserCount != 1 || len(d.View.Entities) != 2 {
				w.Errorf("the first document: %+v, %+v", d, d.Description)
			}
		}

		w.Log("# carol joins: it is told at once, and only that")
		w.Later(time.Second)
		carol := member(w, "carol")
		carol.Dials(dial)
		carol.WantsAnswer()
		for _, r := range []*testenv.Reader{inCall, outside} {
			wantsUsers(w, r, "sip:bob@example.com", "sip:carol@example.com")
			if d := r.Roster(); d.Document.Version != 2 || d.Fulls != 1 || *d.Document.ConferenceState.UserCount != 2 {
				w.Errorf("the second document: %+v", d)
			}
		}

		w.Log("# olivia mutes carol, and locks the conference")
		w.Later(time.Second)
		e := w.Document(room).Users[1].Endpoints[0]
		w.Succeeds(testenv.As("olivia"), &c3p.ModifyEndpointMedia{
			Keys:  c3p.MediaKeys{Conference: testenv.FocusURI(room), User: "sip:carol@example.com", Endpoint: e.Entity, Media: e.Media[0].ID},
			Media: &confinfo.Media{ID: e.Media[0].ID, IngressFilter: confinfo.Block},
		})
		w.Succeeds(testenv.As("olivia"), &c3p.ModifyConferenceLock{Keys: testenv.Keys(room), Locked: true})
		w.Later(time.Second)
		seen := inCall.Roster()
		if m := seen.User("sip:carol@example.com").Endpoints[0].Media[0]; m.IngressFilter != confinfo.Block {
			w.Errorf("carol's stream: %+v", m)
		}
		if !*seen.Document.ConferenceState.Locked || !*seen.Document.View.Entities[1].EntityState.Locked {
			w.Errorf("locked, and the subscriber believes %+v, %+v", seen.Document.ConferenceState, seen.Document.View)
		}

		w.Log("# carol leaves; then the meeting ends")
		carol.HangsUp()
		w.Later(time.Second)
		wantsUsers(w, outside, "sip:bob@example.com")
		w.Succeeds(testenv.As("olivia"), &c3p.DeleteConference{Keys: testenv.Keys(room)})
		w.Later(time.Second)
		wantsEnd(w, outside, sip.NoResource)
		if !outside.Roster().Over {
			w.Error("the last document does not say that it is over")
		}
	})
}

func TestWhoMaySubscribe(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room, withPIN, func(d *confinfo.Description) { d.Invitees = []string{"sip:ivan@example.com"} })
		w.Conference("8888888888", func(d *confinfo.Description) { d.AdmissionPolicy = confinfo.ClosedAuthenticated })
		stranger := w.Phone("stranger")
		olivia, ivan, bob := member(w, "olivia"), member(w, "ivan"), member(w, "bob")

		w.Log("# who proves nothing is asked to, whether there is such a conference or not")
		stranger.MayNotSubscribe(room, 401)
		stranger.MayNotSubscribe("9999999999", 401)

		w.Log("# the organizer and who is invited may; whom the conference would ask for the PIN, or not let in, may not")
		wantsUsers(w, olivia.Subscribes(room))
		wantsUsers(w, ivan.Subscribes(room))
		bob.MayNotSubscribe(room, 403)
		bob.MayNotSubscribe("8888888888", 403)
		bob.MayNotSubscribe("9999999999", 404)
		bob.MayNotSubscribe("conference-factory", 404)
	})
}

func TestAGuestSubscribesWhereHisCallIs(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room)
		guest := w.Phone("gina")
		guest.Dials(dial)
		guest.WantsAnswer()
		mine, outside := guest.SubscribesInCall(), guest.Subscribes(room)
		wantsUsers(w, mine, "sip:gina@elsewhere.example;guest=1")
		wantsUsers(w, outside, "sip:gina@elsewhere.example;guest=1")

		w.Log("# nobody else is gina, whatever he says")
		thief := w.Phone("thief")
		thief.From = guest.From
		thief.MayNotSubscribe(room, 401)
		thief.Name, thief.Host = "gina", guest.Host // the NOTIFY would go to her
		thief.MayNotSubscribe(room, 401)

		w.Log("# with the call ends what she may see")
		guest.HangsUp()
		w.Later(time.Second)
		wantsEnd(w, outside, sip.Rejected)
	})
}

func TestWhoIsAtThePINSeesNothingYet(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room, withPIN)
		guest := w.Phone("gina")
		guest.Dials(dial)
		guest.WantsAnswer()
		r := guest.SubscribesInCall()
		if _, last := r.Told(); last.State != sip.SubscriptionPending || r.Roster().Started {
			w.Errorf("at the PIN the subscription stands %+v, with %+v", last, r.Roster())
		}
		guest.Presses("4711#")
		w.Later(time.Second)
		if _, last := r.Told(); last.State != sip.SubscriptionActive {
			w.Errorf("with the PIN the subscription stands %+v", last)
		}
		wantsUsers(w, r, "sip:gina@elsewhere.example;guest=1")
	})
}

func TestNewsAtMostFiveTimesASecond(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room)
		olivia := member(w, "olivia")
		r := olivia.Subscribes(room)
		w.Later(time.Second)
		for i := range 20 {
			go w.Phone(fmt.Sprint("guest", i)).ComesAndGoes(dial, time.Second, time.Duration(i+1)*100*time.Millisecond)
		}
		w.Later(10 * time.Second)
		at, _ := r.Told()
		for i := 2; i < len(at); i++ {
			if d := at[i].Sub(at[i-1]); d < 200*time.Millisecond {
				w.Errorf("%v between two notifications", d)
			}
		}
		if len(at) < 5 || len(at) > 14 {
			w.Errorf("%d notifications of what happened in two seconds", len(at))
		}
		wantsUsers(w, r)
	})
}

func TestASubscriberIsToldToComeAgain(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room)
		r := member(w, "olivia").Subscribes(room)
		if err := w.Focus.Close(w.Context()); err != nil {
			w.Fatal(err)
		}
		wantsEnd(w, r, sip.Probation)
	})
}

// sipeSubscribe is what SIPE sends (c3p.md §4.2): no Expires, no branch, and the first notification wanted in the 200.
func sipeSubscribe(callID, more string) string {
	focus := testenv.FocusURI(room)
	return strings.ReplaceAll(`SUBSCRIBE `+focus+` SIP/2.0
Via: SIP/2.0/tcp 192.0.2.99:50123
From: <sip:olivia@example.com>;tag=`+callID+`;epid=cf0b98dadeb9
To: <`+focus+`>
Max-Forwards: 70
CSeq: 1 SUBSCRIBE
User-Agent: Purple/2.14.12 Sipe/1.25.0 (linux-x86_64)
Call-ID: `+callID+`
Event: conference
Accept: application/conference-info+xml
Supported: com.microsoft.autoextend
Supported: ms-benotify
Proxy-Require: ms-benotify
Supported: ms-piggyback-first-notify
Contact: <sip:olivia@example.com;opaque=user:epid:ZZZ;gruu>
`+more+`Content-Length: 0

`, "\n", "\r\n")
}

// wire is a connection of which everything is kept that comes on it.
type wire struct {
	net.Conn
	mu   sync.Mutex
	text strings.Builder
}

func connects(w *testenv.World, from string) *wire {
	w.Helper()
	conn, err := w.Net.DialFrom(w.Context(), from, testenv.Address)
	if err != nil {
		w.Fatal(err)
	}
	c := &wire{Conn: conn}
	w.Cleanup(func() { conn.Close() })
	go func() {
		buffer := make([]byte, 64<<10)
		for {
			n, err := conn.Read(buffer)
			if err != nil {
				return
			}
			c.mu.Lock()
			c.text.Write(buffer[:n])
			c.mu.Unlock()
		}
	}()
	return c
}

// says sends a text and returns what has come until everybody is at rest.
func (c *wire) says(w *testenv.World, text string) string {
	w.Helper()
	if _, err := c.Write([]byte(text)); err != nil {
		w.Fatal(err)
	}
	return c.hears(w)
}

// hears is what has come since it was asked last.
func (c *wire) hears(w *testenv.World) string {
	w.Later(time.Second)
	c.mu.Lock()
	defer c.mu.Unlock()
	text := c.text.String()
	c.text.Reset()
	return text
}

func wantsIn(w *testenv.World, text string, want ...string) {
	w.Helper()
	for _, part := range want {
		if !strings.Contains(text, part) {
			w.Errorf("no %q in\n%s", part, text)
		}
	}
}

func TestSIPESubscribes(t *testing.T) {
	testenv.RunTrusting(t, trusting(t, true, "192.0.2.99"), func(w *testenv.World) {
		w.Conference(room, open)
		c := connects(w, "192.0.2.99:50123")

		w.Log("# the first document comes in the 200; it lasts for a day, since SIPE never refreshes")
		answer := c.says(w, sipeSubscribe("first", ""))
		wantsIn(w, answer, "SIP/2.0 200 OK", "Event: conference", "Expires: 86400", "ms-piggyback-cseq: 1", ";isfocus",
			`state="full" version="1"`, `entity="`+testenv.FocusURI(room)+`"`, "<purpose>audio-video</purpose>", "<msci:entity-view")
		if strings.Contains(answer, "NOTIFY sip") {
			w.Errorf("the first document came once more: %s", answer)
		}
		if strings.Contains(answer, "> <") || strings.Contains(answer, ">\n<") {
			w.Error("there is white space between elements")
		}

		w.Log("# what changes comes as BENOTIFY, which nobody answers")
		bob := member(w, "bob")
		bob.Dials(dial)
		bob.WantsAnswer()
		news := c.hears(w)
		wantsIn(w, news, "BENOTIFY ", "CSeq: 2 BENOTIFY", `state="partial" version="2"`, `<user entity="sip:bob@example.com" state="full">`, "<status>connected</status>")
		bob.HangsUp()
		wantsIn(w, c.hears(w), "CSeq: 3 BENOTIFY", `version="3"`, `<user entity="sip:bob@example.com" state="deleted"/>`)

		w.Log("# a SUBSCRIBE with Expires 0 and another Call-ID is the end of the first")
		wantsIn(w, c.says(w, sipeSubscribe("second", "Expires: 0\n")), "SIP/2.0 200 OK", "Subscription-State: terminated", "Call-ID: first")
	})
}

func TestWhoWaitsInTheLobbySeesNobody(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room, open, func(d *confinfo.Description) { d.Lobby = new(true) })
		guest := w.Phone("gina")
		guest.Dials(dial)
		guest.WantsAnswer()
		r := guest.SubscribesInCall()
		if _, last := r.Told(); last.State != sip.SubscriptionPending || r.Roster().Started {
			w.Errorf("in the lobby the subscription stands %+v, with %+v", last, r.Roster())
		}
		users := w.Document(room).Users
		if len(users) != 1 {
			w.Fatalf("waiting: %+v", users)
		}
		w.Succeeds(testenv.As("olivia"), &c3p.SetLobbyAccess{Keys: testenv.Keys(room), User: users[0].Entity, Access: c3p.AccessGranted})
		w.Later(time.Second)
		if _, last := r.Told(); last.State != sip.SubscriptionActive {
			w.Errorf("let in, the subscription stands %+v", last)
		}
		wantsUsers(w, r, users[0].Entity)
	})
}
