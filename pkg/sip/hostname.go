package sip

import (
	"cmp"
	"net"
	"net/netip"
)

// hostOf is the name we give ourselves to a peer on that flow, in Via and Contact: Config.Host, unless it is an address of the family that the
// peer does not speak; else the address of the socket, as the peer sees it. Never the unspecified one, and without zone, which means something on
// this host alone (RFC 4007 §11.2).
func (ua *UserAgent) hostOf(f flow) string {
	if named, ok := literal(ua.cfg.Host); ua.cfg.Host != "" && (!ok || !f.remote.IsValid() || named.Is4() == f.remote.Addr().Is4()) {
		return ua.cfg.Host
	}
	local := f.link.local().Addr()
	if local.IsUnspecified() {
		local = sourceTo(f.remote)
	}
	if !local.IsValid() || local.IsUnspecified() {
		return cmp.Or(ua.cfg.Host, "invalid.invalid")
	}
	return local.WithZone("").String()
}

// sourceTo asks the routing table which of our addresses a peer sees. Nothing is sent.
func sourceTo(remote netip.AddrPort) netip.Addr {
	conn, err := net.Dial("udp", remote.String())
	if err != nil {
		return netip.Addr{}
	}
	defer conn.Close()
	return addrPort(conn.LocalAddr()).Addr()
}

// portOf is the port where new connections and datagrams of that transport find us: the listener's, else that of the socket itself.
func (ua *UserAgent) portOf(f flow) int {
	if f.link.transport() == "UDP" {
		return int(f.link.local().Port())
	}
	ua.mu.Lock()
	defer ua.mu.Unlock()
	for l, transport := range ua.listeners {
		if transport == f.link.transport() && canReach(addrPort(l.Addr()).Addr(), f.remote.Addr()) {
			return int(addrPort(l.Addr()).Port())
		}
	}
	return int(f.link.local().Port())
}

// canReach tells if a socket at that address has to do with peers of that family; one on :: has with both.
func canReach(local, remote netip.Addr) bool {
	return local.Is4() == remote.Is4() || local == netip.IPv6Unspecified()
}
