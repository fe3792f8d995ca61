package locate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

var (
	// ErrOwnDomain: the host is one of Config.Own, without port. What is to be found there is a matter of the registrar, not of DNS.
	ErrOwnDomain = errors.New("that is ourselves")
	// ErrNotFound: DNS was asked, and there is no such server.
	ErrNotFound = errors.New("no such server")
	// ErrUnsupported: the URI wants a transport that we do not have.
	ErrUnsupported = errors.New("transport not supported")
	// ErrDNS: nobody answered the question, or answered with an error.
	ErrDNS = errors.New("DNS does not answer")
)

// Query is the part of a URI that says where it leads. "We define TARGET as the value of the maddr parameter of the URI, if present, otherwise,
// the host value of the hostport component of the URI" (RFC 3263 §4).
type Query struct {
	Target    string // a name or an address, IPv6 with or without brackets
	Port      int    // 0 when the URI has none
	Transport string // the transport parameter, in any case; empty when the URI has none
	Secure    bool   // a SIPS URI
}

// Target is one place where a server may be.
type Target struct {
	Transport string // "UDP", "TCP" or "TLS"
	Addr      netip.AddrPort
	Host      string // the name in the URI, which the TLS certificate must have (RFC 5922 §7.1); not that of a NAPTR or SRV record
}

// maxTargets bounds the list that one Locate returns.
const maxTargets = 32

// Locate lists the servers, best first: at most 32, at least one when the error is nil. The order of equal SRV records is random and follows their
// weights, so each request asks again. Errors wrap one of this package, or that of ctx.
func (r *Resolver) Locate(ctx context.Context, q Query) ([]Target, error) {
	q.Target = strings.ToLower(strings.TrimSuffix(strings.Trim(q.Target, "[]"), "."))
	if q.Port == 0 && slices.Contains(r.own, q.Target) {
		return nil, fmt.Errorf("locating %.100s: %w", q.Target, ErrOwnDomain)
	}
	ctx, cancel := context.WithTimeout(ctx, r.cfg.Timeout)
	defer cancel()
	s := &search{Resolver: r, ctx: ctx, q: q}
	targets, err := s.run()
	if err != nil {
		return nil, fmt.Errorf("locating %.100s: %w", q.Target, err)
	}
	return targets, nil
}

// search is one Locate: it counts its questions.
type search struct {
	*Resolver
	ctx   context.Context
	q     Query
	asked asked
}

func (s *search) run() ([]Target, error) {
	transport, err := transportOf(s.q)
	if err != nil {
		return nil, err
	}
	if addr, err := netip.ParseAddr(s.q.Target); err == nil {
		// "If TARGET is a numeric IP address, the client uses that address. If the URI also contains a port, it uses that port. If no port is
		// specified, it uses the default port for the particular transport protocol" (§4.2); without a transport, "the client SHOULD use UDP
		// for a SIP URI, and TCP for a SIPS URI" (§4.1).
		return s.at([]netip.Addr{addr.Unmap()}, s.q.Port, s.orDefault(transport)), nil
	}
	if !isName(s.q.Target) {
		return nil, fmt.Errorf("%w: not a host name", ErrNotFound)
	}
	if _, local := s.local(s.q.Target); s.q.Port != 0 || local {
		// "If the TARGET was not a numeric IP address, but a port is present in the URI, the client performs an A or AAAA record lookup of
		// the domain name" (§4.2), with the transport as for an address (§4.1).
		return s.hosts(s.q.Target, s.q.Port, s.orDefault(transport))
	}
	services, err := s.services(transport)
	if err != nil {
		return nil, err
	}
	return s.servers(services, s.orDefault(transport))
}

// transportOf is what the URI itself says; empty when it says nothing. TLS over TCP is what SIPS means (RFC 3261 §26.2.2).
func transportOf(q Query) (string, error) {
	if q.Port < 0 || q.Port > 65535 {
		return "", fmt.Errorf("%w: port %d", ErrNotFound, q.Port)
	}
	switch transport := strings.ToUpper(q.Transport); {
	case transport == "TLS", q.Secure && transport == "TCP":
		return "TLS", nil
	case !q.Secure && (transport == "UDP" || transport == "TCP"), transport == "":
		return transport, nil
	}
	return "", fmt.Errorf("%w: %.20q, secure %v", ErrUnsupported, q.Transport, q.Secure)
}

func (s *search) orDefault(transport string) string {
	if s.q.Secure {
		return "TLS"
	}
	return cmp.Or(transport, "UDP")
}

func (s *search) at(addrs []netip.Addr, port int, transport string) (targets []Target) {
	if port == 0 {
		port = DefaultPort(transport)
	}
	for _, addr := range addrs {
		targets = append(targets, Target{transport, netip.AddrPortFrom(addr, uint16(port)), s.q.Target})
	}
	return targets
}

// DefaultPort of a transport: 5061 for TLS, else 5060 (RFC 3261 §19.1.2).
func DefaultPort(transport string) int {
	if transport == "TLS" {
		return 5061
	}
	return 5060
}

func (s *search) hosts(name string, port int, transport string) ([]Target, error) {
	addrs, err := s.addresses(name)
	if err != nil {
		return nil, err
	}
	return s.at(addrs, port, transport), nil
}

// servers turns services into addresses, in order. "If no SRV records were found, the client performs an A or AAAA record lookup of the domain
// name" (§4.2). One service that cannot be had does not hide the next: the error is that of the last, when none gave anything.
func (s *search) servers(services []service, transport string) (targets []Target, err error) {
	if len(services) == 0 {
		return s.hosts(s.q.Target, 0, transport)
	}
	err = ErrNotFound
	for _, service := range services {
		for _, record := range s.order(service.records) {
			found, failure := s.hosts(record.target, record.port, service.transport)
			if failure != nil {
				err = failure
			}
			if targets = appendNew(targets, found); len(targets) >= maxTargets {
				return targets[:maxTargets], nil
			}
		}
	}
	if len(targets) == 0 {
		return nil, err
	}
	return targets, nil
}

func appendNew(targets, more []Target) []Target {
	for _, t := range more {
		if !slices.Contains(targets, t) {
			targets = append(targets, t)
		}
	}
	return targets
}

// isName: letters, digits, hyphens, underscores and dots, as long as DNS allows.
func isName(host string) bool {
	if host == "" || len(host) > 253 {
		return false
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return true
}
