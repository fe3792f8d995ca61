package testenv_test

import (
	"strings"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
	"github.com/seed-f3cefc8c/focus/test/testenv"
)

// gains is a command to hear bob louder.
func gains(dB float64) *c3p.ModifyEndpointMedia {
	return &c3p.ModifyEndpointMedia{
		Keys:  c3p.MediaKeys{Conference: testenv.FocusURI(room), User: bobURI, Media: "1"},
		Media: &confinfo.Media{ID: "1", Gain: &dB},
	}
}

// bobsStream is what a subscriber believes of bob's audio.
func bobsStream(r *testenv.Reader) confinfo.Media {
	return r.Roster().User(bobURI).Endpoints[0].Media[0]
}

func TestTheRosterTellsGains(t *testing.T) {
	people(t, func(w *testenv.World, bob, carol *testenv.Phone) {
		watching := carol.SubscribesInCall()
		if m := bobsStream(watching); m.Gain != nil {
			w.Errorf("at first bob's gain is %g dB", *m.Gain)
		}
		w.Fails(testenv.As("carol"), gains(6), c3p.ReasonForbidden)

		w.Log("# olivia has bob heard louder: the MCU does it, and everybody is told")
		w.Later(time.Second)
		w.Succeeds(testenv.As("olivia"), gains(6))
		if m := bobsStream(watching); m.Gain == nil || *m.Gain != 6 || w.MCU.Endpoint(bobURI).Gain != 6 {
			w.Errorf("bob's stream is %+v, at the MCU %g dB", m, w.MCU.Endpoint(bobURI).Gain)
		}

		w.Log("# what the MCU refuses is taken back")
		w.MCU.Refuse("modifyEndpointMedia", &c3p.Error{Reason: c3p.ReasonServiceUnavailable})
		w.Fails(testenv.As("olivia"), gains(-12), c3p.ReasonServiceUnavailable)
		w.MCU.Refuse("modifyEndpointMedia", nil)
		w.Later(time.Second)
		if m := bobsStream(watching); m.Gain == nil || *m.Gain != 6 {
			w.Errorf("bob's stream is %+v", m)
		}

		w.Log("# bob holds and comes back: it stays; then 0 dB is nothing to tell")
		bob.Asks(sip.INVITE, "application/sdp", bob.SDP("sendonly"), 200)
		bob.Asks(sip.INVITE, "application/sdp", bob.SDP("sendrecv"), 200)
		w.Later(time.Second)
		if m := bobsStream(watching); m.Gain == nil || *m.Gain != 6 {
			w.Errorf("bob's stream is %+v", m)
		}
		w.Succeeds(testenv.As("olivia"), gains(0))
		w.Later(time.Second)
		if m := bobsStream(watching); m.Gain != nil || w.MCU.Endpoint(bobURI).Gain != 0 {
			w.Errorf("bob's stream is %+v, at the MCU %g dB", m, w.MCU.Endpoint(bobURI).Gain)
		}
	})
}

func TestTheRosterTellsCodecs(t *testing.T) {
	people(t, func(w *testenv.World, bob, carol *testenv.Phone) {
		watching := carol.SubscribesInCall()
		if m := bobsStream(watching); m.Sends != "PCMU" || m.Receives != "PCMU" {
			w.Errorf("bob's stream is %+v", m)
		}
		w.Log("# bob's telephone goes over to another codec")
		w.Later(time.Second)
		bob.Asks(sip.INVITE, "application/sdp", strings.Replace(bob.SDP("sendrecv"), "RTP/AVP 0", "RTP/AVP 8", 1), 200)
		if m := bobsStream(watching); m.Sends != "PCMA" || m.Receives != "PCMA" || watching.Roster().Partials != 1 {
			w.Errorf("after %d partial documents bob's stream is %+v", watching.Roster().Partials, m)
		}

		w.Log("# the JSON says the same")
		answer := w.HTTP(w.API(), "bob", "GET", "/v1/conferences/"+room+"/participants/bob", "", "")
		if body := answer.Body.String(); !strings.Contains(body, `"sends":"PCMA","receives":"PCMA"`) || strings.Contains(body, "gain") {
			w.Errorf("%d %s", answer.Code, body)
		}
	})
}
