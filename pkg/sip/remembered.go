package sip

import (
	"encoding/binary"
	"hash/maphash"
	"slices"
	"sync"
	"time"
)

// maxRemembered bounds what finished transactions are remembered with, in octets; beyond it the oldest are forgotten early.
const maxRemembered = 64 << 20

// An echo is what is left of a server transaction that is finished, so that a request which comes again is told what it was told before, and not
// obeyed twice: Timers I, J and L of RFC 3261 §17.2 and RFC 6026 §7.1.
type echo struct {
	back  flow
	wire  []byte // the final response; nil absorbs in silence
	tag   string // ours, of an INVITE: for the 200 of a late CANCEL
	until time.Time
}

func (e *echo) backTo(from flow) flow {
	if from.reliable() {
		return from
	}
	return e.back
}

// size is about how many octets an echo takes, its place in the table included.
func (e *echo) size() int { return 192 + cap(e.wire) + len(e.tag) }

// keyHash stands for a serverKey. It is keyed and of 128 bits: nobody finds two requests with the same one.
type keyHash [16]byte

// remembered are the echoes. They lie in generations, each made within a part of the time for which echoes are kept, and are forgotten a
// generation at a time: no timer for each, no memory left behind by a flood.
type remembered struct {
	seeds [2]maphash.Seed
	part  time.Duration

	mu          sync.Mutex
	max, octets int
	generations []*generation // oldest first
	sweeping    *time.Timer   // while there are any
	closed      bool
}

type generation struct {
	echoes map[keyHash]*echo
	octets int
	began  time.Time
	until  time.Time // of the echo that is kept longest
}

func newRemembered(keep time.Duration, max int) *remembered {
	return &remembered{seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, part: keep / 8, max: max}
}

func (r *remembered) hash(key serverKey) (h keyHash) {
	binary.NativeEndian.PutUint64(h[:8], maphash.Comparable(r.seeds[0], key))
	binary.NativeEndian.PutUint64(h[8:], maphash.Comparable(r.seeds[1], key))
	return h
}

// add keeps an echo for as long as d.
func (r *remembered) add(key serverKey, e *echo, d time.Duration) {
	now, hash := time.Now(), r.hash(key)
	e.until = now.Add(d)
	e.wire = slices.Clip(slices.Clone(e.wire)) // it was written into a larger buffer
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	r.forget(now)
	g := r.youngest(now)
	g.echoes[hash] = e
	g.octets += e.size()
	r.octets += e.size()
	if e.until.After(g.until) {
		g.until = e.until
	}
	if r.sweeping == nil {
		r.sweeping = time.AfterFunc(r.part, r.sweep)
	}
}

// youngest is the generation that is still being filled.
func (r *remembered) youngest(now time.Time) *generation {
	if n := len(r.generations); n > 0 {
		if g := r.generations[n-1]; now.Sub(g.began) < r.part && g.octets < r.max/8 {
			return g
		}
	}
	g := &generation{echoes: map[keyHash]*echo{}, began: now}
	r.generations = append(r.generations, g)
	return g
}

// find is the echo of a request that has come again; nil when there is none.
func (r *remembered) find(key serverKey) *echo {
	hash := r.hash(key)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, g := range slices.Backward(r.generations) {
		if e := g.echoes[hash]; e != nil && time.Now().Before(e.until) {
			return e
		}
	}
	return nil
}

// forget drops the generations that are over, and the oldest while there is too much.
func (r *remembered) forget(now time.Time) {
	for len(r.generations) > 0 && (r.octets > r.max || !now.Before(r.generations[0].until)) {
		r.octets -= r.generations[0].octets
		r.generations = slices.Delete(r.generations, 0, 1)
	}
}

// sweep forgets when nothing comes that would.
func (r *remembered) sweep() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.forget(time.Now()); len(r.generations) == 0 || r.closed {
		r.sweeping = nil
		return
	}
	r.sweeping.Reset(r.part)
}

func (r *remembered) len() (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget(time.Now())
	for _, g := range r.generations {
		n += len(g.echoes)
	}
	return n
}

func (r *remembered) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	stop(r.sweeping)
	r.closed, r.generations, r.octets = true, nil, 0
}
