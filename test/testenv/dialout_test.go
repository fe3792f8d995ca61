package testenv_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/focus"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
	"github.com/seed-f3cefc8c/focus/test/testenv"
)

// meeting has its organizer in a call, bob registered at a telephone of his, and everybody else outside.
func meeting(w *testenv.World) (olivia, bob *testenv.Phone) {
	for _, name := range []string{"olivia", "bob", "carol"} {
		w.User(name)
	}
	w.Conference(room)
	olivia, bob = w.Phone("olivia"), w.Phone("bob")
	olivia.User, olivia.From = "olivia", testenv.Organizer
	olivia.Dials(dial)
	olivia.WantsAnswer()
	bob.IsAt("bob")
	return olivia, bob
}

// wantsLegs compares how many telephones the MCU has.
func wantsLegs(w *testenv.World, want int) {
	w.Helper()
	if at := w.MCU.Len(); at != want {
		w.Errorf("the MCU has %d telephones, want %d", at, want)
	}
}

// wantsEndpoint compares the status of a participant's last endpoint, "" for somebody who is not in the roster.
func wantsEndpoint(w *testenv.World, user, status string) confinfo.Endpoint {
	w.Helper()
	var last confinfo.Endpoint
	for _, u := range w.Document(room).Users {
		if u.Entity == user {
			last = u.Endpoints[len(u.Endpoints)-1]
		}
	}
	if last.Status != status {
		w.Errorf("%s is %q, want %q", user, last.Status, status)
	}
	return last
}

func TestAPresenterHasSomebodyCalled(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		olivia, bob := meeting(w)
		w.Log("# RFC 4579 §5: REFER asks the focus to call somebody")
		olivia.Refers("<sip:bob@example.com>", 202)
		if !bob.Rings() {
			w.Fatal("bob's telephone does not ring")
		}
		wantsEndpoint(w, "sip:bob@example.com", confinfo.StatusAlerting)
		w.Later(time.Second)
		olivia.WantsNews("SIP/2.0 100 Trying", "SIP/2.0 180 Ringing")
		invite := bob.Requests()[0]
		for name, want := range map[string]string{
			"Contact": ";isfocus", "From": dial, "Referred-By": "<" + testenv.Organizer + ">", "Content-Type": "application/sdp",
		} {
			if got := sip.HeaderValue(invite, name); !strings.Contains(got, want) {
				w.Errorf("%s: %q, want %q in it", name, got, want)
			}
		}
		bob.PicksUp()
		w.Later(time.Second)
		olivia.WantsNews("SIP/2.0 200 OK")
		e := wantsEndpoint(w, "sip:bob@example.com", confinfo.StatusConnected)
		if e.JoiningMethod != confinfo.DialedOut || len(e.Media) != 1 {
			w.Errorf("%+v", e)
		}
		w.WantsRoster(room, testenv.Organizer, "sip:bob@example.com")
		if at := w.MCU.Endpoint("sip:bob@example.com"); at == nil || !strings.Contains(at.SDP, bob.Host) || at.Source != "sip:"+bob.Host {
			w.Errorf("at the MCU: %v", at)
		}
		w.Log("# it is a call like others")
		bob.Presses("1")
		bob.HangsUp()
		w.WantsRoster(room, testenv.Organizer)
		wantsLegs(w, 1)
	})
}

func TestACallThatIsNotAnswered(t *testing.T) {
	for name, row := range map[string]struct {
		answers int
		status  string
		method  string
	}{
		"busy":         {486, "486 Busy Here", confinfo.Busy},
		"declined":     {603, "603 Decline", confinfo.Failed},
		"not there":    {480, "480 Temporarily Unavailable", confinfo.Failed},
		"nobody comes": {0, "408 Request Timeout", confinfo.Failed},
	} {
		t.Run(name, func(t *testing.T) {
			testenv.Run(t, func(w *testenv.World) {
				olivia, bob := meeting(w)
				bob.Answers = row.answers
				olivia.Refers("<sip:bob@example.com>", 202)
				if row.answers == 0 {
					w.Later(time.Minute - time.Millisecond)
					wantsEndpoint(w, "sip:bob@example.com", confinfo.StatusAlerting)
					w.Later(2 * time.Millisecond)
					if bob.Rings() {
						w.Error("it still rings")
					}
					olivia.WantsNews("SIP/2.0 100 Trying", "SIP/2.0 180 Ringing", "SIP/2.0 "+row.status)
				} else {
					olivia.WantsNews("SIP/2.0 100 Trying", "SIP/2.0 "+row.status)
				}
				e := wantsEndpoint(w, "sip:bob@example.com", confinfo.StatusDisconnected)
				if e.DisconnectionMethod != row.method || !strings.HasSuffix(row.status, e.DisconnectionInfo.Reason) {
					w.Errorf("%+v", e)
				}
				wantsLegs(w, 1)
				w.Later(10 * time.Second)
				w.WantsRoster(room, testenv.Organizer)
			})
		})
	}
}

