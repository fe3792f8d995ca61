package locate

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// service is a transport that the domain offers, with its SRV records.
type service struct {
	transport string
	records   []server
}

// server is one SRV record.
type server struct {
	priority, weight, port int
	target                 string
}

// prefixes of the SRV names, in the order in which transports are taken when the domain does not say (§4.1: "The client MAY use any transport
// protocol it desires which is supported by the server"): the one that nobody can read first, then those that carry messages of any size.
var prefixes = []struct{ transport, prefix string }{
	{"TLS", "_sips._tcp."}, {"TCP", "_sip._tcp."}, {"UDP", "_sip._udp."},
}

// services asks which transports the target offers. Transport is what the URI says, empty when it says nothing. Nothing found is no error.
func (s *search) services(transport string) ([]service, error) {
	if transport != "" { // no NAPTR then (§4.1)
		return s.srvFor(transport)
	}
	if services, err := s.fromNAPTR(); err != nil || len(services) > 0 {
		return services, err
	}
	// "If no NAPTR records are found, the client constructs SRV queries for those transport protocols it supports, and does a query for each"
	// (§4.1).
	if s.q.Secure {
		return s.srvFor("TLS")
	}
	return s.srvFor("TLS", "TCP", "UDP")
}

// srvFor fails only when no transport could be asked about.
func (s *search) srvFor(transports ...string) (services []service, err error) {
	for _, p := range prefixes {
		if !slices.Contains(transports, p.transport) {
			continue
		}
		records, failure := s.srv(p.prefix + s.q.Target)
		err = errors.Join(err, failure)
		if len(records) > 0 {
			services = append(services, service{p.transport, records})
		}
	}
	if len(services) > 0 {
		return services, nil
	}
	return nil, err
}

// naptrServices are the resolution services that we can use (§4.1).
var naptrServices = map[string]string{"SIP+D2U": "UDP", "SIP+D2T": "TCP", "SIPS+D2T": "TLS"}

// fromNAPTR: "First, a client resolving a SIPS URI MUST discard any services that do not contain "SIPS" as the protocol in the service field. ...
// Second, a client MUST discard any service fields that identify a resolution service whose value is not "D2X", for values of X that indicate
// transport protocols supported by the client. The NAPTR processing as described in RFC 2915 will result in the discovery of the most preferred
// transport protocol of the server that is supported by the client, as well as an SRV record for the server" (§4.1).
func (s *search) fromNAPTR() (services []service, err error) {
	records, err := s.naptr()
	if err != nil {
		return nil, err
	}
	for _, n := range records {
		found, failure := s.srv(name(n.Replacement))
		err = errors.Join(err, failure)
		if len(found) > 0 {
			services = append(services, service{naptrServices[strings.ToUpper(n.Service)], found})
		}
	}
	if len(services) > 0 {
		return services, nil
	}
	return nil, err
}

// naptr are the records that we can use, by preference: of the lowest order among them, and none of another order (RFC 3403 §4.1).
func (s *search) naptr() (usable []*dns.NAPTR, err error) {
	answer, err := s.ask(s.q.Target, dns.TypeNAPTR)
	if err != nil { // many a server of names knows no NAPTR and says so by an error; SRV may do all the same
		return nil, s.ctx.Err()
	}
	for _, rr := range answer {
		if n, ok := rr.(*dns.NAPTR); ok && s.canUse(n) {
			usable = append(usable, n)
		}
	}
	slices.SortStableFunc(usable, func(a, b *dns.NAPTR) int {
		return cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(a.Preference, b.Preference))
	})
	end := slices.IndexFunc(usable, func(n *dns.NAPTR) bool { return n.Order != usable[0].Order })
	if end > 0 {
		usable = usable[:end]
	}
	return usable[:min(len(usable), maxServices)], nil
}

// maxServices is how many NAPTR records of one domain are followed: there are three transports.
const maxServices = 6

func (s *search) canUse(n *dns.NAPTR) bool {
	transport, known := naptrServices[strings.ToUpper(n.Service)]
	return known && strings.EqualFold(n.Flags, "s") && n.Regexp == "" && isName(name(n.Replacement)) && (!s.q.Secure || transport == "TLS")
}

// srv are the SRV records of a name, at most 32 and in no order.
func (s *search) srv(of string) (records []server, err error) {
	if !isName(of) {
		return nil, nil // too long with its prefix
	}
	answer, err := s.ask(of, dns.TypeSRV)
	if err != nil {
		return nil, err
	}
	for _, rr := range answer {
		if r, ok := rr.(*dns.SRV); ok && isName(name(r.Target)) && r.Port != 0 && len(records) < maxTargets {
			records = append(records, server{int(r.Priority), int(r.Weight), int(r.Port), name(r.Target)})
		}
	}
	if len(records) == 0 && len(answer) > 0 {
		// "A Target of "." means that the service is decidedly not available at this domain" (RFC 2782): no A record stands in for it.
		return nil, fmt.Errorf("%w: %s says that there is none", ErrNotFound, of)
	}
	return records, nil
}

// order is that of RFC 2782: "A client MUST attempt to contact the target host with the lowest-numbered priority it can reach"; among equals
// by weight: "arrange all SRV RRs (that have not been ordered yet) in any order, except that all those with weight 0 are placed at the beginning of
// the list. Compute the sum of the weights of those RRs, and with each RR associate the running sum in the selected order. Then choose a uniform
// random number between 0 and the sum computed (inclusive), and select the RR whose running sum value is the first in the selected order which is
// greater than or equal to the random number selected."
func (r *Resolver) order(records []server) (ordered []server) {
	left := slices.Clone(records)
	slices.SortStableFunc(left, func(a, b server) int {
		return cmp.Or(cmp.Compare(a.priority, b.priority), cmp.Compare(min(a.weight, 1), min(b.weight, 1)))
	})
	for len(left) > 0 {
		equals := slices.IndexFunc(left, func(s server) bool { return s.priority != left[0].priority })
		if equals < 0 {
			equals = len(left)
		}
		i := r.pick(left[:equals])
		ordered = append(ordered, left[i])
		left = slices.Delete(left, i, i+1)
	}
	return ordered
}

func (r *Resolver) pick(equals []server) int {
	sum := 0
	for _, s := range equals {
		sum += s.weight
	}
	chosen := r.cfg.Rand(sum + 1)
	for i, s := range equals {
		if chosen -= s.weight; chosen <= 0 {
			return i
		}
	}
	return len(equals) - 1
}

func name(fqdn string) string { return strings.ToLower(strings.TrimSuffix(fqdn, ".")) }
