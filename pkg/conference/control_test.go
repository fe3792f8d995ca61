package conference

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// room is alice's conference with users in it, each with endpoint 1.
func room(t *testing.T, users ...UserID) *Conference {
	t.Helper()
	c := New(meeting(Anonymous, ""))
	for _, user := range users {
		if _, _, err := c.Join(noon, Joining{Caller: proved(user), Endpoint: endpointOf("1")}); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func TestTheActiveSpeaker(t *testing.T) {
	c := room(t, alice, bob, carol)
	for _, step := range []struct {
		user  UserID
		speak bool
		want  UserID
		why   string
	}{
		{bob, true, bob, "the only one who speaks"},
		{carol, true, bob, "bob still speaks"},
		{bob, false, carol, "carol goes on"},
		{bob, true, carol, "bob comes after her now"},
		{carol, false, bob, "bob is left"},
		{bob, false, bob, "nobody speaks: he was the last"},
		{alice, true, alice, "somebody speaks"},
	} {
		must(t)(c.SetSpeaking(noon, step.user, "1", step.speak))
		if got := c.ActiveSpeaker(); got != step.want {
			t.Errorf("active is %q, want %q: %s", got, step.want, step.why)
		}
	}
	must(t)(c.SetSpeaking(noon, bob, "1", true))
	changes := must(t)(c.Leave(noon, alice))
	if c.ActiveSpeaker() != bob || len(changes) != 2 || changes[1].Kind != ActiveSpeakerChanged {
		t.Errorf("alice left: %q is active, %v", c.ActiveSpeaker(), changes)
	}
	must(t)(c.Disconnect(noon, bob, "1", Failed, ""))
	if c.ActiveSpeaker() != bob {
		t.Errorf("bob's call failed, and %q is active", c.ActiveSpeaker())
	}
	if must(t)(c.Leave(noon, bob)); c.ActiveSpeaker() != "" {
		t.Errorf("bob left, and %q is active", c.ActiveSpeaker())
	}
}

func TestHandsKeepTheirOrder(t *testing.T) {
	c := room(t, alice, bob, carol)
	for _, user := range []UserID{carol, bob, carol} {
		must(t)(c.RaiseHand(noon, Actor{User: user}, user, true))
	}
	if got := c.Hands(); !slices.Equal(got, []UserID{carol, bob}) {
		t.Errorf("hands %v", got)
	}
	t.Log("# alice calls on carol, who comes last when she raises her hand again")
	changes := must(t)(c.RaiseHand(noon, Actor{User: alice}, carol, false))
	if len(changes) != 1 || changes[0].Kind != HandChanged || changes[0].User != carol || changes[0].By != alice {
		t.Errorf("lowered by alice: %+v", changes)
	}
	changes = must(t)(c.RaiseHand(noon, Actor{User: carol}, carol, true))
	if p, _ := c.Participant(carol); p.Hand != changes[0].Revision || changes[0].By != "" {
		t.Errorf("hand %d, raised at %+v", p.Hand, changes[0])
	}
	if got := c.Hands(); !slices.Equal(got, []UserID{bob, carol}) {
		t.Errorf("hands %v", got)
	}
	if changes := must(t)(c.LowerHands(noon, Actor{User: alice})); len(changes) != 2 || c.Hands() != nil {
		t.Errorf("all lowered: %v, %v", changes, c.Hands())
	}
}

func TestNineSpotlights(t *testing.T) {
	var users []UserID
	for i := range maxSpotlights + 1 {
		users = append(users, UserID(fmt.Sprintf("sip:user%d@example.com", i)))
	}
	c := room(t, users...)
	last := users[maxSpotlights]
	for i, user := range users {
		if _, err := c.SetSpotlight(noon, Actor{User: alice}, user, true); (err == nil) != (i < maxSpotlights) || err != nil && !errors.Is(err, ErrFull) {
			t.Errorf("spotlight %d: %v", i+1, err)
		}
	}
	must(t)(c.Leave(noon, users[0]))
	must(t)(c.SetSpotlight(noon, Actor{User: alice}, last, true))
	must(t)(c.SetSpotlight(noon, Actor{User: alice}, users[1], false))
	if p, _ := c.Participant(last); !p.Spotlight || c.spotlights != maxSpotlights-1 {
		t.Errorf("%d spotlights, the last %t", c.spotlights, p.Spotlight)
	}
}

func TestFiltersAreBounded(t *testing.T) {
	c := room(t, bob)
	for what, users := range map[string][]UserID{
		"no name":        {""},
		"a long name":    {UserID(strings.Repeat("x", maxURI+1))},
		"too many names": make([]UserID, 0),
	} {
		for i := range maxFilter + 1 {
			if what == "too many names" {
				users = append(users, UserID(fmt.Sprint("sip:", i, "@example.com")))
			}
		}
		if _, err := c.SetMediaFilter(noon, Actor{User: alice}, bob, MediaFilter{Users: users}); !errors.Is(err, ErrInvalidFilter) {
			t.Errorf("%s: %v, want %v", what, err, ErrInvalidFilter)
		}
	}
	must(t)(c.SetMediaFilter(noon, Actor{User: alice}, bob, MediaFilter{Only: true, Users: []UserID{carol, alice, carol}}))
	p, _ := c.Participant(bob)
	if !slices.Equal(p.Hears.Users, []UserID{alice, carol}) || p.Hears.Passes(bob) || !p.Hears.Passes(carol) {
		t.Errorf("bob hears %+v", p.Hears)
	}
}

func TestTargetsOfAMute(t *testing.T) {
	c := room(t, bob)
	must(t)(c.SetMedia(noon, bob, "1", []MediaStream{{ID: "1", Type: Audio, Direction: SendRecv}, {ID: "2", Type: Video, Direction: SendRecv}}))
	for _, row := range []struct {
		target Target
		want   [2]bool
		what   string
	}{
		{Target{User: bob}, [2]bool{true, false}, "a user is his audio"},
		{Target{User: bob, Endpoint: "1"}, [2]bool{true, true}, "an endpoint is all its streams"},
		{Target{User: bob, Media: "2"}, [2]bool{false, true}, "one stream"},
	} {
		must(t)(c.Mute(noon, Actor{User: bob}, row.target))
		p, _ := c.Participant(bob)
		e := p.Endpoint("1")
		if got := [2]bool{e.Media[0].Muted == MutedBySelf, e.Media[1].Muted == MutedBySelf}; got != row.want {
			t.Errorf("%s: %v, want %v", row.what, got, row.want)
		}
		must(t)(c.Unmute(noon, Actor{User: bob}, row.target))
	}
}

// A record is taken back as it was: what modifyConference does when the disk refuses.
func TestContentUndoesAModification(t *testing.T) {
	r := meeting(OpenAuthenticated, "1234")
	r.Subject, r.Expires, r.Lobby = "Budget", noon.AddDate(0, 0, 1), true
	c := New(r)
	before := c.Record()
	pin, policy, off := PIN(""), Anonymous, false
	must(t)(c.Modify(noon, Actor{User: alice}, Modification{
		Subject: new(string), PIN: &pin, AdmissionPolicy: &policy, Lobby: &off, Expires: &noon2, AutoRecord: new(true), Invitees: []UserID{},
	}))
	after := c.Record()
	if after.Equal(&before) || after.Subject != "" || after.PIN != "" || after.Lobby || !after.Expires.Equal(noon2) || len(after.Invitees) != 0 {
		t.Errorf("modified to %+v", after)
	}
	must(t)(c.Modify(noon, Actor{Server: true}, before.Content()))
	if after = c.Record(); !after.Equal(&before) {
		t.Errorf("taken back to %+v, want %+v", after, before)
	}
	c.Stored(5)
	if _, err := c.Modify(noon, Actor{User: alice}, Modification{Version: 4, Subject: new(string)}); !errors.Is(err, ErrVersion) {
		t.Errorf("an old version: %v", err)
	}
	must(t)(c.Modify(noon, Actor{User: alice}, Modification{Version: 5, Subject: new(string)}))
}

var noon2 = noon.AddDate(0, 0, 2)

func TestRolesAreRemembered(t *testing.T) {
	c := room(t, bob)
	must(t)(c.SetRole(noon, Actor{User: alice}, bob, Presenter))
	must(t)(c.Leave(noon, bob))
	again := New(c.Record())
	if _, _, err := again.Join(noon, Joining{Caller: proved(bob), Endpoint: endpointOf("1")}); err != nil {
		t.Fatal(err)
	}
	if p, _ := again.Participant(bob); p.Role != Presenter {
		t.Errorf("bob is %s", p.Role)
	}
	t.Log("# somebody who only says to be bob is not")
	guest, _, err := again.Join(noon, Joining{Caller: Caller{URI: URI(bob)}, Endpoint: endpointOf("1")})
	if p, _ := again.Participant(guest); err != nil || p.Role != Attendee {
		t.Errorf("%s is %s, %v", guest, p.Role, err)
	}
	for i := range maxRoles {
		again.record.Roles[UserID(fmt.Sprintf("sip:user%d@example.com", i))] = Presenter
	}
	if _, _, err := again.Join(noon, Joining{Caller: proved(carol), Endpoint: endpointOf("1")}); err != nil {
		t.Fatal(err)
	}
	if _, err := again.SetRole(noon, Actor{User: alice}, carol, Presenter); !errors.Is(err, ErrFull) {
		t.Errorf("one role too many: %v", err)
	}
}
