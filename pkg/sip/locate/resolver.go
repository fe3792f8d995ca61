package locate

import (
	"cmp"
	"context"
	"math/rand/v2"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"
)

// Exchanger asks a question of DNS and waits for the answer. [Client] is the real one; tests have siptest.DNS.
type Exchanger interface {
	Exchange(ctx context.Context, question *dns.Msg) (*dns.Msg, error)
}

// Config is what a [Resolver] needs. All fields may be left zero.
type Config struct {
	DNS      Exchanger         // nil asks the servers of /etc/resolv.conf
	Own      []string          // domains that are ourselves: locating them without a port is ErrOwnDomain
	Hosts    string            // file of names that DNS is not asked for; empty is /etc/hosts, or none when DNS is given
	Timeout  time.Duration     // of one Locate, 8 s
	CacheFor time.Duration     // the longest that an answer is kept, 1 h
	MaxCache int               // answers kept, 4096
	Rand     func(max int) int // a random number from 0 to max-1; nil is math/rand/v2
}

// Resolver finds servers. It may be used from any goroutine and has none of its own.
type Resolver struct {
	cfg   Config
	own   []string
	hosts map[string][]netip.Addr
	cache *cache
}

// New makes a resolver.
func New(cfg Config) *Resolver {
	cfg = cfg.withDefaults()
	r := &Resolver{cfg: cfg, cache: newCache(cfg.MaxCache, cfg.CacheFor), hosts: readHosts(cfg.Hosts)}
	for _, host := range cfg.Own {
		r.own = append(r.own, strings.ToLower(strings.TrimSuffix(host, ".")))
	}
	return r
}

func (c Config) withDefaults() Config {
	if c.DNS == nil {
		c.DNS = SystemClient()
		c.Hosts = cmp.Or(c.Hosts, "/etc/hosts")
	}
	if c.Timeout == 0 {
		c.Timeout = 8 * time.Second
	}
	if c.CacheFor == 0 {
		c.CacheFor = time.Hour
	}
	if c.MaxCache == 0 {
		c.MaxCache = 4096
	}
	if c.Rand == nil {
		c.Rand = rand.IntN
	}
	return c
}

// readHosts reads a hosts file: an address and its names on each line. A file that is not there has no names.
func readHosts(path string) map[string][]netip.Addr {
	hosts := map[string][]netip.Addr{}
	text, err := os.ReadFile(path)
	if path == "" || err != nil {
		return hosts
	}
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		addr, err := netip.ParseAddr(fields[0])
		if err != nil {
			continue
		}
		for _, host := range fields[1:] {
			host = strings.ToLower(strings.TrimSuffix(host, "."))
			hosts[host] = append(hosts[host], addr.Unmap())
		}
	}
	return hosts
}

// asked counts the questions of one search.
type asked struct{ n atomic.Int32 }

// maxQuestions bounds one search: a domain with six NAPTR records, each with 32 SRV records that all have long chains of names, ends here.
const maxQuestions = 80

func (a *asked) more() bool { return a.n.Add(1) <= maxQuestions }
