package main

import (
	"net"
	"net/netip"
	"os"
	"slices"
)

// defaultRoute is the address that this machine sends to the rest of the world from, 127.0.0.1 when it cannot. Connecting a
// datagram socket asks the routing table; nothing is sent.
func defaultRoute() netip.Addr {
	for _, far := range []string{"192.0.2.1:9", "[2001:db8::1]:9"} { // documentation addresses, on no network
		conn, err := net.Dial("udp", far)
		if err != nil {
			continue
		}
		local, err := netip.ParseAddrPort(conn.LocalAddr().String())
		conn.Close()
		if err == nil && !local.Addr().IsUnspecified() {
			return local.Addr().Unmap()
		}
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, 1})
}

// ownNames are the hosts that mean this server beside its domain: "every address the server listens on counts as its domain too".
func (o *options) ownNames() []string {
	names := []string{uriHost(o.mediaIP)}
	if o.sipPublic != "" {
		names = append(names, o.sipPublic)
	}
	for _, listen := range []string{o.sip, o.sips, o.https, o.ws} {
		if host, _, err := net.SplitHostPort(listen); err == nil {
			names = append(names, namesOf(host)...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// namesOf are the names of one host to listen on; of all addresses when it is "" or unspecified.
func namesOf(host string) (names []string) {
	ip, err := netip.ParseAddr(host)
	if err == nil && !ip.IsUnspecified() {
		return []string{uriHost(ip)}
	}
	if host == "localhost" {
		return []string{"localhost", "127.0.0.1", "[::1]"}
	}
	names = append(names, "localhost")
	if name, err := os.Hostname(); err == nil {
		names = append(names, name)
	}
	addresses, _ := net.InterfaceAddrs() // without them the others are left
	for _, address := range addresses {
		if prefix, err := netip.ParsePrefix(address.String()); err == nil {
			names = append(names, uriHost(prefix.Addr()))
		}
	}
	return names
}

// allAddresses reports whether HOST:PORT means every address of the machine.
func allAddresses(listen string) bool {
	host, _, _ := net.SplitHostPort(listen)
	ip, err := netip.ParseAddr(host)
	return host == "" || err == nil && ip.IsUnspecified()
}

// reachable is HOST:PORT for somebody on this machine or outside, when it says all addresses.
func reachable(listen, host string) string {
	given, port, _ := net.SplitHostPort(listen)
	if allAddresses(listen) {
		given = host
	}
	return net.JoinHostPort(given, port)
}

// listenHosts are the addresses that were asked for by name, and the one that stands for them outside.
func (o *options) listenHosts() (hosts []string) {
	for _, listen := range []string{o.sip, o.sips, o.https, o.ws, o.turn.plain, o.turn.secure} {
		if host, _, _ := net.SplitHostPort(listen); !allAddresses(listen) && host != "" {
			hosts = append(hosts, host)
		}
	}
	if o.sipPublic != "" {
		hosts = append(hosts, o.sipPublic)
	}
	return hosts
}
