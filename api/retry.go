package api

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Bounds of what is remembered. Real clients start requestId at 0 again after every login, so it is not remembered for longer.
const (
	rememberFor      = time.Minute
	maxAnswers       = 4096
	maxAnswerBytes   = 16 << 20
	maxSingleAnswer  = 256 << 10 // a longer one is not remembered
	maxCommandTime   = 25 * time.Second
	overheadOfAnswer = 256
)

// answers remembers what commands were answered with, so that one that is sent again, because its answer got lost, is not
// carried out again. When there are too many, the oldest go first.
type answers struct {
	mu    sync.Mutex // guards what is below
	byKey map[[32]byte]*answer
	order []*answer // by the time they began
	bytes int
}

type answer struct {
	key     [32]byte
	began   time.Time
	done    chan struct{} // closed once text and err are there
	text    []byte
	err     error
	charged int // what it counts for in answers.bytes
}

func newAnswers() *answers { return &answers{byKey: map[[32]byte]*answer{}} }

// answerKey names a command: by its sender, requestId and body. The length in front keeps the three apart.
func answerKey(sender, requestID string, body []byte) [32]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%d %s %s %s", len(sender), sender, requestID, body))
}

// once calls serve for a key, or waits for who did so before and returns the same. The command goes on when the client that
// sent it goes away: it may come back for the answer.
func (a *answers) once(ctx context.Context, key [32]byte, serve func(context.Context) ([]byte, error)) ([]byte, error) {
	answer, mine := a.enter(time.Now(), key)
	if mine {
		a.serve(context.WithoutCancel(ctx), answer, serve)
	}
	select {
	case <-answer.done:
		return answer.text, answer.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

var errPanic = errors.New("the command panicked")

// serve carries a command out. One without an answer may be tried again.
func (a *answers) serve(ctx context.Context, answer *answer, serve func(context.Context) ([]byte, error)) {
	ctx, cancel := context.WithTimeout(ctx, maxCommandTime)
	defer cancel()
	answer.err = errPanic // unless serve returns
	defer func() {
		if answer.err != nil || len(answer.text) > maxSingleAnswer {
			a.forget(answer)
		}
		close(answer.done)
	}()
	answer.text, answer.err = serve(ctx)
	a.charge(answer, len(answer.text))
}

// enter finds the answer of a key or makes room for it.
func (a *answers) enter(now time.Time, key [32]byte) (_ *answer, mine bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.expire(now)
	if old := a.byKey[key]; old != nil {
		return old, false
	}
	made := &answer{key: key, began: now, done: make(chan struct{}), charged: overheadOfAnswer}
	a.byKey[key] = made
	a.order = append(a.order, made)
	a.bytes += made.charged
	return made, true
}

func (a *answers) charge(answer *answer, bytes int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.byKey[answer.key] == answer {
		answer.charged += bytes
		a.bytes += bytes
	}
}

func (a *answers) forget(answer *answer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.drop(answer)
}

// expire drops what is too old or too much, oldest first.
func (a *answers) expire(now time.Time) {
	for len(a.order) > 0 {
		oldest := a.order[0]
		if now.Sub(oldest.began) < rememberFor && len(a.order) < maxAnswers && a.bytes < maxAnswerBytes {
			return
		}
		a.drop(oldest)
		a.order[0] = nil
		a.order = a.order[1:]
	}
}

// drop leaves the entry in order, which expire walks.
func (a *answers) drop(answer *answer) {
	if a.byKey[answer.key] == answer {
		delete(a.byKey, answer.key)
		a.bytes -= answer.charged
	}
}
