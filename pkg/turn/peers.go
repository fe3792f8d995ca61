package turn

import (
	"net"
	"net/netip"
	"slices"
)

// Peers says whom relays speak with: what is ours, and what else is allowed. Nothing is without being named.
type Peers struct {
	Own      []Range        // sockets of this server: those for media
	Networks []netip.Prefix // whatever they are, loopback included
	Public   bool           // the public Internet, without the addresses of this machine
}

// Range is ports of an address, both ends included.
type Range struct {
	Address   netip.Addr
	Low, High uint16
}

func (r Range) contains(a netip.AddrPort) bool {
	return a.Addr() == r.Address && r.Low <= a.Port() && a.Port() <= r.High
}

// policy is Peers, and the addresses of this machine, on which there is more than media.
type policy struct {
	Peers
	machine []netip.Addr
}

func newPolicy(peers Peers, relays Range) *policy {
	p := &policy{Peers: peers}
	p.Own = append(slices.Clone(peers.Own), relays) // two clients behind two relays
	for i, r := range p.Own {
		p.Own[i].Address = plain(r.Address)
		p.machine = append(p.machine, p.Own[i].Address)
	}
	addresses, _ := net.InterfaceAddrs() // without them those of the ranges are left
	for _, a := range addresses {
		if prefix, err := netip.ParsePrefix(a.String()); err == nil {
			p.machine = append(p.machine, plain(prefix.Addr()))
		}
	}
	return p
}

// speaksWith says whether datagrams go to that socket, and come from it.
func (p *policy) speaksWith(peer netip.AddrPort) bool {
	peer = netip.AddrPortFrom(plain(peer.Addr()), peer.Port())
	return peer.Port() != 0 && (p.elsewhere(peer.Addr()) || slices.ContainsFunc(p.Own, func(r Range) bool { return r.contains(peer) }))
}

// knows says whether there is any socket at that address that relays speak with.
func (p *policy) knows(peer netip.Addr) bool {
	peer = plain(peer)
	return p.elsewhere(peer) || slices.ContainsFunc(p.Own, func(r Range) bool { return r.Address == peer })
}

// elsewhere is what is not ours alone.
func (p *policy) elsewhere(peer netip.Addr) bool {
	if !peer.IsValid() || peer.IsUnspecified() || peer.IsMulticast() || peer == broadcast {
		return false // never: these are no peers
	}
	return slices.ContainsFunc(p.Networks, func(n netip.Prefix) bool { return n.Contains(peer) }) ||
		p.Public && public(peer) && !slices.Contains(p.machine, peer)
}

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// special are the networks that are not of the public Internet, beside those that netip knows (IANA's registries of special-purpose addresses).
// Those of NAT64, Teredo and 6to4 lead to IPv4 addresses that nobody has looked at.
var special = [...]netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("192.88.99.0/24"), netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("::/96"), netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"),
	netip.MustParsePrefix("100::/64"), netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("fec0::/10"),
}

func public(a netip.Addr) bool {
	return a.IsGlobalUnicast() && !a.IsPrivate() && !slices.ContainsFunc(special[:], func(p netip.Prefix) bool { return p.Contains(a) })
}

// plain is an address in the one form in which addresses are compared.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }
