package media

import (
	"net/netip"
	"slices"
	"testing"
)

// guard is the slow and obvious model of whom a leg without protection listens to. It keeps all that was said and all that came since.
type guard struct {
	signalled netip.AddrPort
	hosts     []netip.Addr
	came      []netip.AddrPort // justified when they came, since signalling last named another address
}

func (g *guard) expect(signalled netip.AddrPort, hosts []netip.Addr) {
	if signalled != g.signalled {
		g.came = nil
	}
	g.signalled, g.hosts = signalled, hosts
}

func (g *guard) accept(from netip.AddrPort) bool {
	if !from.IsValid() {
		return false
	}
	if len(g.came) > 0 {
		return from == g.came[0] // the first one who was justified, and nobody after
	}
	named := g.signalled.IsValid() && (from.Addr() == g.signalled.Addr() || slices.Contains(g.hosts, from.Addr()))
	if !named || from.Addr().Is4() != g.signalled.Addr().Is4() {
		return false
	}
	g.came = append(g.came, from)
	return true
}

// destination is where the leg sends.
func (g *guard) destination() netip.AddrPort {
	if len(g.came) > 0 {
		return g.came[0]
	}
	return g.signalled
}

// Everybody who sends: the peer, its NAT, a neighbour behind that NAT, strangers, ourselves; several ports each.
var senders = []netip.Addr{
	netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("10.0.0.7"), netip.MustParseAddr("192.0.2.9"), netip.MustParseAddr("203.0.113.5"),
	netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("198.51.100.1"), {},
}

// FuzzLatch reads bytes as a story: packets, re-INVITEs, authenticated packets. What the latch says is what the model says, and nobody whom
// signalling does not justify is ever listened to or sent to without having proved himself.
func FuzzLatch(f *testing.F) {
	f.Add([]byte{0x80, 0, 0x30, 1, 0x00, 2, 0x01, 2})
	f.Add([]byte{0x90, 1, 0x20, 7, 0x20, 8, 0x10, 0, 0x80, 3, 0x30, 3})
	f.Add([]byte{0x06, 0}) // from nowhere
	f.Add([]byte{0x81, 4, 0x40, 4, 0x31, 4, 0x80, 0, 0x00, 0})
	f.Add([]byte{0x60, 0, 0x80, 0, 0xc3, 9, 0x00, 0, 0xc3, 10, 0x80, 0})
	f.Fuzz(func(t *testing.T, script []byte) {
		var l latch
		var g guard
		for i := 0; len(script) >= 2; script, i = script[2:], i+1 {
			who := netip.AddrPortFrom(senders[int(script[0]&15)%len(senders)], 4000+uint16(script[1]&15))
			switch {
			case script[0]&0xc0 == 0xc0:
				if was := l.from; l.prove(who) && (!g.signalled.IsValid() || was == who) {
					t.Fatalf("step %d: proof moves the leg from %s to %s", i, was, who)
				}
				if g.signalled.IsValid() {
					g.came = []netip.AddrPort{who}
				}
			case script[0]&0x80 != 0:
				hosts := senders[int(script[1]>>4)%len(senders):][:1]
				l.expect(who, hosts)
				g.expect(who, hosts)
			default:
				if got, want := l.accept(who), g.accept(who); got != want {
					t.Fatalf("step %d: a packet from %s is accepted %v, want %v (signalled %s, hosts %v, came %v)", i, who, got, want, g.signalled, g.hosts, g.came)
				}
			}
			if l.from != g.destination() {
				t.Fatalf("step %d: sends to %s, want %s", i, l.from, g.destination())
			}
		}
	})
}
