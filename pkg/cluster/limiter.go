package cluster

import (
	"hash/maphash"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limiter slows down who guesses passwords, PINs and conference ids, on HTTP and SIP alike: failures are counted per address and per
// user. Ask Allow before looking at credentials, and report what came of it.
//
// Each key has a bucket of ten failures, refilled with one in ten seconds. A failure beyond it blocks the key for a second, the next
// one for two, and so on, an address up to 5 minutes, a user up to 30 seconds, so that a stranger cannot lock somebody out for long.
// Requests that are under way at once may overshoot by their number.
type Limiter struct {
	seed   maphash.Seed
	shards [limiterShards]limiterShard
}

// The numbers of a Limiter.
const (
	limiterShards   = 16
	maxLimiterKeys  = 4096 // of a shard
	failureBurst    = 10
	failureInterval = 10 * time.Second
	firstBlock      = time.Second
	addressBlock    = 5 * time.Minute
	userBlock       = 30 * time.Second
)

type limiterShard struct {
	mu   sync.Mutex
	keys map[uint64]*failures
}

// failures of one key.
type failures struct {
	bucket  *rate.Limiter
	strikes int // blocks in a row
	blocked time.Time
	last    time.Time
}

// limiterKey is hashed, so that a key of any length costs the same.
type limiterKey struct {
	hash     uint64
	maxBlock time.Duration
}

// NewLimiter makes one that knows of no failures.
func NewLimiter() *Limiter {
	l := &Limiter{seed: maphash.MakeSeed()}
	for i := range l.shards {
		l.shards[i].keys = map[uint64]*failures{}
	}
	return l
}

// Allow says whether somebody may try: 0, or how long to wait (Retry-After). address may be zero and user "" when they are not known.
func (l *Limiter) Allow(now time.Time, address netip.Addr, user string) (wait time.Duration) {
	for _, key := range l.keys(address, user) {
		shard := l.shard(key)
		shard.mu.Lock()
		if f := shard.keys[key.hash]; f != nil {
			wait = max(wait, f.blocked.Sub(now))
		}
		shard.mu.Unlock()
	}
	return max(wait, 0)
}

// Failed reports wrong credentials, or a conference id that does not exist.
func (l *Limiter) Failed(now time.Time, address netip.Addr, user string) {
	for _, key := range l.keys(address, user) {
		shard := l.shard(key)
		shard.mu.Lock()
		shard.get(now, key.hash).fail(now, key.maxBlock)
		shard.mu.Unlock()
	}
}

// Succeeded reports right credentials: the user's failures are forgotten. The address's are not, or somebody with one password could
// go on guessing the others.
func (l *Limiter) Succeeded(_ time.Time, _ netip.Addr, user string) {
	for _, key := range l.keys(netip.Addr{}, user) {
		shard := l.shard(key)
		shard.mu.Lock()
		delete(shard.keys, key.hash)
		shard.mu.Unlock()
	}
}

func (f *failures) fail(now time.Time, maxBlock time.Duration) {
	f.last = now
	if f.bucket.TokensAt(now) >= failureBurst {
		f.strikes = 0 // it was quiet for long enough
	}
	if f.bucket.AllowN(now, 1) {
		return
	}
	block := maxBlock
	if f.strikes < 16 { // beyond, the shift is past any maxBlock
		block = min(firstBlock<<f.strikes, maxBlock)
	}
	f.strikes++
	f.blocked = now.Add(block)
}

// keys are an IPv6 address's /64, which is what one customer gets, an IPv4 address, and a user without case.
func (l *Limiter) keys(address netip.Addr, user string) (keys []limiterKey) {
	if address = address.Unmap().WithZone(""); address.IsValid() {
		if address.Is6() {
			prefix, _ := address.Prefix(64)
			address = prefix.Addr()
		}
		keys = append(keys, limiterKey{maphash.String(l.seed, "address "+address.String()), addressBlock})
	}
	if user != "" {
		keys = append(keys, limiterKey{maphash.String(l.seed, "user "+strings.ToLower(user)), userBlock})
	}
	return keys
}

func (l *Limiter) shard(key limiterKey) *limiterShard { return &l.shards[key.hash%limiterShards] }

func (s *limiterShard) get(now time.Time, hash uint64) *failures {
	f := s.keys[hash]
	if f == nil {
		if len(s.keys) >= maxLimiterKeys {
			s.evict(now)
		}
		f = &failures{bucket: rate.NewLimiter(rate.Every(failureInterval), failureBurst)}
		s.keys[hash] = f
	}
	return f
}

// evict forgets, of a few keys, the one that has failed least recently, one that is blocked only if all are.
func (s *limiterShard) evict(now time.Time) {
	const few = 8
	var victim uint64
	var worst *failures
	seen := 0
	for hash, f := range s.keys { // in random order
		if worst == nil || f.lessWorthKeeping(worst, now) {
			victim, worst = hash, f
		}
		if seen++; seen == few {
			break
		}
	}
	delete(s.keys, victim)
}

func (f *failures) lessWorthKeeping(other *failures, now time.Time) bool {
	blocked, otherBlocked := f.blocked.After(now), other.blocked.After(now)
	if blocked != otherBlocked {
		return !blocked
	}
	return f.last.Before(other.last)
}
