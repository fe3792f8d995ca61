package locate

import (
	"fmt"
	"net/netip"
	"strings"
	"sync"

	"github.com/miekg/dns"
)

// maxAddresses is how many of one host are taken.
const maxAddresses = 16

// addresses of a host, IPv4 first: what has IPv6 without reaching anybody over it is more common than the opposite. It fails when there are none.
func (s *search) addresses(of string) ([]netip.Addr, error) {
	if addrs, ok := s.local(of); ok {
		return addrs, nil
	}
	var v4, v6 []dns.RR
	var err4, err6 error
	var both sync.WaitGroup
	both.Go(func() { v4, err4 = s.ask(of, dns.TypeA) })
	both.Go(func() { v6, err6 = s.ask(of, dns.TypeAAAA) })
	both.Wait()
	addrs := reachable(append(v4, v6...))
	switch {
	case len(addrs) > 0: // one family is enough, even if the question for the other went wrong
		return addrs, nil
	case err4 != nil:
		return nil, err4
	case err6 != nil:
		return nil, err6
	}
	return nil, fmt.Errorf("%w: no address of %s", ErrNotFound, of)
}

// local are the names for which DNS is not asked. "Name resolution APIs and libraries SHOULD recognize localhost names as special and SHOULD
// always return the IP loopback address" (RFC 6761 §6.3).
func (r *Resolver) local(of string) ([]netip.Addr, bool) {
	if addrs, ok := r.hosts[of]; ok {
		return addrs[:min(len(addrs), maxAddresses)], true
	}
	if of == "localhost" || strings.HasSuffix(of, ".localhost") {
		return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}, true
	}
	return nil, false
}

// reachable reads A and AAAA records. What is no host of the network is left out: with 127.0.0.1 or 0.0.0.0 in its zone, a stranger's domain would
// make us talk to what listens on this machine alone; a link-local address says nothing without its link.
func reachable(records []dns.RR) (addrs []netip.Addr) {
	for _, rr := range records {
		var addr netip.Addr
		switch rr := rr.(type) {
		case *dns.A:
			addr, _ = netip.AddrFromSlice(rr.A)
		case *dns.AAAA:
			addr, _ = netip.AddrFromSlice(rr.AAAA)
		}
		if addr = addr.Unmap(); isHost(addr) && len(addrs) < maxAddresses {
			addrs = append(addrs, addr)
		}
	}
	return addrs
}

func isHost(a netip.Addr) bool {
	return a.IsGlobalUnicast() && a.As16() != [16]byte{} && !isThisNetwork(a) // IsGlobalUnicast has private addresses too
}

// isThisNetwork: 0.0.0.0/8 is "this network" (RFC 1122 §3.2.1.3); Linux takes all of it for this host.
func isThisNetwork(a netip.Addr) bool { return a.Is4() && a.As4()[0] == 0 }
