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
// Each key has a bucket of ten failures, refilled with one in ten seconds. An address that fails beyond it is blocked for a second, the next
// time for two, and so on up to 5 minutes. A user is never blocked, or a stranger could lock him out: while his bucket is empty somebody is
// guessing from many addresses, and each address that fails then is blocked for that user, up to 30 seconds. Who has not failed from where
// he is may always try.
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
	keys map[limiterKey]*failures
}

// failures of one key.
type failures struct {
	bucket  *rate.Limiter
	strikes int // blocks in a row
	blocked time.Time
	last    time.Time
}

// limiterKey is hashed, so that a key of any length costs the same. Zero is nobody.
type limiterKey uint64

// NewLimiter makes one that knows of no failures.
func NewLimiter() *Limiter {
	l := &Limiter{seed: maphash.MakeSeed()}
	for i := range l.shards {
		l.shards[i].keys = map[limiterKey]*failures{}
	}
	return l
}

// Allow says whether somebody may try: 0, or how long to wait (Retry-After). address may be zero and user "" when they are not known.
func (l *Limiter) Allow(now time.Time, address netip.Addr, user string) (wait time.Duration) {
	from := placeOf(address)
	for _, key := range []limiterKey{l.addressKey(from), l.pairKey(from, user)} {
		wait = max(wait, l.blocked(now, key))
	}
	return wait
}

func (l *Limiter) blocked(now time.Time, key limiterKey) time.Duration {
	shard := l.shard(key)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if f := shard.keys[key]; f != nil {
		return max(f.blocked.Sub(now), 0)
	}
	return 0
}

// Failed reports wrong credentials, or a conference id that does not exist.
func (l *Limiter) Failed(now time.Time, address netip.Addr, user string) {
	from := placeOf(address)
	if l.fail(now, l.addressKey(from)) {
		l.block(now, l.addressKey(from), addressBlock)
	}
	if l.fail(now, l.userKey(user)) {
		l.block(now, l.pairKey(from, user), userBlock)
	}
}

// Succeeded reports right credentials: that he failed here before is forgotten. What the address has done is not, or somebody with one
// password could go on guessing the others.
func (l *Limiter) Succeeded(_ time.Time, address netip.Addr, user string) {
	key := l.pairKey(placeOf(address), user)
	shard := l.shard(key)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	delete(shard.keys, key)
}

// fail counts one failure of a key; true when there have been too many.
func (l *Limiter) fail(now time.Time, key limiterKey) bool {
	if key == 0 {
		return false
	}
	shard := l.shard(key)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	f := shard.get(now, key)
	f.last = now
	if f.bucket.TokensAt(now) >= failureBurst {
		f.strikes = 0 // it was quiet for long enough
	}
	return !f.bucket.AllowN(now, 1)
}

// block keeps a key out, each time for twice as long.
func (l *Limiter) block(now time.Time, key limiterKey, maxBlock time.Duration) {
	if key == 0 {
		return
	}
	shard := l.shard(key)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	f := shard.get(now, key)
	if now.Sub(f.blocked) > failureBurst*failureInterval {
		f.strikes = 0
	}
	length := maxBlock
	if f.strikes < 16 { // beyond, the shift is past any maxBlock
		length = min(firstBlock<<f.strikes, maxBlock)
	}
	f.strikes++
	f.last, f.blocked = now, now.Add(length)
}

// placeOf is where somebody is: an IPv4 address, or an IPv6 address's /64, which is what one customer gets; "" when it is not known.
func placeOf(address netip.Addr) string {
	address = address.Unmap().WithZone("")
	if !address.IsValid() {
		return ""
	}
	if address.Is6() {
		prefix, _ := address.Prefix(64)
		address = prefix.Addr()
	}
	return address.String()
}

func (l *Limiter) addressKey(place string) limiterKey {
	if place == "" {
		return 0
	}
	return l.key("address " + place)
}

// userKey is without case.
func (l *Limiter) userKey(user string) limiterKey {
	if user == "" {
		return 0
	}
	return l.key("user " + strings.ToLower(user))
}

func (l *Limiter) pairKey(place, user string) limiterKey {
	if user == "" {
		return 0
	}
	return l.key("pair " + place + " " + strings.ToLower(user))
}

func (l *Limiter) key(text string) limiterKey {
	return limiterKey(max(maphash.String(l.seed, text), 1))
}

func (l *Limiter) shard(key limiterKey) *limiterShard { return &l.shards[key%limiterShards] }

func (s *limiterShard) get(now time.Time, key limiterKey) *failures {
	f := s.keys[key]
	if f == nil {
		if len(s.keys) >= maxLimiterKeys {
			s.evict(now)
		}
		f = &failures{bucket: rate.NewLimiter(rate.Every(failureInterval), failureBurst)}
		s.keys[key] = f
	}
	return f
}

// evict forgets, of a few keys, the one that has failed least recently, one that is blocked only if all are.
func (s *limiterShard) evict(now time.Time) {
	const few = 8
	var victim limiterKey
	var worst *failures
	seen := 0
	for key, f := range s.keys { // in random order
		if worst == nil || f.lessWorthKeeping(worst, now) {
			victim, worst = key, f
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
