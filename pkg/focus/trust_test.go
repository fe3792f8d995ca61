package focus

import (
	"net/netip"
	"testing"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

func TestTrustedByCertificateOrAddress(t *testing.T) {
	proxy := sip.Peer{Address: netip.MustParseAddrPort("192.0.2.7:40000"), Transport: "TLS", Domains: []string{"proxy.example.net"}}
	datagram := sip.Peer{Address: netip.MustParseAddrPort("[::ffff:192.0.2.7]:5060"), Transport: "UDP"}
	stranger := sip.Peer{Address: netip.MustParseAddrPort("198.51.100.1:5060"), Transport: "TLS", Domains: []string{"example.net"}}
	for text, want := range map[string][3]bool{
		"proxy.example.net": {true, false, false},
		"PROXY.example.net": {true, false, false},
		"192.0.2.7":         {true, false, false},
		"udp:192.0.2.7":     {true, true, false},
		"udp:192.0.2.64/25": {true, true, false},
		"0.0.0.0/0":         {true, false, true},
		"::/0":              {false, false, false},
	} {
		peer, err := ParseTrustedPeer(text)
		if err != nil {
			t.Fatal(err)
		}
		trust := Trust{Peers: []TrustedPeer{peer}}
		if got := [3]bool{trust.is(proxy), trust.is(datagram), trust.is(stranger)}; got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
	if (Trust{}).is(proxy) {
		t.Error("somebody is trusted though nobody is named")
	}
}
