package turn

import (
	"hash/maphash"
	"net/netip"
	"sync"
	"time"
)

// bucket is a token bucket that holds the tokens of a second.
type bucket struct {
	missing float64 // tokens to a full bucket, at the time last
	last    time.Time
}

// take is whether there are n tokens left at that rate; then they are gone.
func (b *bucket) take(now time.Time, rate, n float64) bool {
	b.missing = max(0, b.missing-rate*max(0, now.Sub(b.last).Seconds()))
	b.last = now
	if b.missing+n > rate {
		return false
	}
	b.missing += n
	return true
}

// buckets is a power of two. Sources share a bucket when there are many of them; which ones, nobody outside can tell.
const buckets = 4096

// pace bounds how many datagrams we answer, of one source and in all: the address that one comes from may be forged, and our answers, which are
// larger than what they answer, would hit somebody else.
type pace struct {
	perSource, inAll float64 // a second
	seed             maphash.Seed

	mu  sync.Mutex
	all bucket
	of  [buckets]bucket
}

func newPace(perSource, inAll int) *pace {
	return &pace{perSource: float64(perSource), inAll: float64(inAll), seed: maphash.MakeSeed()}
}

func (p *pace) allows(now time.Time, from netip.Addr) bool {
	index := maphash.Comparable(p.seed, source(from)) % buckets
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.of[index].take(now, p.perSource, 1) && p.all.take(now, p.inAll, 1)
}
