package mcu

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
)

// A focus that did not hear the answer asks again: alice joins once, and is told the same twice.
func TestRetryActsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		alice := w.phone("alice", 400)
		call := &c3p.Call{Principal: c3p.Principal{Role: c3p.RoleFocus}, Request: &c3p.Request{RequestID: "7", From: room, To: room,
			Command: alice.invitation(confinfo.Endpoint{SDP: &confinfo.SDP{Type: confinfo.SDPOffer, Text: alice.sdp("sendrecv")}})}}
		answers := make(chan *c3p.Response, 2)
		for range 2 { // at the same time, as it happens when an answer is slow
			go func() {
				response, err := w.server.ServeC3P(t.Context(), call)
				if err != nil {
					t.Error(err)
				}
				answers <- response
			}()
		}
		first, second := <-answers, <-answers
		if first.Err() != nil || first != second {
			t.Errorf("answered %v and %v, want the same success", first, second)
		}
		if c, _ := w.server.conference(room); len(c.legs) != 1 {
			t.Errorf("%d legs, want 1", len(c.legs))
		}
	})
}

// Who asks again after a panic is told so, and is not told nothing.
func TestRetryOfAPanic(t *testing.T) {
	var a answers
	key := requestKey{from: room, id: "7"}
	func() {
		defer func() { _ = recover() }()
		_, _ = a.once(t.Context(), key, func() *c3p.Response { panic("oh") })
	}()
	response, err := a.once(t.Context(), key, func() *c3p.Response { return &c3p.Response{} })
	if response != nil || !errors.Is(err, errPanicked) {
		t.Errorf("got %v, %v; want %v", response, err, errPanicked)
	}
}

func TestStaleFocusIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		lock := func(epoch uint64, id string) *c3p.Response {
			response, err := w.server.ServeC3P(t.Context(), &c3p.Call{Principal: c3p.Principal{Role: c3p.RoleFocus}, Epoch: epoch,
				Request: &c3p.Request{RequestID: id, From: room, To: room, Command: &c3p.ModifyConferenceAnnouncements{Keys: c3p.ConferenceKeys{Entity: room}}}})
			if err != nil {
				t.Fatal(err)
			}
			return response
		}
		if err := lock(5, "1").Err(); err != nil {
			t.Errorf("the focus of epoch 5: %v", err)
		}
		if got := lock(4, "2").Reason; got != c3p.ReasonStaleEpoch {
			t.Errorf("the focus of epoch 4 got reason %q, want %q", got, c3p.ReasonStaleEpoch)
		}
		if err := lock(5, "3").Err(); err != nil {
			t.Errorf("the focus of epoch 5 again: %v", err)
		}
	})
}

func TestOnlyAFocusCommands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		_, err := w.server.ServeC3P(t.Context(), &c3p.Call{Principal: c3p.Principal{Role: c3p.RoleAdministrator, Authenticated: true},
			Request: &c3p.Request{RequestID: "1", From: room, To: room, Command: &c3p.DeleteConference{Keys: c3p.ConferenceKeys{Entity: room}}}})
		if err == nil {
			t.Error("an administrator commanded the MCU past the focus")
		}
	})
}