func TestAllTelephonesRingAndOneIsPickedUp(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		olivia, desk := meeting(w)
		mobile := w.Phone("mobile")
		mobile.IsAt("bob")
		olivia.Refers("<sip:bob@example.com>", 202)
		if !desk.Rings() || !mobile.Rings() {
			w.Fatal("not both ring")
		}
		mobile.PicksUp()
		if desk.Rings() || !mobile.Talks() {
			w.Errorf("desk rings %v, mobile talks %v", desk.Rings(), mobile.Talks())
		}
		wantsEndpoint(w, "sip:bob@example.com", confinfo.StatusConnected)
		wantsLegs(w, 2)
	})
}

func TestWhomAConferenceDoesNotCall(t *testing.T) {
	for _, row := range []struct {
		to     string
		status int
	}{
		{"<sip:mallory@elsewhere.example>", 403},
		{"<tel:+15551234>", 403},
		{"<sip:" + room + "@example.com>", 403},
		{"<sip:" + room + "@192.0.2.1>", 403},
		{"<sip:conference-factory@example.com>", 403},
		{"<sip:olivia@example.com;gruu;opaque=app:conf:focus:id:" + room + ">", 403},
		{"<sip:nobody@example.com>", 404},
		{"<sip:bob@example.com?Route=%3Csip:eve%3E>", 400},
		{"<sip:bob@example.com;method=OPTIONS>", 403},
		{"garbage", 400},
	} {
		t.Run(row.to, func(t *testing.T) {
			testenv.Run(t, func(w *testenv.World) {
				olivia, _ := meeting(w)
				olivia.Refers(row.to, row.status)
				w.Later(time.Second)
				olivia.WantsNews()
				w.WantsRoster(room, testenv.Organizer)
			})
		})
	}
}

func TestAUserWhoIsNotRegistered(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		olivia, _ := meeting(w)
		olivia.Refers("<sip:carol@example.com>", 202)
		olivia.WantsNews("SIP/2.0 100 Trying", "SIP/2.0 480 Temporarily Unavailable")
	})
}

func TestAContactThatLeadsToAConference(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		olivia, bob := meeting(w)
		bob.Registers("sip:bob@example.com", "Contact: *", "Expires: 0")
		bob.Registers("sip:bob@example.com", "Contact: <sip:"+room+"@example.com>")
		bob.WantsStatus(200)
		olivia.Refers("<sip:bob@example.com>", 202)
		olivia.WantsNews("SIP/2.0 100 Trying", "SIP/2.0 480 Temporarily Unavailable")
	})
}

func TestPolicyOfDiallingOut(t *testing.T) {
	for policy, status := range map[focus.DialOutPolicy]int{focus.DialNobody: 403, focus.DialRegistered: 403, focus.DialAnybody: 202} {
		t.Run(string(policy), func(t *testing.T) {
			testenv.RunConfigured(t, func(c *focus.Config) { c.DialOut = policy }, func(w *testenv.World) {
				olivia, _ := meeting(w)
				dave := w.Phone("dave")
				dave.Answers = 200
				olivia.Refers("<sip:dave@"+dave.Host+">", status)
				w.Later(time.Second)
				if talks := dave.Talks(); talks != (status == 202) {
					w.Errorf("dave talks: %v", talks)
				}
				own := map[bool]int{true: 403, false: 202}[policy == focus.DialNobody]
				olivia.Refers("<sip:bob@example.com>", own)
			})
		})
	}
}

func TestACallThatComesBack(t *testing.T) {
	testenv.RunConfigured(t, func(c *focus.Config) { c.DialOut = focus.DialAnybody }, func(w *testenv.World) {
		olivia, _ := meeting(w)
		w.Log("# a proxy sends the call back to the conference it comes from")
		proxy := w.Phone("proxy")
		proxy.Asked = func(tx *sip.ServerTransaction) {
			again := tx.Request().Clone()
			again.RemoveHeader("Via")
			again.SetSource("")
			again.SetDestination("")
			again.Recipient, _ = sip.ParseURI("sip:" + room + "@" + testenv.Address)
			if res, err := proxy.UA.Do(w.Context(), again); err == nil {
				_ = tx.Reply(res.StatusCode)
			}
		}
		olivia.Refers("<sip:anybody@"+proxy.Host+">", 202)
		w.Later(time.Second)
		olivia.WantsNews("SIP/2.0 100 Trying", "SIP/2.0 482 Loop Detected")
	})
}

