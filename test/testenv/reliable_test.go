package testenv_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
	"github.com/seed-f3cefc8c/focus/test/testenv"
)

// TestRequiredReliably: "The UAS MUST send any non-100 provisional response reliably if the initial request contained a Require header field with the
// option tag 100rel" (RFC 3262 section 3). Whoever requires that gets the answer, or our offer, in a 183, and the 200 after the PRACK.
func TestRequiredReliably(t *testing.T) {
	for name, late := range map[string]bool{"early offer": false, "late offer": true} {
		t.Run(name, func(t *testing.T) {
			testenv.Run(t, func(w *testenv.World) {
				w.Conference(room)
				alice := w.Phone("alice")
				alice.LateOffer, alice.Headers = late, []sip.Header{sip.NewHeader("Require", "100rel")}
				alice.Dials(dial)
				if ok := alice.WantsAnswer(); len(ok.Body()) != 0 {
					w.Errorf("200 after a 183 with SDP:\n%s", ok)
				}
				if e := w.MCU.Endpoint("sip:alice"); e == nil || e.Offered || e.SDP != alice.SDP("sendrecv") {
					w.Errorf("alice at the MCU: %+v", e)
				}
				w.WantsRoster(room, "sip:alice@elsewhere.example;guest=1")
				alice.Asks(sip.UPDATE, sdp, alice.SDP("sendonly"), 200)
				alice.HangsUp()
				w.WantsRoster(room)
			})
		})
	}
}

// TestSupportedIsTrue: what OPTIONS and a 200 name as supported is not refused.
func TestSupportedIsTrue(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room)
		alice := w.Phone("alice")
		options := sip.HeaderValues(alice.AsksOutside(sip.OPTIONS, dial, ""), "Supported")
		for _, option := range options {
			caller := w.Phone("caller")
			caller.Headers = []sip.Header{sip.NewHeader("Require", option)}
			caller.Dials(dial)
			if in := sip.HeaderValues(caller.WantsAnswer(), "Supported"); !slices.Equal(in, options) {
				w.Errorf("Supported in the 200: %v, in OPTIONS %v", in, options)
			}
			caller.HangsUp()
		}
	})
}

// TestTheFocusRefreshes the session of a telephone that knows the session timer; of one that does not take UPDATE by re-INVITE.
func TestTheFocusRefreshes(t *testing.T) {
	for _, row := range []struct {
		allow string
		want  sip.Method
	}{{"INVITE, ACK, BYE, UPDATE", sip.UPDATE}, {"INVITE, ACK, BYE", sip.INVITE}} {
		testenv.Run(t, func(w *testenv.World) {
			w.Conference(room)
			alice := w.Phone("alice")
			alice.Headers = []sip.Header{sip.NewHeader("Supported", "timer"), sip.NewHeader("Allow", row.allow)}
			alice.Dials(dial)
			if got := sip.HeaderValue(alice.WantsAnswer(), "Session-Expires"); got != "1800;refresher=uas" {
				w.Errorf("Session-Expires %q", got)
			}
			w.Later(15*time.Minute + time.Second)
			if n := len(alice.Requests(row.want)); n != 1 {
				w.Errorf("%d %s after 15 min, want 1", n, row.want)
			}
			alice.HangsUp()
		})
	}
}

// TestTheSessionExpires: the telephone wants to refresh and then does not.
func TestTheSessionExpires(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room)
		alice := w.Phone("alice")
		alice.Headers = []sip.Header{sip.NewHeader("Supported", "timer"), sip.NewHeader("Session-Expires", "120;refresher=uac")}
		alice.Dials(dial)
		if ok := alice.WantsAnswer(); !sip.HasOption(ok, "Require", "timer") || !strings.HasPrefix(sip.HeaderValue(ok, "Session-Expires"), "120;") {
			w.Errorf("200:\n%s", ok)
		}
		alice.WantsBye(89*time.Second, "session timer expired")
		w.WantsRoster(room)
	})
}
