package sip

import "sync"

// outbox sends what is ready to be sent, in order, on one goroutine that exists only while there is something. What is posted must not wait for
// anything: all others wait for it. No more than one task of each subscription waits, and those are bounded.
type outbox struct {
	mu    sync.Mutex
	tasks []func()
	busy  bool // a goroutine serves it
	spawn func(func()) bool
}

// post is false when no goroutine can be had: the user agent is closing.
func (o *outbox) post(task func()) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.busy {
		if o.busy = o.spawn(o.run); !o.busy {
			return false
		}
	}
	o.tasks = append(o.tasks, task)
	return true
}

func (o *outbox) run() {
	for tasks := o.take(nil); tasks != nil; tasks = o.take(tasks) {
		for i, task := range tasks {
			task()
			tasks[i] = nil
		}
	}
}

// take is all that waits; done is what it returned before, to be filled again.
func (o *outbox) take(done []func()) []func() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.tasks) == 0 {
		o.busy, o.tasks = false, nil
		return nil
	}
	tasks := o.tasks
	o.tasks = done[:0]
	return tasks
}
