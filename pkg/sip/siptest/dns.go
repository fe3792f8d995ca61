package siptest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// DNS answers questions about names from memory. It fits locate.Config.DNS.
type DNS struct {
	mu      sync.Mutex
	records []dns.RR
	broken  map[string]bool // names about which it does not answer
	delay   time.Duration
	asked   []string
}

// ErrNoAnswer is what asking about a broken name gives.
var ErrNoAnswer = errors.New("no answer")

// NewDNS makes one from the lines of a zone file: "example.com. 300 IN SRV 10 5 5060 a.example.com.". Whole names end with a dot.
func NewDNS(zone string) (*DNS, error) {
	d := &DNS{broken: map[string]bool{}}
	return d, d.Set(zone)
}

// Set replaces all records.
func (d *DNS) Set(zone string) error {
	var records []dns.RR
	for line := range strings.Lines(zone) {
		rr, err := dns.NewRR(strings.TrimSpace(line))
		if err != nil {
			return fmt.Errorf("record %q: %w", line, err)
		}
		if rr != nil { // an empty line
			records = append(records, rr)
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.records = records
	return nil
}

// Break leaves questions about a name without answer.
func (d *DNS) Break(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.broken[dns.Fqdn(name)] = true
}

// Delay is how long each answer takes.
func (d *DNS) Delay(delay time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.delay = delay
}

// Asked are the questions since the last call: "SRV _sip._udp.example.com.".
func (d *DNS) Asked() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	asked := d.asked
	d.asked = nil
	return asked
}

// Exchange answers as an authoritative server does: with the chain of canonical names, and with the SOA when there is nothing.
func (d *DNS) Exchange(ctx context.Context, question *dns.Msg) (*dns.Msg, error) {
	q := question.Question[0]
	d.mu.Lock()
	d.asked = append(d.asked, dns.TypeToString[q.Qtype]+" "+q.Name)
	delay, broken := d.delay, d.broken[strings.ToLower(q.Name)]
	m := new(dns.Msg).SetReply(question)
	d.fill(m, q)
	d.mu.Unlock()
	if delay > 0 {
		select {
		case <-time.After(delay):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if broken {
		return nil, ErrNoAnswer
	}
	return m, nil
}

// fill is called with mu held.
func (d *DNS) fill(m *dns.Msg, q dns.Question) {
	at, exists := q.Name, false
	for range 16 {
		next := ""
		for _, rr := range d.records {
			if !strings.EqualFold(rr.Header().Name, at) {
				continue
			}
			exists = true
			if c, ok := rr.(*dns.CNAME); ok && q.Qtype != dns.TypeCNAME {
				next = c.Target
			} else if rr.Header().Rrtype != q.Qtype {
				continue
			}
			m.Answer = append(m.Answer, rr)
		}
		if next == "" {
			break
		}
		at = next
	}
	if len(m.Answer) == 0 {
		m.Ns = d.authority(at)
		if !exists {
			m.Rcode = dns.RcodeNameError
		}
	}
}

// authority is the SOA of the longest suffix of a name.
func (d *DNS) authority(of string) []dns.RR {
	for _, rr := range d.records {
		if soa, ok := rr.(*dns.SOA); ok && dns.IsSubDomain(soa.Hdr.Name, of) {
			return []dns.RR{soa}
		}
	}
	return nil
}
