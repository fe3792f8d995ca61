//go:build interop

package interop

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"testing"
	"time"
)

// TestBrowserThatMayOnlyRelayOverTLS is a Chromium behind a firewall that lets out nothing but TLS to port 443, as far as its media are concerned
// (iceTransportPolicy "relay", and turns: alone): with what GET /v1/turn gives it, it joins a conference through the relay, hears the tone of a
// telephone, and is heard.
func TestBrowserThatMayOnlyRelayOverTLS(t *testing.T) {
	bundles := bundled(t)
	for library, tone := range map[string]string{"jssip": "600", "sipjs": "900"} {
		t.Run(library, func(t *testing.T) {
			s := serves(t, "--turns", host+":443")
			s.hasUser("alice", "correct horse battery")
			room := s.makes(`{"admissionPolicy": "anonymous"}`)
			carol := phoneOf(t, voice{"carol", "tone", "1300"}, phoneConfig{codec: "opus/48000/2", transport: "udp", number: 1})
			carol.dials(room.URI)
			given := s.iceServers()
			visit := shows(t, "127.0.0.1", filepath.Join(bundles, library+".js"), map[string]any{
				"ws": webSocketURL, "uri": "sip:alice@" + host, "password": "correct horse battery", "dial": "sip:" + room.ID + "@" + host,
				"stay": 12, "tones": []int{600, 900, 1300, 2100}, "iceServers": given, "iceTransportPolicy": "relay",
			}, "--use-file-for-fake-audio-capture="+toneFile(t, t.TempDir(), tone, "48000", "1"))
			s.wantsParticipants(room.ID, 2, 30*time.Second)

			wantsRelayed(t, visit.all(t))
			carol.hangsUp()
			s.wantsParticipants(room.ID, 0, 5*time.Second)
			hz := map[string]float64{"600": 600, "900": 900}[tone]
			if level := carol.heard().Tone(hz); level < heardTone {
				t.Errorf("carol hears the browser at %.0f dB", level)
			}
			s.ends()
			s.wantsToSay(`"TURN ended" bindings=\d+ allocations=[1-9]\d* toPeers=[1-9]\d\d+ toClients=[1-9]\d\d+`, 0)
		})
	}
}

// iceServers is what GET /v1/turn gives a page to hand to its RTCPeerConnection: one address, over TLS.
func (s *server) iceServers() (servers []any) {
	s.t.Helper()
	var given struct{ ICEServers []any }
	s.asks("GET", "/v1/turn", "", http.StatusOK, &given)
	text, _ := json.Marshal(given.ICEServers)
	var read []struct{ URLs []string }
	if err := json.Unmarshal(text, &read); err != nil || len(read) != 1 || len(read[0].URLs) != 1 || read[0].URLs[0] != "turns:"+host+":443?transport=tcp" {
		s.t.Fatalf("got %v, %v", read, err)
	}
	return given.ICEServers
}

// wantsRelayed: the call stood, its packets went both ways by TLS to the relay, and carol was heard.
func wantsRelayed(t *testing.T, events []event) {
	t.Helper()
	for _, e := range events {
		t.Log(e)
		switch {
		case e.Event == "error" || e.Event == "call" && e.Status != 200:
			t.Error(e)
		case e.Event == "stats":
			var stats getStats
			if err := json.Unmarshal([]byte(e.Text), &stats); err != nil {
				t.Fatal(err)
			}
			if stats.Pair != "relay host" || stats.Relay != "tls" || stats.DTLS != "connected" {
				t.Errorf("the pair is %q by %q, DTLS %s", stats.Pair, stats.Relay, stats.DTLS)
			}
			if stats.Received < 400 || stats.Sent < 400 || stats.Tones["1300"] < heardTone || stats.Tones["2100"] > silentTone {
				t.Errorf("%d packets received, %d sent; tones %v", stats.Received, stats.Sent, stats.Tones)
			}
			return
		}
	}
	t.Error("there was no call")
}
