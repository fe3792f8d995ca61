package sip

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"sync"
	"time"
)

// ncWindow is how far behind the highest nonce count a request may come: requests sent together may overtake each other.
const ncWindow = 64

// The parts of a nonce, in octets: when it was given out, something random, and an HMAC over both, so that only ours are taken and one that
// nobody has answered costs no memory.
const (
	nonceTime   = 8
	nonceRandom = 8
	nonceMAC    = 12
)

// nonces give out nonces, and remember of those that were answered rightly which counts are spent. Each lives for a time and each of its
// counts is good once: "if the same nc value is seen twice, then the request is a replay" (RFC 7616 §3.4).
type nonces struct {
	max      int // remembered
	lifetime time.Duration
	key      [32]byte

	mu    sync.Mutex
	known map[nonceID]*nonce
	order []nonceID // by first use
	floor time.Time // what was given out until then and is not known has been forgotten
}

type nonceID [nonceTime + nonceRandom]byte

type nonce struct {
	issued  time.Time
	highest int    // count
	seen    uint64 // bit i: highest-i
}

func newNonces(max int, lifetime time.Duration) *nonces {
	n := &nonces{max: max, lifetime: lifetime, known: map[nonceID]*nonce{}}
	rand.Read(n.key[:])
	return n
}

func (n *nonces) issue(now time.Time) string {
	var id nonceID
	binary.BigEndian.PutUint64(id[:], uint64(now.UnixNano()))
	rand.Read(id[nonceTime:])
	return base64.RawURLEncoding.EncodeToString(append(id[:], n.mac(id)...))
}

func (n *nonces) mac(id nonceID) []byte {
	h := hmac.New(sha256.New, n.key[:])
	h.Write(id[:])
	return h.Sum(nil)[:nonceMAC]
}

// read says when a nonce was given out; false when it is not ours.
func (n *nonces) read(text string) (id nonceID, issued time.Time, ok bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) != len(id)+nonceMAC {
		return id, issued, false
	}
	copy(id[:], raw)
	issued = time.Unix(0, int64(binary.BigEndian.Uint64(id[:])))
	return id, issued, hmac.Equal(raw[len(id):], n.mac(id))
}

// use spends one count of a nonce. False: not ours, too old, forgotten, or that count is spent.
func (n *nonces) use(text string, count int, now time.Time) bool {
	id, issued, ok := n.read(text)
	if !ok || now.Sub(issued) > n.lifetime {
		return false
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	x := n.known[id]
	if x == nil {
		if !issued.After(n.floor) {
			return false
		}
		x = n.remember(id, issued, now)
	}
	return x.spend(count)
}

// remember makes room first. Of what is forgotten before its time nobody knows any more which counts are spent: neither it nor what is older is
// good again.
func (n *nonces) remember(id nonceID, issued, now time.Time) *nonce {
	for len(n.order) > 0 && (len(n.order) >= n.max || now.Sub(n.known[n.order[0]].issued) > n.lifetime) {
		if old := n.known[n.order[0]].issued; old.After(n.floor) {
			n.floor = old
		}
		delete(n.known, n.order[0])
		n.order = n.order[1:]
	}
	x := &nonce{issued: issued}
	n.known[id] = x
	n.order = append(n.order, id)
	return x
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
