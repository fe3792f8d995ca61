package locate

import (
	"time"

	"github.com/miekg/dns"
)

// Cached is how many answers are kept.
func (r *Resolver) Cached() int {
	r.cache.mu.Lock()
	defer r.cache.mu.Unlock()
	return len(r.cache.answers)
}

// Server is an SRV record.
type Server = server

func NewServer(priority, weight, port int, target string) Server {
	return server{priority, weight, port, target}
}

func (s server) Target() string { return s.target }
func (s server) Priority() int  { return s.priority }

func (r *Resolver) Order(records []Server) []Server { return r.order(records) }

// Read is what a question gets from an answer.
func Read(q, m *dns.Msg) (records []dns.RR, next string, ttl time.Duration, err error) {
	a, err := read(q, m)
	return a.records, a.next, a.ttl, err
}
