package sip

import (
	"sync"
	"time"
)

// ncWindow is how far behind the highest nonce count a request may come: requests sent together may overtake each other.
const ncWindow = 64

// nonces are the nonces that we gave out: each lives for a time and each of its counts is good once. The oldest is forgotten when there are too
// many, so that challenges cost a stranger nothing and us no memory.
type nonces struct {
	max      int
	lifetime time.Duration

	mu    sync.Mutex
	known map[string]*nonce
	order []string // oldest first
}

type nonce struct {
	issued  time.Time
	highest int    // count
	seen    uint64 // bit i: highest-i
}

func newNonces(max int, lifetime time.Duration) *nonces {
	return &nonces{max: max, lifetime: lifetime, known: map[string]*nonce{}}
}

func (n *nonces) issue(now time.Time) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	for len(n.order) > 0 && (len(n.order) >= n.max || now.Sub(n.known[n.order[0]].issued) > n.lifetime) {
		delete(n.known, n.order[0])
		n.order = n.order[1:]
	}
	text := randomHex(16)
	n.known[text] = &nonce{issued: now}
	n.order = append(n.order, text)
	return text
}

// use spends one count of a nonce. False: not ours, too old, or that count is spent.
func (n *nonces) use(text string, count int, now time.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	x := n.known[text]
	if x == nil || now.Sub(x.issued) > n.lifetime {
		return false
	}
	return x.spend(count)
}

func (x *nonce) spend(count int) bool {
	if count > x.highest {
		x.seen = x.seen<<uint(min(count-x.highest, ncWindow)) | 1
		x.highest = count
		return true
	}
	behind := x.highest - count
	if behind >= ncWindow || x.seen&(1<<uint(behind)) != 0 {
		return false
	}
	x.seen |= 1 << uint(behind)
	return true
}
