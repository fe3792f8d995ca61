package locate

import (
	"context"
	"errors"
	"sync"
	"time"
)

// question is a key of the cache.
type question struct {
	name string
	kind uint16
}

// cache keeps answers as long as they hold, also those that say that there is nothing. A question that is being asked is not asked twice.
type cache struct {
	max     int
	longest time.Duration

	mu      sync.Mutex
	answers map[question]*entry
}

type entry struct {
	done    chan struct{} // closed when answer and err are there
	answer  answer
	err     error
	expires time.Time
}

// failedFor is how long DNS that did not answer is not asked again for the same.
const failedFor = 2 * time.Second

func newCache(max int, longest time.Duration) *cache {
	return &cache{max: max, longest: longest, answers: map[question]*entry{}}
}

// get returns what is known, or asks.
func (c *cache) get(ctx context.Context, q question, ask func() (answer, error)) (answer, error) {
	for {
		e, mine := c.entry(q)
		if mine {
			c.fill(ctx, q, e, ask)
		}
		select {
		case <-e.done:
		case <-ctx.Done():
			return answer{}, ctx.Err()
		}
		if !errors.Is(e.err, errAbandoned) || mine {
			return e.answer, e.err
		}
	}
}

// errAbandoned is in the entry of a question whose asker went away: who waited with it asks again.
var errAbandoned = errors.New("nobody waits for the answer")

func (c *cache) fill(ctx context.Context, q question, e *entry, ask func() (answer, error)) {
	a, err := ask()
	c.mu.Lock()
	defer c.mu.Unlock()
	hold := min(a.ttl, c.longest)
	if err != nil {
		hold = failedFor
	}
	if err != nil && ctx.Err() != nil {
		err, hold = errors.Join(ctx.Err(), errAbandoned), 0
	}
	e.answer, e.err, e.expires = a, err, time.Now().Add(hold)
	if hold == 0 && c.answers[q] == e { // "Zero values ... should not be cached" (RFC 1035 §3.2.1)
		delete(c.answers, q)
	}
	close(e.done)
}

// entry finds a question; mine is true when the caller has to answer it.
func (c *cache) entry(q question) (e *entry, mine bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e = c.answers[q]; e != nil && (!e.ready() || time.Now().Before(e.expires)) {
		return e, false
	}
	c.makeRoom()
	e = &entry{done: make(chan struct{})}
	c.answers[q] = e
	return e, true
}

func (e *entry) ready() bool {
	select {
	case <-e.done:
		return true
	default:
		return false
	}
}

// makeRoom drops what has expired once the cache is full, and something else when nothing has.
func (c *cache) makeRoom() {
	if len(c.answers) < c.max {
		return
	}
	now := time.Now()
	var victim question
	for q, e := range c.answers {
		if e.ready() && now.After(e.expires) {
			delete(c.answers, q)
		}
		victim = q
	}
	if len(c.answers) >= c.max {
		delete(c.answers, victim)
	}
}
