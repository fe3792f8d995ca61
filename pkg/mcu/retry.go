package mcu

import (
	"context"
	"sync"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
)

// rememberedAnswers bounds the answers kept for requests that come again. A focus asks again within seconds, if at all.
const rememberedAnswers = 1024

// requestKey names a request: a focus counts its requests, and its epoch tells it from the one before it.
type requestKey struct {
	from  string
	epoch uint64
	id    string
}

// answer is what a request was, or will be, answered with.
type answer struct {
	done     chan struct{}
	response *c3p.Response
}

// answers makes sure that a request which comes twice acts once: the second is told what the first was told.
type answers struct {
	mu    sync.Mutex
	known map[requestKey]*answer
	order [rememberedAnswers]requestKey // a ring: the oldest is forgotten
	next  int
}

// once runs serve for the first request with this key. For the others it waits for the answer.
func (a *answers) once(ctx context.Context, key requestKey, serve func() *c3p.Response) (*c3p.Response, error) {
	mine, first := a.begin(key)
	if first {
		defer close(mine.done)
		mine.response = serve()
		return mine.response, nil
	}
	select {
	case <-mine.done:
		if mine.response == nil {
			return nil, errPanicked
		}
		return mine.response, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (a *answers) begin(key requestKey) (entry *answer, first bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if entry = a.known[key]; entry != nil {
		return entry, false
	}
	if a.known == nil {
		a.known = make(map[requestKey]*answer, rememberedAnswers)
	}
	entry = &answer{done: make(chan struct{})}
	delete(a.known, a.order[a.next])
	a.order[a.next], a.known[key] = key, entry
	a.next = (a.next + 1) % rememberedAnswers
	return entry, true
}
