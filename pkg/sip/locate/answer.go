package locate

import (
	"fmt"
	"strings"
	"time"

	"github.com/miekg/dns"
)

const (
	maxRecords = 256 // of one answer that are looked at
	maxChain   = 8   // CNAME records that are followed
)

// answer is what DNS said to one question.
type answer struct {
	records []dns.RR      // of the type that was asked for; none is an answer too
	next    string        // the canonical name to ask for instead; empty when this is all
	ttl     time.Duration // how long it holds
}

// ask is a question with its chain of canonical names, from the cache where possible. No records is no error.
func (s *search) ask(of string, kind uint16) ([]dns.RR, error) {
	for range maxChain {
		a, err := s.cache.get(s.ctx, question{of, kind}, func() (answer, error) { return s.exchange(of, kind) })
		if err != nil {
			return nil, err
		}
		if a.next == "" {
			return a.records, nil
		}
		of = a.next
	}
	return nil, fmt.Errorf("%w: a chain of more than %d names", ErrDNS, maxChain)
}

func (s *search) exchange(of string, kind uint16) (answer, error) {
	if !s.asked.more() {
		return answer{}, fmt.Errorf("%w: more than %d questions", ErrDNS, maxQuestions)
	}
	q := new(dns.Msg).SetQuestion(dns.Fqdn(of), kind)
	q.SetEdns0(maxDatagram, false)
	m, err := s.cfg.DNS.Exchange(s.ctx, q)
	if err != nil {
		return answer{}, fmt.Errorf("%w: %s %s: %w", ErrDNS, dns.TypeToString[kind], of, err)
	}
	return read(q, m)
}

// maxDatagram is what an answer over UDP may have: it is not fragmented on any path (DNS flag day 2020). Longer ones come over TCP.
const maxDatagram = 1232

// read takes the answer to a question from a message, which may hold anything.
func read(q, m *dns.Msg) (answer, error) {
	if m == nil || !m.Response || m.Id != q.Id || len(m.Question) != 1 || !sameQuestion(q.Question[0], m.Question[0]) {
		return answer{}, fmt.Errorf("%w: an answer to something else", ErrDNS)
	}
	if m.Truncated || m.Rcode != dns.RcodeSuccess && m.Rcode != dns.RcodeNameError {
		return answer{}, fmt.Errorf("%w: %s", ErrDNS, dns.RcodeToString[m.Rcode])
	}
	at, records, ttl := follow(name(q.Question[0].Name), q.Question[0].Qtype, m.Answer[:min(len(m.Answer), maxRecords)])
	switch {
	case len(records) > 0:
		return answer{records: records, ttl: ttl}, nil
	case at != name(q.Question[0].Name) && m.Rcode == dns.RcodeSuccess && isName(at):
		return answer{next: at, ttl: ttl}, nil
	}
	return answer{ttl: negative(m)}, nil
}

func sameQuestion(a, b dns.Question) bool {
	return a.Qtype == b.Qtype && a.Qclass == b.Qclass && strings.EqualFold(a.Name, b.Name)
}

// follow goes along the canonical names of an answer and collects what is at the end. ttl is the least on the way.
func follow(at string, kind uint16, all []dns.RR) (end string, records []dns.RR, ttl time.Duration) {
	least := ^uint32(0)
	for range maxChain {
		next := ""
		for _, rr := range all {
			header := rr.Header()
			if name(header.Name) != at || header.Class != dns.ClassINET {
				continue
			}
			if c, ok := rr.(*dns.CNAME); ok {
				next = name(c.Target)
			} else if header.Rrtype != kind {
				continue
			} else {
				records = append(records, rr)
			}
			least = min(least, header.Ttl)
		}
		if len(records) > 0 || next == "" {
			break
		}
		at = next
	}
	return at, records, time.Duration(least) * time.Second
}

// negative is how long nothing stays nothing: "the minimum of the MINIMUM field of the SOA record and the TTL of the SOA itself" (RFC 2308 §5).
// Without SOA it is not said, and the question is not asked again for a little while.
func negative(m *dns.Msg) time.Duration {
	for _, rr := range m.Ns[:min(len(m.Ns), maxRecords)] {
		if soa, ok := rr.(*dns.SOA); ok {
			return min(time.Duration(min(soa.Hdr.Ttl, soa.Minttl))*time.Second, maxNegative)
		}
	}
	return unsaidNegative
}

const (
	maxNegative    = 5 * time.Minute // somebody may put the record there
	unsaidNegative = 10 * time.Second
)
