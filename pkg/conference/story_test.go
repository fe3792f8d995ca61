package conference

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

func must(t *testing.T) func([]Change, error) []Change {
	return func(changes []Change, err error) []Change {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return changes
	}
}

func TestDialledOutUserProvesWhoItIs(t *testing.T) {
	c := New(meeting(OpenAuthenticated, "1234"))
	t.Log("# alice's conference calls carol's telephone")
	e := endpointOf("phone")
	e.Method, e.Status = DialedOut, StatusDialingOut
	user, _, err := c.Join(noon, Joining{Caller: Caller{URI: "sip:Carol@example.com"}, Endpoint: e})
	if user != carol || err != nil {
		t.Fatalf("called: %s, %v", user, err)
	}
	must(t)(c.SetStatus(noon, carol, "phone", StatusConnected))

	t.Log("# carol's computer is asked for the PIN all the same, and then is carol")
	_, _, err = c.Join(noon, Joining{Caller: proved(carol), Endpoint: endpointOf("pc")})
	if !errors.Is(err, ErrPINRequired) {
		t.Errorf("carol's computer: %v, want %v", err, ErrPINRequired)
	}
	if err := c.CheckPIN("pc", "1234"); err != nil {
		t.Fatal(err)
	}
	user, changes, err := c.Join(noon, Joining{Caller: proved(carol), Endpoint: endpointOf("pc")})
	if user != carol || len(changes) != 2 || err != nil {
		t.Errorf("carol's computer: %s, %v, %v", user, changes, err)
	}
	p, _ := c.Participant(carol)
	if !p.Authenticated || len(p.Endpoints) != 2 {
		t.Errorf("carol is %+v", p)
	}
	t.Log("# her third device is hers without a PIN")
	if _, _, err := c.Join(noon, Joining{Caller: proved(carol), Endpoint: endpointOf("tablet")}); err != nil {
		t.Error(err)
	}
}

func TestMeetingIsRecordedAndExpires(t *testing.T) {
	r := meeting(Anonymous, "")
	r.Expires = noon.Add(time.Hour)
	c := New(r)
	organizer, server := Actor{User: alice}, Actor{Administrator: true}
	must(t)(c.SetRecording(noon, server, Recording))
	_, _, err := c.Join(noon, Joining{Caller: proved(bob), Endpoint: endpointOf("1")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.SetRecording(noon, Actor{User: bob}, NotRecording); !errors.Is(err, ErrNotPermitted) {
		t.Errorf("bob stops the recording: %v", err)
	}
	if _, err := c.SetRecording(noon, Actor{}, NotRecording); !errors.Is(err, ErrNotPermitted) {
		t.Errorf("nobody stops the recording: %v", err)
	}
	must(t)(c.SetRecording(noon, organizer, RecordingPaused))
	must(t)(c.SetSpeaking(noon, bob, "1", true))
	if changes := must(t)(c.SetSpeaking(noon, bob, "1", true)); len(changes) != 0 {
		t.Errorf("bob goes on speaking: %v", changes)
	}

	t.Log("# alice makes it half an hour longer; the lock stays out of her form")
	must(t)(c.SetLock(noon, organizer, true))
	r.Expires = noon.Add(90 * time.Minute)
	must(t)(c.Modify(noon, organizer, Modification{Expires: &r.Expires}))
	if !c.Locked() || !c.Deadline().Equal(r.Expires) {
		t.Errorf("locked %t until %s", c.Locked(), c.Deadline())
	}
	if changes := c.Expire(r.Expires.Add(-1)); changes != nil {
		t.Errorf("expired early: %v", changes)
	}
	changes := c.Expire(r.Expires)
	if len(changes) != 2 || changes[0].Kind != UserLeft || changes[1].Kind != ConferenceEnded {
		t.Errorf("expired with %v", changes)
	}
	if ended := c.Record().Ended; !c.Ended() || !ended.IsZero() || c.Recording() != NotRecording {
		t.Errorf("ended %t, record ended %s, %s", c.Ended(), ended, c.Recording())
	}
}

// A stream keeps its mute through a re-INVITE; a stranger's words stay bounded and printable.
func TestMediaAndTextFromOutside(t *testing.T) {
	c := New(meeting(Anonymous, ""))
	e := endpointOf("1")
	e.DisplayText = "phone\r\nEvil: yes\xff"
	user, _, err := c.Join(noon, Joining{Caller: Caller{URI: "<nonsense>"}, DisplayText: "Bob\x00", Endpoint: e})
	if user != "sip:anonymous@anonymous.invalid;guest=1" || err != nil {
		t.Fatalf("joined as %q, %v", user, err)
	}
	p, _ := c.Participant(user)
	if p.DisplayText != "Bob" || p.Endpoints[0].DisplayText != "phoneEvil: yes" {
		t.Errorf("texts %q, %q", p.DisplayText, p.Endpoints[0].DisplayText)
	}
	must(t)(c.Mute(noon, Actor{User: user}, Target{User: user, Endpoint: "1", Media: "1"}))
	must(t)(c.SetMedia(noon, user, "1", []MediaStream{
		{ID: "1", Type: Audio, Direction: RecvOnly}, {ID: "2", Type: Video, Direction: SendRecv}}))
	p, _ = c.Participant(user)
	if got := p.Endpoint("1").Stream("1").Muted; got != MutedBySelf {
		t.Errorf("after a re-INVITE muted is %d, want %d", got, MutedBySelf)
	}
	for what, media := range map[string][]MediaStream{
		"twice the same id": {{ID: "1", Direction: SendRecv}, {ID: "1", Direction: SendRecv}},
		"no id":             {{Direction: SendRecv}},
		"no direction":      {{ID: "1"}},
	} {
		if _, err := c.SetMedia(noon, user, "1", media); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v, want %v", what, err, ErrInvalid)
		}
	}
	if _, err := c.Mute(noon, Actor{User: user}, Target{User: user, Media: "7"}); !errors.Is(err, ErrNoSuchMedia) {
		t.Errorf("mute of no stream: %v", err)
	}
}

func TestConferenceIsBounded(t *testing.T) {
	c := New(meeting(Anonymous, ""))
	for i := range maxEndpoints + 1 {
		_, _, err := c.Join(noon, Joining{Caller: proved(bob), Endpoint: endpointOf(EndpointID(fmt.Sprint(i)))})
		if (err == nil) != (i < maxEndpoints) || err != nil && !errors.Is(err, ErrFull) {
			t.Errorf("endpoint %d of bob: %v", i, err)
		}
	}
	for i := range maxParticipants {
		_, _, err := c.Join(noon, Joining{Endpoint: endpointOf("1")})
		if (err == nil) != (i < maxParticipants-1) || err != nil && !errors.Is(err, ErrFull) {
			t.Fatalf("guest %d: %v", i, err)
		}
	}
	must(t)(c.End(noon, Actor{User: alice}))
	if len(c.removed) > maxRemoved {
		t.Errorf("%d removals remembered, want at most %d", len(c.removed), maxRemoved)
	}
	if _, ok := c.Since(1); ok {
		t.Error("the difference since revision 1 is forgotten and was told")
	}
	if _, ok := c.Since(c.Revision() - 10); !ok {
		t.Error("the latest difference is not known")
	}
	if _, ok := c.Since(c.Revision() + 1); ok {
		t.Error("a revision to come is known")
	}
}
