package badnet

import (
	"math/rand/v2"
	"sync"
	"time"
)

// Conditions are what a link does to datagrams. The zero value does nothing.
type Conditions struct {
	Loss   float64       // share of datagrams that are lost, 0 to 1
	Burst  float64       // how many are lost in a row on average; below 1 each is lost for itself
	Delay  time.Duration // of every datagram
	Jitter time.Duration // up to this is added, every value being as likely; datagrams overtake one another
	Order  bool          // … but not: who is held up holds up those behind
	Early  float64       // share of datagrams that Delay and Jitter spare, so that they overtake many
	Rate   int           // bit/s; 0 is without limit
	Queue  time.Duration // how long a datagram waits for Rate at most, else it is lost; 0 is 100 ms
}

// overhead is what IP and UDP add to a datagram on the way, in octets.
const overhead = 28

// defaultQueue is that of a router with little memory.
const defaultQueue = 100 * time.Millisecond

// Stats count what became of the datagrams of a link.
type Stats struct{ Passed, Lost, Queued, Overflowed, Overtaken int }

// A Link decides about the datagrams of one direction. It may be used from several goroutines.
type Link struct {
	mu         sync.Mutex
	seed       uint64
	conditions Conditions
	flows      map[int]*flow
	free       time.Time // when the bottleneck has sent what it has
	stats      Stats
}

// flow is what a link knows of the datagrams of one socket. Each of them takes the same number of draws, whatever the conditions are and whoever
// else sends: what is lost does not depend on how long others take, nor on when RTCP comes.
type flow struct {
	rng    *rand.Rand
	losing bool      // in a burst
	last   time.Time // the latest arrival so far
}

// NewLink makes a link; the same seed and the same datagrams give the same fate.
func NewLink(seed uint64, c Conditions) *Link {
	return &Link{seed: seed, conditions: c, flows: make(map[int]*flow)}
}

// Set changes the conditions for the datagrams from now on.
func (l *Link) Set(c Conditions) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conditions = c
}

// Stats are the counts so far.
func (l *Link) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stats
}

// Pass takes a datagram of so many octets that is sent now, and says when it arrives; false if it never does. Flows, such as RTP and RTCP, share
// the bottleneck and nothing else.
func (l *Link) Pass(now time.Time, number, octets int) (arrives time.Time, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.flow(number)
	chance, late, early := f.rng.Float64(), f.rng.Float64(), f.rng.Float64()
	if f.loses(l.conditions, chance) {
		l.stats.Lost++
		return time.Time{}, false
	}
	if arrives, ok = l.sent(now, octets); !ok {
		return time.Time{}, false
	}
	if early >= l.conditions.Early {
		arrives = arrives.Add(l.conditions.Delay + time.Duration(late*float64(l.conditions.Jitter)))
	}
	l.stats.Passed++
	return l.arrives(f, arrives), true
}

func (l *Link) flow(number int) *flow {
	f := l.flows[number]
	if f == nil {
		f = &flow{rng: rand.New(rand.NewPCG(l.seed, uint64(number)))}
		l.flows[number] = f
	}
	return f
}

// loses draws from two states, as Gilbert's model has them: what is lost in a burst of b on average ends with a chance of 1/b, and bursts begin
// so often that Loss is right.
func (f *flow) loses(c Conditions, chance float64) bool {
	switch {
	case c.Loss <= 0:
		f.losing = false
	case c.Loss >= 1:
		f.losing = true
	case c.Burst <= 1:
		f.losing = chance < c.Loss
	case f.losing:
		f.losing = chance >= 1/c.Burst
	default:
		f.losing = chance < c.Loss/(c.Burst*(1-c.Loss))
	}
	return f.losing
}

// sent is when the bottleneck has let the datagram through; false when its queue is too long.
func (l *Link) sent(now time.Time, octets int) (time.Time, bool) {
	c := l.conditions
	if c.Rate <= 0 {
		return now, true
	}
	queue := c.Queue
	if queue == 0 {
		queue = defaultQueue
	}
	begins := now
	if l.free.After(now) {
		begins = l.free
		if begins.Sub(now) > queue {
			l.stats.Overflowed++
			return time.Time{}, false
		}
		l.stats.Queued++
	}
	l.free = begins.Add(time.Duration(int64(octets+overhead) * 8 * int64(time.Second) / int64(c.Rate)))
	return l.free, true
}

func (l *Link) arrives(f *flow, at time.Time) time.Time {
	if at.Before(f.last) {
		if l.conditions.Order {
			return f.last
		}
		l.stats.Overtaken++
		return at
	}
	f.last = at
	return at
}
