package api

import (
	"context"
	"slices"
	"sync"

	"github.com/seed-f3cefc8c/focus/pkg/conference"
)

// following tells somebody of many conferences: one stream for each that is on, from the full state to the end of the meeting, and then of the next
// meeting.
type following struct {
	server  *server
	quota   *quota
	meeting func(id conference.ID) error // one stream; nil: the meeting is over
	full    func(id conference.ID)       // there are too many

	mu     sync.Mutex
	tells  map[conference.ID]bool
	closed bool
	work   sync.WaitGroup
}

// follow is called when a conference is on. It does not block.
func (f *following) follow(id conference.ID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed || f.tells[id] {
		return // its stream will see that the conference is on
	}
	leave, ok := f.quota.enter()
	if !ok {
		f.full(id)
		return
	}
	if !f.start(id, leave) {
		leave()
	}
}

// start is called with mu held.
func (f *following) start(id conference.ID, leave func()) bool {
	if f.tells == nil {
		f.tells = map[conference.ID]bool{}
	}
	f.work.Add(1)
	started := f.server.run(func(context.Context) {
		defer f.work.Done()
		defer leave()
		f.tell(id)
	})
	if f.tells[id] = started; !started {
		f.work.Done()
	}
	return started
}

// tell tells one meeting after the other.
func (f *following) tell(id conference.ID) {
	on := true
	defer func() {
		if on { // it has panicked
			f.goesOn(id, false)
		}
	}()
	for on {
		on = f.goesOn(id, f.meeting(id) == nil)
	}
}

// goesOn says whether another meeting has begun meanwhile; else the next one will be followed anew.
func (f *following) goesOn(id conference.ID, ended bool) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if ended && !f.closed && slices.Contains(f.server.Watches.Running(), id) {
		return true
	}
	delete(f.tells, id)
	return false
}

// close follows nothing any more. What is being told ends with the context of meeting; wait waits for that.
func (f *following) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
}

func (f *following) wait() { f.work.Wait() }

// quota bounds how many there are of something.
type quota struct {
	mu      sync.Mutex
	n, most int
}

func (q *quota) enter() (leave func(), ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.n >= q.most {
		return nil, false
	}
	q.n++
	return func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.n--
	}, true
}
