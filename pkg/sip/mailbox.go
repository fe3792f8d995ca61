package sip

import "sync"

// A task is one request on its way to a handler. It calls next when the following task may start before it has returned.
type task func(next func())

// mailboxes run tasks one at a time per key, in the order in which they were posted, on a goroutine that exists only while there are tasks.
type mailboxes struct {
	mu    sync.Mutex
	boxes map[string]*[]task // an entry exists while a goroutine serves it
	max   int
	spawn func(func()) bool
}

func newMailboxes(max int, spawn func(func()) bool) *mailboxes {
	return &mailboxes{boxes: map[string]*[]task{}, max: max, spawn: spawn}
}

// post is false when the box is full: the bound is per key and the overflow rule is to refuse the newest.
func (m *mailboxes) post(key string, t task) bool { return m.put(key, t, m.max) }

// insist posts what must not be lost: our own events, of which there are few.
func (m *mailboxes) insist(key string, t task) { m.put(key, t, 1<<30) }

func (m *mailboxes) put(key string, t task, max int) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	box, ok := m.boxes[key]
	if !ok {
		if ok = m.spawn(func() { m.run(key) }); ok {
			m.boxes[key] = &[]task{t}
		}
		return ok
	}
	if len(*box) >= max {
		return false
	}
	*box = append(*box, t)
	return true
}

// run serves a box until it is empty, or until a task has let another goroutine go on.
func (m *mailboxes) run(key string) {
	for t := m.take(key); t != nil; t = m.take(key) {
		handedOver := false
		var once sync.Once
		t(func() {
			once.Do(func() { handedOver = m.spawn(func() { m.run(key) }) })
		})
		once.Do(func() {}) // too late to hand over
		if handedOver {
			return
		}
	}
}

func (m *mailboxes) take(key string) task {
	m.mu.Lock()
	defer m.mu.Unlock()
	box := m.boxes[key]
	if box == nil || len(*box) == 0 {
		delete(m.boxes, key)
		return nil
	}
	t := (*box)[0]
	*box = (*box)[1:]
	return t
}
