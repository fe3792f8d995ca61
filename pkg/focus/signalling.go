package focus

import (
	"net/netip"
	"strings"

	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// signallingBy says to the MCU how the signalling of an endpoint comes: only what nobody can read on the way may bring keys of media.
func signallingBy(transport string, address netip.Addr) string {
	switch {
	case secureTransport(transport):
		return confinfo.SignallingSecure
	case address.IsLoopback():
		return confinfo.SignallingLocal
	}
	return confinfo.SignallingOpen
}

func secureTransport(name string) bool {
	return strings.EqualFold(name, "TLS") || strings.EqualFold(name, "WSS")
}

// signallingTo is the same before a call: all telephones that ring get one offer, so the least secure way to any of them counts.
func signallingTo(devices [][]sip.Invitation) string {
	all := confinfo.SignallingSecure
	for _, ways := range devices {
		for i := range ways {
			switch wayTo(&ways[i]) {
			case confinfo.SignallingOpen:
				return confinfo.SignallingOpen
			case confinfo.SignallingLocal:
				all = confinfo.SignallingLocal
			}
		}
	}
	return all
}

// wayTo is how one INVITE goes. Where the names lead that a URI without transport has is not known yet: that counts as open.
func wayTo(inv *sip.Invitation) string {
	if transport := inv.Flow.Transport(); transport != "" {
		return signallingBy(transport, inv.Flow.Remote().Addr().Unmap())
	}
	if strings.EqualFold(inv.Target.Scheme, "sips") {
		return confinfo.SignallingSecure
	}
	transport, _ := inv.Target.UriParams.Get("transport")
	address, _ := netip.ParseAddr(hostOnly(inv.Target.Host))
	return signallingBy(transport, address)
}

// webSocket reports whether signalling comes as that of browsers does (RFC 7118), which take no media but that of WebRTC.
func webSocket(transport string) bool {
	return strings.EqualFold(transport, "WS") || strings.EqualFold(transport, "WSS")
}

// allBrowsers reports whether all telephones that ring are browsers: they get one offer, and what is made for browsers others do not take.
func allBrowsers(devices [][]sip.Invitation) bool {
	some := false
	for _, ways := range devices {
		for i := range ways {
			if some = webSocket(ways[i].Flow.Transport()); !some {
				return false
			}
		}
	}
	return some
}
