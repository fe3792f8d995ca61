package api

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Bounds of what is remembered.
const (
	// Real clients start requestId at 0 again after every login, so it is not remembered for longer.
	rememberFor = time.Minute
	// An Idempotency-Key is made anew for each thing that is wanted: a program that was cut off has time to come back.
	rememberKeys = 10 * time.Minute

	maxAnswers       = 4096
	maxAnswerBytes   = 16 << 20
	maxSingleAnswer  = 256 << 10 // a longer one is not remembered
	overheadOfAnswer = 256

	maxCommandTime = 2 * time.Minute
	maxWorking     = 1024 // commands that are carried out at once
	maxWorkingOf   = 64   // of one sender
)

// answers remembers what commands were answered with, so that one that is sent again, because its answer got lost, is not
// carried out again, and so that the answer of one that takes long can be fetched. A command has a goroutine of its own: it goes on when the
// client that sent it goes away. When too much is remembered, the oldest goes first; what is still worked on never does.
type answers struct {
	keep  time.Duration                         // since the answer was there
	start func(func(context.Context)) (ok bool) // runs a command on a goroutine

	mu      sync.Mutex             // guards what is below
	byKey   map[[32]byte]*answer   // by sender, number and body
	byName  map[answerName]*answer // the latest of sender and number
	order   []*answer              // those that are there, oldest first
	bytes   int
	working map[string]int // by sender
	total   int            // of working
}

// answerName is what a sender fetches an answer by: the requestId, or an Idempotency-Key.
type answerName struct{ sender, number string }

type answer struct {
	name     answerName
	key      [32]byte
	finished time.Time
	done     chan struct{} // closed once text and err are there
	text     []byte
	err      error
	work     work
	told     bool // somebody was answered with work.pending; guarded by answers.mu
}

// work is a command that is carried out once.
type work struct {
	serve   func(ctx context.Context) ([]byte, error)
	pending []byte            // the answer until there is one
	lost    []byte            // the answer of who was told pending, when there is none in the end
	final   func(text []byte) // is given the answer, or lost, when somebody was told pending
}

// Errors of begin.
var (
	errTooMuchWork = errors.New("too many commands are being carried out")
	errOtherBody   = errors.New("the number is another command's")
	errPanic       = errors.New("the command panicked")
	errClosed      = errors.New("the server is shutting down")
)

// newAnswers wants what starts a goroutine whose context ends with the server; it refuses once the server is closed.
func newAnswers(keep time.Duration, start func(func(context.Context)) bool) *answers {
	return &answers{keep: keep, start: start, byKey: map[[32]byte]*answer{}, byName: map[answerName]*answer{}, working: map[string]int{}}
}

// answerKey names a command: by its sender, number and body. The length in front keeps the three apart.
func answerKey(name answerName, body []byte) [32]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%d %d %s %s %s", len(name.sender), len(name.number), name.sender, name.number, body))
}

// once starts a command unless one of that name and body is known. alone refuses another body under the same name.
func (a *answers) once(name answerName, body []byte, alone bool, work work) (*answer, error) {
	known, mine, err := a.enter(time.Now(), name, answerKey(name, body), alone, work)
	if err != nil || !mine {
		return known, err
	}
	if !a.start(func(ctx context.Context) { a.carryOut(ctx, known) }) {
		a.finish(time.Now(), known, nil, errClosed)
	}
	return known, nil
}

func (a *answers) carryOut(ctx context.Context, answer *answer) {
	ctx, cancel := context.WithTimeout(ctx, maxCommandTime)
	defer cancel()
	text, err := []byte(nil), errPanic // unless serve returns
	defer func() {
		if a.finish(time.Now(), answer, text, err) && answer.work.final != nil {
			answer.work.final(answer.text)
		}
	}()
	text, err = answer.work.serve(ctx)
}

// find returns the answer to the latest command of that name; nil when none is known.
func (a *answers) find(name answerName) *answer {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.expire(time.Now())
	return a.byName[name]
}

// wait waits for the answer, at most that long: then there is what stands for it until it comes.
func (a *answers) wait(ctx context.Context, answer *answer, patience time.Duration) (text []byte, err error) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-answer.done:
		return answer.text, answer.err
	case <-timer.C:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	select {
	case <-answer.done:
		return answer.text, answer.err
	default:
	}
	answer.told = true
	return answer.work.pending, nil
}

// enter finds the answer of a key or makes room for it.
func (a *answers) enter(now time.Time, name answerName, key [32]byte, alone bool, work work) (_ *answer, mine bool, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.expire(now)
	if old := a.byKey[key]; old != nil {
		return old, false, nil
	}
	switch {
	case alone && a.byName[name] != nil:
		return nil, false, errOtherBody
	case a.total >= maxWorking || a.working[name.sender] >= maxWorkingOf:
		return nil, false, errTooMuchWork
	}
	made := &answer{name: name, key: key, work: work, done: make(chan struct{})}
	a.byKey[key], a.byName[name] = made, made
	a.working[name.sender]++
	a.total++
	return made, true, nil
}

// finish puts the answer there, and says whether somebody was told to wait for it. A command without an answer may be tried again.
func (a *answers) finish(now time.Time, answer *answer, text []byte, err error) (told bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.working[answer.name.sender]--; a.working[answer.name.sender] == 0 {
		delete(a.working, answer.name.sender)
	}
	a.total--
	if err != nil {
		delete(a.byKey, answer.key)
		if answer.told {
			text, err = answer.work.lost, nil
		}
	}
	answer.text, answer.err, answer.finished = text, err, now
	close(answer.done)
	if err != nil || len(text) > maxSingleAnswer {
		a.drop(answer)
		return answer.told
	}
	a.order = append(a.order, answer)
	a.bytes += answer.size()
	a.expire(now)
	return answer.told
}

func (answer *answer) size() int { return overheadOfAnswer + len(answer.text) }

// expire drops what is too old or too much, oldest first.
func (a *answers) expire(now time.Time) {
	for len(a.order) > 0 {
		oldest := a.order[0]
		if now.Sub(oldest.finished) < a.keep && len(a.order) <= maxAnswers && a.bytes <= maxAnswerBytes {
			return
		}
		a.drop(oldest)
		a.bytes -= oldest.size()
		a.order[0] = nil
		a.order = a.order[1:]
	}
}

func (a *answers) drop(answer *answer) {
	if a.byKey[answer.key] == answer {
		delete(a.byKey, answer.key)
	}
	if a.byName[answer.name] == answer {
		delete(a.byName, answer.name)
	}
}
