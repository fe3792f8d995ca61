//go:build interop

package interop

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// getStats is what a page reports of its peer connection.
type getStats struct {
	DTLS, Role, SRTP, Version, Pair, Relay, Codec string
	Received, Sent, Lost                          int
	Level                                         float64
	Tones                                         map[string]float64 // dB, by Hz
}

// heard and silent are how loud a tone is that is there, and one that is not, in dB.
const (
	heardTone  = -50
	silentTone = -65
)

// TestBrowsersInOneConference: a Chromium with JsSIP, one with SIP.js, and a telephone without encryption. Each says a tone of its own and hears those
// of the others.
func TestBrowsersInOneConference(t *testing.T) {
	bundles := bundled(t)
	s := serves(t)
	s.hasUser("alice", "correct horse battery")
	s.hasUser("bob", "correct horse battery")
	room := s.makes(`{"admissionPolicy": "anonymous", "autoRecord": true}`)
	tones := map[string]string{"jssip": "600", "sipjs": "900", "carol": "1300"}

	carol := phoneOf(t, voice{"carol", "tone", tones["carol"]}, phoneConfig{codec: "opus/48000/2", transport: "udp", number: 1})
	carol.dials(room.URI)
	visits := map[string]*visit{}
	for library, user := range map[string]string{"jssip": "alice", "sipjs": "bob"} {
		dir := t.TempDir()
		visits[library] = shows(t, "127.0.0.1", filepath.Join(bundles, library+".js"), map[string]any{
			"ws": webSocketURL, "uri": "sip:" + user + "@" + host, "password": "correct horse battery", "dial": "sip:" + room.ID + "@" + host,
			"stay": 15, "tones": []int{600, 900, 1300, 2100},
		}, "--use-file-for-fake-audio-capture="+toneFile(t, dir, tones[library], "48000", "1"))
	}
	s.wantsParticipants(room.ID, 3, 30*time.Second)
	passes(5 * time.Second)
	for _, user := range []string{"alice", "bob"} {
		if got := s.protectionOf(t, room.ID, user); got != "AEAD_AES_128_GCM (DTLS)" && got != "AES_CM_128_HMAC_SHA1_80 (DTLS)" {
			t.Errorf("the media of %s has %q", user, got)
		}
	}
	for library, v := range visits {
		found := false
		for _, e := range v.all(t) {
			if t.Log(library, e); e.Event == "error" || e.Event == "call" && e.Status != 200 {
				t.Errorf("%s: %v", library, e)
			}
			if e.Event == "stats" {
				found = true
				wantsStats(t, library, e.Text, tones[library])
			}
		}
		if !found {
			t.Errorf("%s has no call", library)
		}
	}
	carol.hangsUp()
	s.wantsParticipants(room.ID, 0, 5*time.Second)
	sound := carol.heard()
	for who, hz := range map[string]float64{"jssip": 600, "sipjs": 900, "carol": 1300} {
		level := sound.Tone(hz)
		t.Logf("carol hears the %v Hz of %s at %.0f dB", hz, who, level)
		if (level > heardTone) == (who == "carol") {
			t.Errorf("carol hears the %v Hz of %s at %.0f dB", hz, who, level)
		}
	}
}

// wantsStats: DTLS-SRTP, packets both ways, and the tones of the others.
func wantsStats(t *testing.T, library, text, own string) {
	t.Helper()
	var s getStats
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatalf("%s: %v in %s", library, err, text)
	}
	if s.DTLS != "connected" || s.SRTP == "" {
		t.Errorf("%s: DTLS %q, SRTP %q", library, s.DTLS, s.SRTP)
	}
	if s.Received < 500 || s.Sent < 500 || s.Level < 0.01 || !strings.EqualFold(s.Codec, "audio/opus") {
		t.Errorf("%s: %d packets received, %d sent, level %v, %s", library, s.Received, s.Sent, s.Level, s.Codec)
	}
	wantsTones(t, library, text, own, "2100")
}

// wantsTones: all that the page looks for are heard, but for those.
func wantsTones(t *testing.T, library, text string, but ...string) {
	t.Helper()
	var s getStats
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatalf("%s: %v in %s", library, err, text)
	}
	for hz, level := range s.Tones {
		absent := slices.Contains(but, hz)
		if absent && level > silentTone || !absent && level < heardTone {
			t.Errorf("%s hears %s Hz at %.0f dB", library, hz, level)
		}
	}
}

// toneFile is a WAV with a minute of a tone, so soft that seven of them together are far from the limiter, which would bring about others.
func toneFile(t testing.TB, dir, hz, rate, channels string) string {
	t.Helper()
	out := filepath.Join(dir, "tone-"+hz+"-"+rate+".wav")
	run(t, "ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", "sine=frequency="+hz+":duration=60,volume=0.5", "-ac", channels, "-ar", rate,
		"-c:a", "pcm_s16le", out)
	return out
}
