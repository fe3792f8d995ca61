//go:build interop

package interop

import (
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/test/interop/ear"
)

// mode is one way of protecting media and of finding a path for it, and who comes that way with which tone.
type mode struct {
	name       string
	hz         int
	config     phoneConfig
	protection string
}

// TestAllModesInOneRoom: telephones with SDES, DTLS, ICE, all of them, and none, over UDP and TLS, and a browser, in one conference. Each says a tone and hears
// those of all others, and so does the recording.
func TestAllModesInOneRoom(t *testing.T) {
	bundles := bundled(t)
	s := serves(t)
	s.hasUser("gina", "correct horse battery")
	room := s.makes(`{"admissionPolicy": "anonymous", "autoRecord": true}`)
	ca := s.path("ca.pem")
	const ginaSays = 2100
	modes := []mode{
		{"alice", 450, phoneConfig{codec: "opus/48000/2", transport: "tls", ca: ca, number: 1, mediaenc: "srtp-mand"}, "(SDES)"},
		{"bob", 620, phoneConfig{codec: "PCMU/8000/1", transport: "udp", number: 2, mediaenc: "dtls_srtp"}, "(DTLS)"},
		{"carol", 830, phoneConfig{codec: "G722/16000/1", transport: "tls", ca: ca, number: 3, mediaenc: "srtp-mand", account: ";medianat=ice;rtcp_mux=yes"}, "(SDES)"},
		{"dave", 1070, phoneConfig{codec: "PCMA/8000/1", transport: "udp", number: 4}, "none"},
		{"erin", 1350, phoneConfig{codec: "opus/48000/2", transport: "udp", number: 5, account: ";medianat=ice"}, "none"},
		{"frank", 1700, phoneConfig{codec: "PCMU/8000/1", transport: "tls", ca: ca, number: 6, mediaenc: "dtls_srtp", account: ";medianat=ice;rtcp_mux=yes"}, "(DTLS)"},
	}
	phones, tones := map[string]*phone{}, map[string]int{"gina": ginaSays}
	for _, m := range modes {
		p := phoneOf(t, voice{m.name, "tone", strconv.Itoa(m.hz)}, m.config)
		if m.config.transport == "tls" {
			p.dials("sip:" + room.ID + "@" + host + ":5061;transport=tls")
		} else {
			p.dials(room.URI)
		}
		phones[m.name], tones[m.name] = p, m.hz
	}
	s.wantsParticipants(room.ID, len(modes), 10*time.Second)
	visit := shows(t, "127.0.0.1", filepath.Join(bundles, "jssip.js"), map[string]any{
		"ws": webSocketURL, "uri": "sip:gina@" + host, "password": "correct horse battery", "dial": "sip:" + room.ID + "@" + host,
		"stay": 12, "tones": []int{450, 620, 830, 1070, 1350, 1700, ginaSays},
	}, "--use-file-for-fake-audio-capture="+toneFile(t, t.TempDir(), strconv.Itoa(ginaSays), "48000", "1"))
	s.wantsParticipants(room.ID, len(modes)+1, 30*time.Second)
	passes(5 * time.Second)
	for _, m := range modes {
		if got := s.protectionOf(t, room.ID, m.name); !strings.HasSuffix(got, m.protection) {
			t.Errorf("the media of %s has %q, want %s", m.name, got, m.protection)
		}
	}
	if got := s.protectionOf(t, room.ID, "gina"); !strings.HasSuffix(got, "(DTLS)") {
		t.Errorf("the media of the browser has %q", got)
	}
	talked := false
	for _, e := range visit.all(t) {
		if t.Log(e); e.Event == "error" || e.Event == "call" && e.Status != 200 {
			t.Error(e)
		}
		if e.Event == "stats" {
			talked = true
			wantsTones(t, "gina", e.Text, strconv.Itoa(ginaSays))
		}
	}
	if !talked {
		t.Error("the browser has no call")
	}
	for _, p := range phones {
		p.hangsUp()
	}
	s.wantsParticipants(room.ID, 0, 5*time.Second)
	for name, p := range phones {
		sound := p.heard()
		sound = sound[max(0, len(sound)-10*ear.Rate):max(0, len(sound)-4*ear.Rate)] // between the tones for the browser, who comes and goes
		for who, hz := range tones {
			wantsTone(t, name+" hears "+who, sound.Tone(float64(hz)), who != name)
		}
	}

	r := s.recorded(room.ID)
	if r.Interrupted || len(r.Tracks) != len(tones)+1 {
		t.Errorf("interrupted: %v, %d tracks; want the mix and %d", r.Interrupted, len(r.Tracks), len(tones))
	}
	for track := range r.Tracks {
		for _, segment := range r.Tracks[track].Segments {
			r.wantsGood(t, segment)
		}
		whose, sound := r.whose(track), r.sound(t, track)
		for who, hz := range tones {
			wantsTone(t, "the track of "+whose+" has "+who, sound.Tone(float64(hz)), whose == "mixed" || whose == who)
		}
	}
}

func wantsTone(t *testing.T, what string, level float64, want bool) {
	t.Helper()
	t.Logf("%s: %.0f dB", what, level)
	if want && level < heardTone || !want && level > silentTone {
		t.Errorf("%s: %.0f dB, want heard: %v", what, level, want)
	}
}
