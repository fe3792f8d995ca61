package cluster

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"sync"
	"time"
)

// How long and how many right passwords are remembered.
const (
	verifiedLife = 60 * time.Second
	maxVerified  = 1024
)

// verified remembers which passwords were right, so that a slow hash is not paid per request. It holds no password: its keys are an
// HMAC-SHA-256 under a random key that dies with the process. An entry counts for one revision of the user's record only.
type verified struct {
	key  [32]byte
	mu   sync.Mutex
	seen map[[32]byte]seenPassword
}

type seenPassword struct {
	revision uint64
	expires  time.Time
}

func newVerified() *verified {
	v := &verified{seen: map[[32]byte]seenPassword{}}
	rand.Read(v.key[:])
	return v
}

func (v *verified) has(now time.Time, name, password string, revision uint64) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	s, found := v.seen[v.digest(name, password)]
	return found && s.revision == revision && now.Before(s.expires)
}

func (v *verified) add(now time.Time, name, password string, revision uint64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.seen) >= maxVerified {
		v.evict(now)
	}
	v.seen[v.digest(name, password)] = seenPassword{revision, now.Add(verifiedLife)}
}

// evict makes room: what has expired, or else any one.
func (v *verified) evict(now time.Time) {
	for key, s := range v.seen {
		if !now.Before(s.expires) {
			delete(v.seen, key)
		}
	}
	for key := range v.seen {
		if len(v.seen) < maxVerified {
			return
		}
		delete(v.seen, key)
	}
}

// digest cannot be confused by where the name ends: names hold no NUL.
func (v *verified) digest(name, password string) (d [32]byte) {
	mac := hmac.New(sha256.New, v.key[:])
	mac.Write([]byte(name + "\x00" + password))
	mac.Sum(d[:0])
	return d
}