func TestWhoMayRefer(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		olivia, bob := meeting(w)
		guest := w.Phone("guest")
		guest.Dials(dial)
		guest.WantsAnswer()
		w.Log("# an attendee may not call, nor remove others")
		guest.Refers("<sip:bob@example.com>", 403)
		guest.Refers("<"+testenv.Organizer+";method=BYE>", 403)
		guest.Refers("<sip:nobody@example.com;method=BYE>", 403)
		if bob.Rings() {
			w.Error("bob's telephone rings")
		}
		w.Log("# a presenter may remove a guest, by the name that the guest gave")
		olivia.Refers("<sip:guest@elsewhere.example;method=BYE>", 202)
		guest.WantsBye(time.Second, "removed")
		w.Later(time.Second)
		olivia.WantsNews("SIP/2.0 100 Trying", "SIP/2.0 200 OK")
		w.WantsRoster(room, testenv.Organizer)
		olivia.Refers("<sip:nobody@example.com;method=BYE>", 404)
	})
}

func TestReferOutsideOfACall(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		_, bob := meeting(w)
		w.Log("# whoever is not in the conference must say who he is")
		eve := w.Phone("eve")
		for _, uri := range []string{dial, testenv.FocusURI(room)} {
			if res := eve.AsksOutside(sip.REFER, uri, ""); res.StatusCode != 401 {
				w.Errorf("REFER to %s: %d, want 401", uri, res.StatusCode)
			}
		}
		for name, want := range map[string]int{"carol": 403, "olivia": 202} {
			eve.User = name
			if got := eve.RefersOutside(dial, "<sip:bob@example.com>"); got != want {
				w.Errorf("REFER of %s: %d, want %d", name, got, want)
			}
		}
		if !bob.Rings() {
			w.Error("bob's telephone does not ring")
		}
	})
}

func TestSomebodyIsRemovedWhileItRings(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		olivia, bob := meeting(w)
		olivia.Refers("<sip:bob@example.com>", 202)
		olivia.Refers("<sip:bob@example.com;method=BYE>", 202)
		if bob.Rings() {
			w.Error("it still rings")
		}
		w.WantsRoster(room, testenv.Organizer)
		w.Later(time.Second)
		wantsLegs(w, 1)
		w.Log("# and the meeting ends while it rings")
		olivia.Refers("<sip:bob@example.com>", 202)
		w.Succeeds(testenv.Admin, &c3p.DeleteConference{Keys: testenv.Keys(room)})
		w.Later(time.Second) // the command is answered before everybody has been told
		if bob.Rings() || olivia.Talks() {
			w.Error("it still rings, or olivia still talks")
		}
	})
}

func TestAddUserDialsOut(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		_, bob := meeting(w)
		add := func(user, method string) *c3p.AddUser {
			return &c3p.AddUser{Keys: testenv.Keys(room), User: &confinfo.User{
				Entity: user, DisplayText: "Bob", Roles: []string{confinfo.Presenter}, Endpoints: []confinfo.Endpoint{{Entity: "x", JoiningMethod: method}},
			}}
		}
		w.Fails(testenv.As("carol"), add("sip:bob@example.com", confinfo.DialedOut), c3p.ReasonForbidden)
		w.Fails(testenv.As("olivia"), add("sip:bob@elsewhere.example", confinfo.DialedOut), c3p.ReasonForbidden)
		w.Fails(testenv.As("olivia"), add("sip:bob@example.com", confinfo.DialedIn), c3p.ReasonNotImplemented)
		added := w.Succeeds(testenv.As("olivia"), add("sip:bob@example.com", confinfo.DialedOut)).(*c3p.AddUser)
		if e := added.User.Endpoints[0]; e.Status != confinfo.StatusDialingOut || e.Entity == "" || added.User.Entity != "sip:bob@example.com" {
			w.Errorf("answered %+v", added.User)
		}
		bob.PicksUp()
		if e := wantsEndpoint(w, "sip:bob@example.com", confinfo.StatusConnected); e.Entity != added.User.Endpoints[0].Entity {
			w.Errorf("endpoint %q, not %q", e.Entity, added.User.Endpoints[0].Entity)
		}
		for _, u := range w.Document(room).Users {
			if u.Entity == "sip:bob@example.com" && fmt.Sprint(u.Roles) != "[presenter]" {
				w.Errorf("roles %v", u.Roles)
			}
		}
	})
}

func TestAnAnswerWithoutMedia(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		olivia, bob := meeting(w)
		olivia.Refers("<sip:bob@example.com>", 202)
		w.MCU.Refuse("modifyEndpoint", &c3p.Error{Reason: c3p.ReasonMediaNotAcceptable, Detail: "305 no common codec"})
		bob.PicksUp()
		bob.WantsBye(time.Second, "cause=488")
		w.MCU.Refuse("modifyEndpoint", nil)
		w.Later(time.Second)
		olivia.WantsNews("SIP/2.0 100 Trying", "SIP/2.0 488 Not Acceptable Here")
		wantsEndpoint(w, "sip:bob@example.com", confinfo.StatusDisconnected)
	})
}
