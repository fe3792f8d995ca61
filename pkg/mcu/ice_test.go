package mcu

import (
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/media"
)

func iceOn(mode ICEMode) func(*Config) {
	return func(c *Config) {
		c.ICE = ICE{Mode: mode, Addresses: []netip.AddrPort{netip.MustParseAddrPort("192.0.2.10:19998")}}
	}
}

// withICE adds ICE of generation n to a phone's offer.
func withICE(text string, n int, more ...string) string {
	return text + fmt.Sprintf("a=ice-ufrag:abcd%d\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\na=rtcp-mux\r\n", n) + strings.Join(more, "")
}

// credentials are the lines of ICE that change with a restart.
func credentials(s *confinfo.SDP) (lines string) {
	if s == nil {
		return ""
	}
	for line := range strings.Lines(s.Text) {
		if strings.HasPrefix(line, "a=ice-ufrag") || strings.HasPrefix(line, "a=ice-pwd") {
			lines += line
		}
	}
	return lines
}

func TestICEIsAgreedOnRestartedAndNotGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, iceOn(ICELite))
		defer w.close()
		alice := w.phone("alice", 440)
		offer := func(text string) *c3p.ModifyEndpoint {
			return &c3p.ModifyEndpoint{Keys: alice.keys(), Endpoint: &confinfo.Endpoint{Entity: alice.keys().Endpoint, SDP: &confinfo.SDP{Type: confinfo.SDPOffer, Text: text}}}
		}
		added := w.succeeds(alice.invitation(confinfo.Endpoint{SDP: &confinfo.SDP{Type: confinfo.SDPOffer, Text: withICE(alice.sdp("sendrecv"), 1)}})).(*c3p.AddUser)
		first := credentials(added.User.Endpoints[0].SDP)
		if text := added.User.Endpoints[0].SDP.Text; first == "" || !strings.Contains(text, "m=audio 19998 ") || !strings.Contains(text, "a=ice-lite") {
			w.Errorf("answer %q", text)
		}

		again := func(n int) string {
			return credentials(w.succeeds(offer(withICE(alice.sdp("sendrecv"), n))).(*c3p.ModifyEndpoint).Endpoint.SDP)
		}
		if got := again(1); got != first {
			w.Errorf("an offer with the same credentials changed ours: %q, %q", first, got)
		}
		second := again(2)
		if second == first || second == "" {
			w.Errorf("a restart changes our credentials (RFC 8445 §9), not so %q", second)
		}

		w.Log("# an offer that cannot be taken changes nothing")
		w.fails(offer(withICE(strings.Replace(alice.sdp("sendrecv"), "RTP/AVP 0", "RTP/AVP 4", 1), 3)), c3p.ReasonMediaNotAcceptable)
		if got := again(2); got != second {
			w.Errorf("a refused restart changed ours: %q, %q", second, got)
		}
		w.fails(offer(alice.sdp("sendrecv")), c3p.ReasonMediaNotAcceptable)
		if lines := w.succeeds(offer(withICE(alice.sdp("sendrecv"), 4, "a=ice-lite\r\n"))).(*c3p.ModifyEndpoint).Endpoint.SDP.Text; strings.Contains(lines, "a=ice-lite") {
			w.Errorf("two lite sides: %q", lines)
		}

		w.Log("# what trickles in is taken, or told to be no fragment")
		trickle := func(text string) *c3p.ModifyEndpoint {
			m := offer(text)
			m.Endpoint.SDP.Type = confinfo.SDPCandidates
			return m
		}
		w.succeeds(trickle("a=ice-ufrag:abcd4\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\nm=audio 9 RTP/AVP 0\r\na=candidate:1 1 UDP 2130706431 192.0.2.7 4000 typ host\r\n"))
		if response := w.command(trickle("rubbish")); response.Err() == nil {
			w.Error("rubbish was taken for candidates")
		}
	})
}

func TestABrowserThatIsCalledGetsICE(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, iceOn(ICEFull))
		defer w.close()
		bob := w.phone("bob", 440)
		added := w.succeeds(bob.invitation(confinfo.Endpoint{WebRTC: true})).(*c3p.AddUser)
		offer := added.User.Endpoints[0].SDP
		if credentials(offer) == "" {
			w.Errorf("offer %q", offer.Text)
		}
		for _, want := range []string{" UDP/TLS/RTP/SAVPF ", "a=fingerprint:sha-256 ", "a=setup:actpass", "a=rtcp-mux", "a=group:BUNDLE 0"} {
			if !strings.Contains(offer.Text, want) {
				w.Errorf("no %q in the offer to a browser", want)
			}
		}
		answer := func(text string) *c3p.ModifyEndpoint {
			return &c3p.ModifyEndpoint{Keys: bob.keys(), Endpoint: &confinfo.Endpoint{Entity: bob.keys().Endpoint, SDP: &confinfo.SDP{Type: confinfo.SDPAnswer, Text: text}}}
		}
		w.fails(answer(bob.sdp("sendrecv")), c3p.ReasonInvalidContent) // neither ICE nor keys

		w.Log("# one without ICE does not need it to be called")
		carol := w.phone("carol", 440)
		if added := w.succeeds(carol.invitation(confinfo.Endpoint{})).(*c3p.AddUser); credentials(added.User.Endpoints[0].SDP) != "" {
			w.Errorf("offer %q", added.User.Endpoints[0].SDP.Text)
		}
	})
}

func TestLiteOnPublicAddresses(t *testing.T) {
	for _, row := range []struct {
		addr, public string
		mode         ICEMode
		want         bool
	}{
		{"8.8.8.8", "", ICEAuto, true},
		{"2a00::1", "", ICEAuto, true},
		{"10.0.0.1", "", ICEAuto, false},
		{"10.0.0.1", "8.8.8.8", ICEAuto, true},
		{"100.64.1.1", "", ICEAuto, false},
		{"127.0.0.1", "", ICEAuto, false},
		{"fd00::1", "", ICEAuto, false},
		{"169.254.1.1", "", ICEAuto, false},
		{"10.0.0.1", "", ICELite, true},
		{"8.8.8.8", "", ICEFull, false},
	} {
		config := ICE{Mode: row.mode, Addresses: []netip.AddrPort{netip.AddrPortFrom(netip.MustParseAddr(row.addr), 1)}}
		if row.public != "" {
			config.Public = []netip.Addr{netip.MustParseAddr(row.public)}
		}
		if got := config.lite(); got != row.want {
			t.Errorf("%+v: lite %v", row, got)
		}
	}
}

func TestICEEndsItsSearchAtTheLastPort(t *testing.T) {
	last := netip.MustParseAddrPort("192.0.2.10:65534")
	network := &media.Memory{}
	other, err := network.Listen(last)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	_, err = New(Config{
		Network: network, Address: last.Addr(), Ports: [2]uint16{65533, 65535}, Clocks: 1, Codecs: Codecs(), Prompts: beeps{},
		Logger: slog.New(slog.DiscardHandler), ICE: ICE{Mode: ICELite, Addresses: []netip.AddrPort{netip.AddrPortFrom(last.Addr(), 0)}},
	}, &world{T: t})
	if err == nil {
		t.Error("the port of somebody else served")
	}
}
