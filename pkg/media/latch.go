package media

import "net/netip"

// latch knows where the peer is. It also decides whose packets count on a transport without SRTP: those from the address that signalling named; or, once, those
// from another port or host that signalling justifies, as a phone behind NAT needs. After that nobody else's, whatever they send.
type latch struct {
	signalled netip.AddrPort
	hosts     []netip.Addr // hosts that signalling justifies: of c=, and where the SIP request came from
	from      netip.AddrPort
	settled   bool
}

// expect begins again with what signalling says now. When it says the same as before, a latch that settled stays.
func (l *latch) expect(signalled netip.AddrPort, hosts []netip.Addr) {
	if signalled == l.signalled {
		l.hosts = hosts
		return
	}
	*l = latch{signalled: signalled, hosts: hosts, from: signalled}
}

// accept reports whether a packet from this address belongs to the leg.
func (l *latch) accept(from netip.AddrPort) bool {
	if !from.IsValid() {
		return false // without an agreement the peer is nowhere, and so is this
	}
	if from == l.from {
		l.settled = true
		return true
	}
	if l.settled || !l.justified(from.Addr()) {
		return false
	}
	l.from, l.settled = from, true
	return true
}

// prove is told that a packet from this address has authenticated itself, which decides more than any address. It reports whether that is another
// address than before.
func (l *latch) prove(from netip.AddrPort) bool {
	l.settled = true
	if from == l.from || !l.signalled.IsValid() {
		return false
	}
	l.from = from
	return true
}

func (l *latch) justified(host netip.Addr) bool {
	if !l.signalled.IsValid() || host.Is4() != l.signalled.Addr().Is4() {
		return false
	}
	if host == l.signalled.Addr() {
		return true
	}
	for _, h := range l.hosts {
		if h == host {
			return true
		}
	}
	return false
}
