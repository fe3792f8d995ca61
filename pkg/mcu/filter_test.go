package mcu

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
)

func (p *phone) filter(only bool, whom ...string) *c3p.SetMediaFilter {
	return &c3p.SetMediaFilter{Keys: c3p.UserKeys{Conference: room, User: p.user()}, Only: only, Users: whom}
}

func TestAFilterIsForWhoComesLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		alice, bob := w.phone("alice", 400).joins(), w.phone("bob", 0).joins()
		t.Log("# bob is not to hear alice, nor carol when she comes")
		w.succeeds(bob.filter(false, "sip:carol@example.com", "sip:alice@example.com"))
		w.talk(time.Second, alice, bob)
		carol := w.phone("carol", 1100).joins()
		w.talk(time.Second, alice, bob, carol)
		bob.wantsNoTone(400, "filtered")
		bob.wantsNoTone(1100, "filtered before she came")
		carol.wantsTone(400, "the filter is bob's")

		t.Log("# bob's second device has his filter too")
		keys := bob.keys()
		second := w.phone("bob", 0)
		invitation := second.invitation(confinfo.Endpoint{SDP: &confinfo.SDP{Type: confinfo.SDPOffer, Text: second.sdp("sendrecv")}})
		invitation.User.Endpoints[0].Entity = "{second}"
		second.answered(w.succeeds(invitation).(*c3p.AddUser).User.Endpoints[0].SDP)
		w.talk(time.Second, alice, bob, carol, second)
		second.wantsNoTone(400, "bob's")

		t.Log("# and it goes with his last one")
		w.succeeds(&c3p.DeleteUser{Keys: c3p.UserKeys{Conference: room, User: keys.User}})
		bob = w.phone("bob", 0).joins()
		w.talk(time.Second, alice, bob, carol)
		bob.wantsTone(400, "came back")
		w.fails(w.phone("dave", 0).filter(true), c3p.ReasonEndpointDoesNotExist)
	})
}

func TestManyStreamsAreMutedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		alice, bob, carol := w.phone("alice", 0).joins(), w.phone("bob", 700).joins(), w.phone("carol", 1100).joins()
		w.talk(time.Second, alice, bob, carol)
		document := &confinfo.Document{Entity: room, State: confinfo.Partial, UsersState: confinfo.Partial}
		for _, p := range []*phone{bob, carol, w.phone("dave", 0)} { // dave has left meanwhile
			document.Users = append(document.Users, confinfo.User{Entity: p.user(), State: confinfo.Partial, Endpoints: []confinfo.Endpoint{{
				Entity: p.keys().Endpoint, State: confinfo.Partial, Media: []confinfo.Media{{ID: "1", IngressFilter: confinfo.Block}},
			}}})
		}
		w.succeeds(&c3p.ModifyConference{Conference: document})
		w.talk(time.Second, alice, bob, carol)
		alice.wantsNoTone(700, "bob is muted")
		alice.wantsNoTone(1100, "carol is muted")
		document.Entity = "sip:nobody@example.com"
		w.fails(&c3p.ModifyConference{Conference: document}, c3p.ReasonConferenceDoesNotExist)
	})
}

func TestWhoJoinsMutedIsNeverHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		alice := w.phone("alice", 0).joins()
		bob := w.phone("bob", 700).joins(func(e *confinfo.Endpoint) {
			e.Media = []confinfo.Media{{ID: "1", IngressFilter: confinfo.Block}}
		})
		w.talk(200*time.Millisecond, alice, bob)
		alice.wantsNoTone(700, "muted from the beginning")
		w.talk(time.Second, alice, bob)
		alice.wantsNoTone(700, "muted")
	})
}

func TestConferenceWithoutAnnouncements(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		silent := "sip:alice@example.com;gruu;opaque=app:conf:focus:id:silent00"
		w.succeeds(&c3p.AddConference{Conference: &confinfo.Document{
			Entity: silent, ConferenceState: &confinfo.ConferenceState{Announcements: new(bool)},
		}})
		if c, err := w.server.conference(silent); err != nil || c.announcements {
			t.Errorf("announcements in %+v, %v", c, err)
		}
	})
}
