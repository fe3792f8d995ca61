package mcu

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
)

func TestThreePhonesHearEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		alice, bob, carol := w.phone("alice", 400).joins(), w.phone("bob", 700).joins(), w.phone("carol", 1100).joins()
		w.talk(2*time.Second, alice, bob, carol)

		t.Log("# everybody hears the two others, and not himself")
		alice.wantsNoTone(400, "her own")
		alice.wantsTone(700, "bob")
		alice.wantsTone(1100, "carol")
		bob.wantsTone(400, "alice")
		bob.wantsNoTone(700, "his own")
		carol.wantsTone(400, "alice")
		carol.wantsTone(700, "bob")
		if alice.packets < 98 || alice.packets > 102 {
			t.Errorf("alice got %d packets in 2 s, want 100", alice.packets)
		}

		t.Log("# bob is muted by the presenter")
		mute := &c3p.ModifyEndpointMedia{
			Keys:  c3p.MediaKeys{Conference: room, User: bob.user(), Endpoint: bob.keys().Endpoint, Media: "1"},
			Media: &confinfo.Media{ID: "1", Type: "audio", IngressFilter: confinfo.Block},
		}
		w.succeeds(mute)
		w.talk(time.Second, alice, bob, carol)
		alice.wantsNoTone(700, "bob is muted")
		bob.wantsTone(400, "the muted still hear")

		t.Log("# and unmuted")
		mute.Media.IngressFilter = confinfo.Unblock
		w.succeeds(mute)
		w.talk(time.Second, alice, bob, carol)
		alice.wantsTone(700, "bob is back")

		t.Log("# carol leaves")
		w.succeeds(&c3p.DeleteUser{Keys: c3p.UserKeys{Conference: room, User: carol.user()}})
		w.talk(time.Second, alice, bob)
		alice.wantsNoTone(1100, "carol is gone")
		w.fails(&c3p.DeleteUser{Keys: c3p.UserKeys{Conference: room, User: carol.user()}}, c3p.ReasonEndpointDoesNotExist)
	})
}

func TestHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		alice, bob := w.phone("alice", 400).joins(), w.phone("bob", 700).joins()
		w.talk(time.Second, alice, bob)

		t.Log("# alice holds: she neither hears nor is heard")
		offer := func(direction string) *c3p.ModifyEndpoint {
			return &c3p.ModifyEndpoint{Keys: alice.keys(), Endpoint: &confinfo.Endpoint{Entity: alice.keys().Endpoint,
				SDP: &confinfo.SDP{Type: confinfo.SDPOffer, Text: alice.sdp(direction)}}}
		}
		w.succeeds(offer("inactive"))
		w.talk(time.Second, alice, bob)
		bob.wantsNoTone(400, "alice holds")
		alice.forget()
		w.talk(time.Second, alice, bob)
		if alice.packets != 0 {
			t.Errorf("alice got %d packets while she held", alice.packets)
		}

		t.Log("# and resumes")
		body := w.succeeds(offer("sendrecv")).(*c3p.ModifyEndpoint)
		alice.answered(body.Endpoint.SDP)
		w.talk(time.Second, alice, bob)
		alice.wantsTone(700, "resumed")
		bob.wantsTone(400, "resumed")
	})
}

func TestLateOffer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		alice, bob := w.phone("alice", 400).joins(), w.phone("bob", 700)

		t.Log("# bob's INVITE has no offer: the MCU makes one")
		body := w.succeeds(bob.invitation(confinfo.Endpoint{})).(*c3p.AddUser)
		if s := body.User.Endpoints[0].SDP; s == nil || s.Type != confinfo.SDPOffer {
			t.Fatalf("got %+v, want an offer", s)
		}
		bob.answered(body.User.Endpoints[0].SDP)
		w.fails(&c3p.PlayPrompt{Keys: bob.keys(), Prompts: []string{"joining"}}, c3p.ReasonEndpointDoesNotExist)
		w.talk(time.Second, alice)

		t.Log("# his ACK brings the answer")
		w.succeeds(&c3p.ModifyEndpoint{Keys: bob.keys(), Endpoint: &confinfo.Endpoint{Entity: bob.keys().Endpoint,
			SDP: &confinfo.SDP{Type: confinfo.SDPAnswer, Text: bob.sdp("sendrecv")}}})
		w.talk(time.Second, alice, bob)
		alice.wantsTone(700, "bob")
		bob.wantsTone(400, "alice")
	})
}

// A BYE may overtake an answer, or the word to let somebody in.
func TestWhoIsGoneStaysGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		alice, bob := w.phone("alice", 400).joins(), w.phone("bob", 700)
		w.succeeds(bob.invitation(confinfo.Endpoint{}))
		c, err := w.server.conference(room)
		if err != nil {
			t.Fatal(err)
		}
		leg, err := c.find(t.Context(), bob.keys())
		if err != nil {
			t.Fatal(err)
		}
		w.succeeds(&c3p.DeleteUser{Keys: c3p.UserKeys{Conference: room, User: bob.user()}})

		err = c.renegotiate(t.Context(), leg, &confinfo.Endpoint{SDP: &confinfo.SDP{Type: confinfo.SDPAnswer, Text: bob.sdp("sendrecv")}},
			func(*Leg, *confinfo.SDP) { t.Error("the rest of the command is done to a leg that is gone") })
		if !errors.Is(err, errNoEndpoint) {
			t.Errorf("answer of somebody who is gone: %v, want %v", err, errNoEndpoint)
		}
		w.talk(time.Second, alice)
		if n := c.mixer.Len(); n != 1 {
			t.Errorf("%d in the mix, want alice alone", n)
		}
	})
}

func TestWhoWaitsOutsideHearsPromptsOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		alice := w.phone("alice", 400).joins()
		eve := w.phone("eve", 700).joins(func(e *confinfo.Endpoint) { e.Admitted = new(false) })

		t.Log("# eve is asked for the PIN")
		w.succeeds(&c3p.PlayPrompt{Keys: eve.keys(), ID: "ask", Prompts: []string{"pin-enter"}})
		w.talk(800*time.Millisecond, alice, eve)
		eve.wantsTone(1500, "the prompt")
		eve.wantsNoTone(400, "she is in no mix")
		alice.wantsNoTone(700, "eve is in no mix")
		alice.wantsNoTone(1500, "the prompt is for eve")
		w.talk(time.Second, alice, eve)
		if e, ok := w.last().(*c3p.PromptFinished); !ok || e.ID != "ask" || e.Outcome != c3p.OutcomeFinished {
			t.Errorf("last event %+v, want the prompt finished", w.last())
		}

		t.Log("# the PIN was right")
		w.succeeds(&c3p.ModifyEndpoint{Keys: eve.keys(), Endpoint: &confinfo.Endpoint{Entity: eve.keys().Endpoint, Admitted: new(true)}})
		w.talk(time.Second, alice, eve)
		eve.wantsTone(400, "admitted")
		alice.wantsTone(700, "admitted")
	})
}

func (w *world) last() c3p.Event {
	synctest.Wait()
	all := w.events()
	if len(all) == 0 {
		return nil
	}
	return all[len(all)-1]
}

func TestDigits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		alice := w.phone("alice", 0).joins()
		w.talk(100*time.Millisecond, alice)
		for i := range 6 { // RFC 4733: the same event, longer and longer, its end three times
			end := byte(0)
			if i > 2 {
				end = 0x80
			}
			alice.packet(101, []byte{5, end | 10, byte(i * 160 >> 8), byte(i * 160)})
		}
		w.talk(100*time.Millisecond, alice)
		var digits string
		synctest.Wait()
		for _, e := range w.events() {
			if d, ok := e.(*c3p.Digit); ok {
				digits += d.Digit
			}
		}
		if digits != "5" {
			t.Errorf("digits %q, want one 5", digits)
		}
	})
}

func TestSilentLegEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		alice := w.phone("alice", 400).joins()
		w.talk(time.Second, alice)

		t.Log("# alice's cable is pulled")
		time.Sleep(61 * time.Second)
		synctest.Wait()
		w.mu.Lock()
		defer w.mu.Unlock()
		var reason string
		for _, n := range w.news {
			if n.Conference != nil {
				reason = n.Conference.Users[0].Endpoints[0].DisconnectionInfo.Reason
			}
		}
		if reason != "mediaTimeout" {
			t.Errorf("the focus was told %q, want mediaTimeout", reason)
		}
	})
}

// Two callers who name each other's port at the MCU as their own address would have it talk to itself for ever.
func TestLegsDoNotKeepEachOtherAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		mallory, eve := w.phone("mallory", 0).joins(), w.phone("eve", 0).joins()
		names := func(p, other *phone) {
			text := strings.Replace(p.sdp("sendrecv"), fmt.Sprintf("m=audio %d ", p.conn.LocalAddr().Port()), fmt.Sprintf("m=audio %d ", other.to.Addr().Port()), 1)
			text = strings.ReplaceAll(text, p.conn.LocalAddr().Addr().String(), "192.0.2.10")
			w.succeeds(&c3p.ModifyEndpoint{Keys: p.keys(), Endpoint: &confinfo.Endpoint{Entity: p.keys().Endpoint,
				SDP: &confinfo.SDP{Type: confinfo.SDPOffer, Text: text}}})
		}
		names(mallory, eve)
		names(eve, mallory)
		time.Sleep(61 * time.Second)
		synctest.Wait()
		if c, _ := w.server.conference(room); len(c.legs) != 0 {
			t.Errorf("%d legs are left after a minute in which nobody sent a packet", len(c.legs))
		}
	})
}

func TestStrangersAreNotHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		alice, bob := w.phone("alice", 400).joins(), w.phone("bob", 0).joins()
		mallory := w.phone("mallory", 1100)
		mallory.to = alice.to
		w.talk(time.Second, mallory, alice, bob)
		bob.wantsTone(400, "alice")
		bob.wantsNoTone(1100, "mallory sprays alice's port")
		if mallory.packets != 0 {
			t.Errorf("mallory got %d packets", mallory.packets)
		}
	})
}

func TestUnacceptableOffers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		alice := w.phone("alice", 400)
		with := func(text string) *c3p.AddUser {
			return alice.invitation(confinfo.Endpoint{SDP: &confinfo.SDP{Type: confinfo.SDPOffer, Text: text}})
		}
		w.fails(with("not SDP at all"), c3p.ReasonInvalidContent)
		w.fails(with("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 18\r\n"), c3p.ReasonMediaNotAcceptable)
		if n := len(w.server.conferences[strings.ToLower(room)].legs); n != 0 {
			t.Errorf("%d legs are left of refused offers", n)
		}
		alice.joins()
		w.fails(with(alice.sdp("sendrecv")), c3p.ReasonUserExists)
	})
}
