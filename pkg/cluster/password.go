package cluster

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"sync/atomic"

	"golang.org/x/crypto/argon2"
)

// HashCost is what one argon2id costs (RFC 9106). It is stored beside each verifier, so it can be raised later.
type HashCost struct {
	Time    uint32 `json:"time"`
	Memory  uint32 `json:"memory"` // KiB
	Threads uint8  `json:"threads"`
}

// DefaultHashCost is 19 MiB, two passes: OWASP's least, so that a small machine can still log people in.
func DefaultHashCost() HashCost { return HashCost{Time: 2, Memory: 19 << 10, Threads: 1} }

// Verifier tells the right password from a wrong one and does not contain it.
type Verifier struct {
	HashCost
	Salt []byte `json:"salt"`
	Hash []byte `json:"hash"`
}

const (
	saltSize    = 16
	hashSize    = 32
	maxHashing  = 2  // argon2id at once: the memory is HashCost.Memory times this
	maxWaiting  = 64 // who wait for one; beyond is ErrBusy
	maxPassword = 256
	minPassword = 8
)

// hasher runs argon2id, few at a time.
type hasher struct {
	slots   chan struct{}
	waiting atomic.Int32
}

func newHasher() *hasher { return &hasher{slots: make(chan struct{}, maxHashing)} }

func (h *hasher) newVerifier(ctx context.Context, cost HashCost, password string) (Verifier, error) {
	v := Verifier{HashCost: cost, Salt: make([]byte, saltSize)}
	rand.Read(v.Salt)
	var err error
	v.Hash, err = h.hash(ctx, v, password)
	return v, err
}

func (h *hasher) verify(ctx context.Context, v Verifier, password string) (bool, error) {
	hash, err := h.hash(ctx, v, password)
	return err == nil && subtle.ConstantTimeCompare(hash, v.Hash) == 1, err
}

func (h *hasher) hash(ctx context.Context, v Verifier, password string) ([]byte, error) {
	defer h.waiting.Add(-1)
	if h.waiting.Add(1) > maxHashing+maxWaiting {
		return nil, ErrBusy
	}
	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-h.slots }()
	return argon2.IDKey([]byte(password), v.Salt, v.Time, v.Memory, v.Threads, hashSize), nil
}
