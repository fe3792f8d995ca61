//go:build interop

package interop

import (
	"testing"
	"time"
)

// TestICE is one conference of baresips with ICE, in the clear and with SDES, of which one sends RTCP apart and one on the port of RTP, and of
// one without ICE.
func TestICE(t *testing.T) {
	s := serves(t)
	room := s.makes(`{"admissionPolicy": "anonymous"}`)
	phones := []*phone{
		phoneOf(t, aliceSays, phoneConfig{codec: "opus/48000/2", transport: "udp", number: 1, account: ";medianat=ice"}),
		phoneOf(t, bobSays, phoneConfig{codec: "PCMU/8000/1", transport: "tls", ca: s.path("ca.pem"), number: 2, account: ";medianat=ice;rtcp_mux=yes"}),
		phoneOf(t, carolSays, phoneConfig{codec: "G722/16000/1", transport: "udp", number: 3}),
	}
	for i, p := range phones {
		if i == 1 {
			p.dials("sip:" + room.ID + "@" + host + ":5061;transport=tls")
		} else {
			p.dials(room.URI)
		}
	}
	s.wantsParticipants(room.ID, 3, 5*time.Second)
	for _, p := range phones[:2] {
		p.wantsToSay("a=ice-lite", time.Second) // only the server says so
	}
	passes(20 * time.Second)
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
