package sip

import (
	"net/netip"
	"sync"
	"time"
)

// A source is who a request is counted for: an IPv4 address, or the /64 of an IPv6 address, which is what one customer has (RFC 6177).
type source netip.Addr

func sourceOf(a netip.Addr) source {
	if a = a.Unmap().WithZone(""); a.Is6() {
		return source(netip.PrefixFrom(a, 64).Masked().Addr())
	}
	return source(a)
}

const (
	// maxSources bounds the sources that are told apart within forgetAfter. Those that come when there are more share one bucket.
	maxSources = 16384
	// forgetAfter is longer than any bucket takes to fill: a source of which nothing was heard for so long is like a new one.
	forgetAfter = 10 * time.Second
	// The 503 and other answers without a transaction are fewer than what they answer, so that we amplify nothing.
	answersPerSource, answersInAll = 500, 2000
)

// overload decides whether a request that starts something new is looked at: "A UAS that receives a request ... and is unable to process it due to
// a temporary overloading or maintenance ... MAY indicate when the client should retry the request in a Retry-After header field" (RFC 3261
// §21.5.4). What belongs to a call that is up is never asked about here.
type overload struct {
	asked, answered limiter // requests, and answers that no transaction gives
}

func newOverload(perSource, inAll int) *overload {
	return &overload{asked: newLimiter(perSource, inAll), answered: newLimiter(answersPerSource, answersInAll)}
}

// limiter is a token bucket for each source and one for all of them.
type limiter struct {
	perSource, inAll float64 // tokens a second; a bucket holds those of one second. Negative: no bound

	mu          sync.Mutex
	all, rest   bucket // rest: of the sources that are too many to be told apart
	young, old  map[source]*bucket
	lastForgets time.Time
}

type bucket struct {
	missing float64 // tokens to a full bucket, at the time last
	last    time.Time
}

func newLimiter(perSource, inAll int) limiter {
	return limiter{perSource: float64(perSource), inAll: float64(inAll), young: map[source]*bucket{}}
}

// take is whether the source and all together have a token left; then each loses one.
func (l *limiter) take(now time.Time, s source) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.bucketOf(now, s)
	if l.perSource >= 0 && !b.has(now, l.perSource) || l.inAll >= 0 && !l.all.has(now, l.inAll) {
		return false
	}
	b.missing++
	l.all.missing++
	return true
}

func (b *bucket) has(now time.Time, rate float64) bool {
	b.missing = max(0, b.missing-rate*max(0, now.Sub(b.last).Seconds()))
	b.last = now
	return b.missing+1 <= max(1, rate)
}

// bucketOf finds or makes a bucket. It forgets by generations: the buckets of the last forgetAfter are young, those only heard of before are old.
func (l *limiter) bucketOf(now time.Time, s source) *bucket {
	if now.Sub(l.lastForgets) >= forgetAfter {
		l.young, l.old = map[source]*bucket{}, l.young
		if now.Sub(l.lastForgets) >= 2*forgetAfter {
			l.old = nil
		}
		l.lastForgets = now
	}
	b := l.young[s]
	switch {
	case b != nil:
		return b
	case len(l.young) >= maxSources:
		return &l.rest
	}
	if b = l.old[s]; b == nil {
		b = &bucket{last: now}
	}
	l.young[s] = b
	return b
}

// holdings are what each source has open: an entry exists while there is something.
type holdings struct {
	mu  sync.Mutex
	m   map[source]int
	max int
}

func newHoldings(max int) *holdings { return &holdings{m: map[source]int{}, max: max} }

// hold counts one more, and returns how to let go of it; nil when the source has its share. Letting go twice does nothing.
func (h *holdings) hold(s source) (release func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.m[s] >= h.max {
		return nil
	}
	h.m[s]++
	return sync.OnceFunc(func() { h.release(s) })
}

// crowded is whether the source has more than half of its share.
func (h *holdings) crowded(s source) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.m[s] > h.max/2
}

func (h *holdings) release(s source) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.m[s]--; h.m[s] <= 0 {
		delete(h.m, s)
	}
}

func letGo(release func()) {
	if release != nil {
		release()
	}
}
