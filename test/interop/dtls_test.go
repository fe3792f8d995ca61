//go:build interop

package interop

import (
	"strings"
	"testing"
	"time"
)

// TestDTLS is one conference in which telephones make their keys by DTLS: over UDP, over TLS, with RTCP on the port of RTP and apart. One has SDES,
// one has neither.
func TestDTLS(t *testing.T) {
	s := serves(t)
	room := s.makes(`{"admissionPolicy": "anonymous", "autoRecord": true}`)
	ca := s.path("ca.pem")
	phones := []*phone{
		phoneOf(t, aliceSays, phoneConfig{codec: "opus/48000/2", transport: "tls", ca: ca, number: 1, mediaenc: "dtls_srtp", account: ";rtcp_mux=yes"}),
		phoneOf(t, bobSays, phoneConfig{codec: "PCMU/8000/1", transport: "udp", number: 2, mediaenc: "dtls_srtp"}),
		phoneOf(t, carolSays, phoneConfig{codec: "G722/16000/1", transport: "tls", ca: ca, number: 3, mediaenc: "srtp-mand"}),
		phoneOf(t, daveSays, phoneConfig{codec: "PCMA/8000/1", transport: "udp", number: 4}),
	}
	want := []string{"(DTLS)", "(DTLS)", "(SDES)", "none"}
	for i, p := range phones {
		if strings.HasSuffix(want[i], ")") && i != 1 {
			p.dials("sip:" + room.ID + "@" + host + ":5061;transport=tls")
		} else {
			p.dials(room.URI)
		}
	}
	s.wantsParticipants(room.ID, 4, 5*time.Second)
	passes(2 * time.Second)
	for i, p := range phones {
		if got := s.protectionOf(t, room.ID, p.voice.name); !strings.HasSuffix(got, want[i]) {
			t.Errorf("the media of %s has %q, want %s", p.name, got, want[i])
		}
	}
	passes(18 * time.Second)
	for _, p := range phones {
		p.hangsUp()
	}
	for _, listener := range phones {
		for _, talker := range phones {
			hears(t, listener.name, listener.heard(), talker.voice.sound(t, talker.dir), talker.name, talker != listener)
		}
	}
	s.wantsParticipants(room.ID, 0, 5*time.Second)
}

// protectionOf is what the API says of how a participant's media is encrypted.
func (s *server) protectionOf(t *testing.T, conference, name string) string {
	t.Helper()
	var participants struct {
		Participants []struct {
			URI       string
			Endpoints []struct{ Media []struct{ Protection string } }
		}
	}
	s.asks("GET", "/v1/conferences/"+conference+"/participants", "", 200, &participants)
	for _, p := range participants.Participants {
		if strings.Contains(p.URI, name) {
			t.Logf("%s: %s", p.URI, p.Endpoints[0].Media[0].Protection)
			return p.Endpoints[0].Media[0].Protection
		}
	}
	return "nobody"
}

// TestDTLSLinphone is a Linphone with DTLS and a baresip with it.
func TestDTLSLinphone(t *testing.T) {
	s := serves(t)
	const password = "correct-horse"
	s.hasUser(aliceSays.name, password)
	room := s.makes(`{"admissionPolicy": "anonymous"}`)
	alice := linphoneWith(t, aliceSays, password, s.path("ca.pem"), "dtls")
	bob := phoneOf(t, bobSays, phoneConfig{codec: "PCMU/8000/1", transport: "udp", number: 2, mediaenc: "dtls_srtp"})
	bob.dials(room.URI)
	alice.dials("sip:" + room.ID + "@" + host)
	s.wantsParticipants(room.ID, 2, 5*time.Second)
	passes(2 * time.Second)
	for _, name := range []string{aliceSays.name, bobSays.name} {
		if got := s.protectionOf(t, room.ID, name); !strings.HasSuffix(got, "(DTLS)") {
			t.Errorf("the media of %s has %q", name, got)
		}
	}
	passes(15 * time.Second)
	alice.hangsUp()
	bob.hangsUp()
	hears(t, "alice", alice.heard(), bobSays.sound(t, bob.dir), "bob", true)
	hears(t, "bob", bob.heard(), aliceSays.sound(t, alice.dir), "alice", true)
}
