package media

import (
	"net/netip"
	"testing"
)

func addr(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

// A stranger who sprays RTP at an open port must not get the call's audio, nor be heard in it.
func TestLatch(t *testing.T) {
	type packet struct {
		from string
		want bool
		why  string
	}
	tests := []struct {
		name      string
		signalled string
		hosts     []string
		packets   []packet
	}{
		{"the phone sends from where it said", "192.0.2.1:4000", nil, []packet{
			{"192.0.2.1:4000", true, "signalled address"},
			{"192.0.2.1:4001", false, "settled: another port of the same host comes too late"},
			{"192.0.2.1:4000", true, "still the phone"},
		}},
		{"a NAT changed the port", "192.0.2.1:4000", nil, []packet{
			{"192.0.2.1:61000", true, "the host is justified: latch"},
			{"192.0.2.1:4000", false, "settled elsewhere"},
			{"192.0.2.1:61000", true, "the latched address"},
		}},
		{"a phone behind NAT says a private address", "10.0.0.7:4000", []string{"192.0.2.9"}, []packet{
			{"203.0.113.5:4000", false, "a stranger"},
			{"192.0.2.9:52000", true, "its SIP came from there"},
			{"10.0.0.7:4000", false, "settled"},
		}},
		{"a stranger first, then the phone", "192.0.2.1:4000", nil, []packet{
			{"203.0.113.5:9", false, "a stranger settles nothing"},
			{"192.0.2.1:4000", true, "the phone"},
		}},
		{"another address family", "192.0.2.1:4000", []string{"2001:db8::1"}, []packet{
			{"[2001:db8::1]:4000", false, "IPv6 where IPv4 was said"},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var l latch
			var hosts []netip.Addr
			for _, h := range tt.hosts {
				hosts = append(hosts, netip.MustParseAddr(h))
			}
			l.expect(addr(tt.signalled), hosts)
			for i, p := range tt.packets {
				if got := l.accept(addr(p.from)); got != p.want {
					t.Errorf("packet %d from %s: accepted %v, want %v: %s", i, p.from, got, p.want, p.why)
				}
			}
		})
	}
}

func TestLatchBeginsAgainWhenSignallingMoves(t *testing.T) {
	var l latch
	l.expect(addr("192.0.2.1:4000"), nil)
	l.accept(addr("192.0.2.1:61000"))
	l.expect(addr("192.0.2.1:4000"), nil)
	if l.from != addr("192.0.2.1:61000") {
		t.Errorf("a re-INVITE that changes nothing moved the latch to %s", l.from)
	}
	l.expect(addr("192.0.2.2:5000"), nil)
	if !l.accept(addr("192.0.2.2:5000")) || l.accept(addr("192.0.2.1:61000")) {
		t.Error("after a re-INVITE to a new address the old one still counts")
	}
}
