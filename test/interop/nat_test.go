//go:build interop

package interop

import (
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"
)

// TestPhoneBehindNAT: alice's telephone knows nothing of ICE nor of the NAT before it, and says an address that leads nowhere. A stranger has sent to
// every media port since before the first call, in the hope to be taken for somebody.
func TestPhoneBehindNAT(t *testing.T) {
	lan, wild := behindNAT(t), elsewhere(t)
	s := serves(t, "--media-ports", "20000-20199")
	room := s.makes(`{"admissionPolicy": "anonymous", "autoRecord": true}`)
	stop := wild.sprays(t, 20000, 20199)
	for i, codec := range []string{"PCMU/8000/1", "opus/48000/2"} {
		t.Run(codec, func(t *testing.T) {
			s := s.with(t)
			alice := phoneOf(t, aliceSays, phoneConfig{codec: codec, transport: "udp", number: 1 + 2*i, where: lan})
			bob := phoneOf(t, bobSays, phoneConfig{codec: codec, transport: "udp", number: 2 + 2*i})
			alice.dials(room.URI)
			bob.dials(room.URI)
			s.wantsParticipants(room.ID, 2, 5*time.Second)
			passes(18 * time.Second)
			alice.hangsUp()
			bob.hangsUp()
			s.wantsParticipants(room.ID, 0, 5*time.Second)
			for _, listener := range []*phone{alice, bob} {
				heard := listener.heard()
				for _, talker := range []*phone{alice, bob} {
					hears(t, listener.name, heard, talker.voice.sound(t, talker.dir), talker.name, talker != listener)
				}
				if level := heard.Tone(intruder); level > heardTone {
					t.Errorf("%s hears the stranger at %.0f dB", listener.name, level)
				}
			}
		})
	}
	t.Logf("the stranger has sent %d datagrams", stop())
	s.ends()
	s.wantsStrangers(4)
}

// TestBrowserBehindNAT: a browser with ICE behind a NAT, a telephone on the server's side, and a stranger.
func TestBrowserBehindNAT(t *testing.T) {
	bundles := bundled(t)
	lan, wild := behindNAT(t), elsewhere(t)
	s := serves(t, "--media-ports", "20000-20199", "--ws-origins", "127.0.0.1")
	s.hasUser("alice", "correct horse battery")
	room := s.makes(`{"admissionPolicy": "anonymous"}`)
	stop := wild.sprays(t, 20000, 20199)
	carol := phoneOf(t, voice{"carol", "tone", "1300"}, phoneConfig{codec: "opus/48000/2", transport: "udp", number: 1})
	carol.dials(room.URI)
	visit := showsIn(t, lan, "127.0.0.1", filepath.Join(bundles, "jssip.js"), map[string]any{
		"ws": "wss://" + host + ":8443/ws", "uri": "sip:alice@" + host, "password": "correct horse battery", "dial": "sip:" + room.ID + "@" + host,
		"stay": 12, "tones": []int{600, 1300, intruder},
	}, "--use-file-for-fake-audio-capture="+toneFile(t, t.TempDir(), "600", "48000", "1"))
	found := false
	for _, e := range visit.all(t) {
		if t.Log(e); e.Event == "error" || e.Event == "call" && e.Status != 200 {
			t.Error(e)
		}
		if e.Event == "stats" {
			found = true
			wantsTones(t, "jssip", e.Text, "600", strconv.Itoa(intruder))
		}
	}
	if !found {
		t.Error("the browser has no call")
	}
	carol.hangsUp()
	s.wantsParticipants(room.ID, 0, 5*time.Second)
	sound := carol.heard()
	if browser, stranger := sound.Tone(600), sound.Tone(intruder); browser < heardTone || stranger > silentTone {
		t.Errorf("carol hears the browser at %.0f dB, the stranger at %.0f dB", browser, stranger)
	}
	t.Logf("the stranger has sent %d datagrams", stop())
	s.ends()
	s.wantsStrangers(1)
}

// TestServerBehindNAT: the server is at a private address, which a 1:1 NAT shows as another one; its Contact and its descriptions say that one, and
// nothing comes to the private one. alice has no ICE, bob has.
func TestServerBehindNAT(t *testing.T) {
	dmz, out := behindOneToOne(t), elsewhere(t)
	var public *nook
	public.does(t, `echo 1 >/proc/sys/net/ipv4/ip_forward && ip route add 10.99.0.0/24 via `+outerAddress+` && nft add table ip privacy &&
		nft 'add chain ip privacy way { type filter hook forward priority 0 ; }' &&
		nft add rule ip privacy way ip daddr 10.99.0.2 drop`)
	s := servesAt(t, dmz, serverOuter, "--media-public-ip", serverOuter)
	room := s.makes(`{"admissionPolicy": "anonymous"}`)
	phones := []*phone{
		phoneOf(t, aliceSays, phoneConfig{codec: "PCMU/8000/1", transport: "udp", number: 1, where: out}),
		phoneOf(t, bobSays, phoneConfig{codec: "opus/48000/2", transport: "udp", number: 2, where: out, account: ";medianat=ice"}),
	}
	for _, p := range phones {
		p.dials(room.URI)
	}
	s.wantsParticipants(room.ID, 2, 5*time.Second)
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

var strangers = regexp.MustCompile(`msg="media of a leg ended".* dropped\.stranger=(\d+)`)

// wantsStrangers wants so many legs to have counted packets of strangers, by what the server has written.
func (s *server) wantsStrangers(legs int) {
	s.t.Helper()
	counted := 0
	for _, line := range strangers.FindAllStringSubmatch(s.says(), -1) {
		n, _ := strconv.Atoi(line[1])
		s.t.Logf("a leg has dropped %d packets of strangers", n)
		if n > 500 {
			counted++
		}
	}
	if counted < legs {
		s.t.Errorf("%d legs have counted strangers, want %d", counted, legs)
	}
}
