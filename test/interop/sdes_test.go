//go:build interop

package interop

import (
	"strings"
	"testing"
	"time"
)

// TestSDES is one conference in which a baresip must have SRTP, one that offers it as an option on RTP/AVP, one that asks for it on
// RTP/SAVP, and one that calls by UDP and knows none of it.
func TestSDES(t *testing.T) {
	s := serves(t)
	room := s.makes(`{"admissionPolicy": "anonymous", "autoRecord": true}`)
	ca := s.path("ca.pem")
	phones := []*phone{
		phoneOf(t, aliceSays, phoneConfig{codec: "opus/48000/2", transport: "tls", ca: ca, number: 1, mediaenc: "srtp-mand"}),
		phoneOf(t, bobSays, phoneConfig{codec: "PCMU/8000/1", transport: "tls", ca: ca, number: 2, mediaenc: "srtp"}),
		phoneOf(t, carolSays, phoneConfig{codec: "G722/16000/1", transport: "tls", ca: ca, number: 3, mediaenc: "srtp-mandf"}),
		phoneOf(t, daveSays, phoneConfig{codec: "PCMA/8000/1", transport: "udp", number: 4}),
	}
	for i, p := range phones {
		if i < 3 {
			p.dials("sip:" + room.ID + "@" + host + ":5061;transport=tls")
		} else {
			p.dials(room.URI)
		}
	}
	s.wantsParticipants(room.ID, 4, 5*time.Second)
	var participants struct {
		Participants []struct {
			URI       string
			Endpoints []struct{ Media []struct{ Protection string } }
		}
	}
	s.asks("GET", "/v1/conferences/"+room.ID+"/participants", "", 200, &participants)
	for _, p := range participants.Participants {
		got := p.Endpoints[0].Media[0].Protection
		if encrypted := strings.HasSuffix(got, "(SDES)"); encrypted == strings.Contains(p.URI, "dave") {
			t.Errorf("the media of %s has %q", p.URI, got)
		}
		t.Logf("%s: %s", p.URI, got)
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

	r := s.recorded(room.ID)
	if r.Interrupted || len(r.Tracks) != 5 {
		t.Errorf("interrupted: %v, %d tracks; want the mix and four", r.Interrupted, len(r.Tracks))
	}
	for track := range r.Tracks {
		for _, segment := range r.Tracks[track].Segments {
			r.wantsGood(t, segment)
		}
		for _, p := range phones {
			hears(t, r.whose(track), r.sound(t, track), p.voice.sound(t, p.dir), p.name, r.whose(track) == "mixed" || r.whose(track) == p.name)
		}
	}
}
