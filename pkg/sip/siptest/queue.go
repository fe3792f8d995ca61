package siptest

import (
	"net"
	"net/netip"
	"os"
	"sync"
)

type item struct {
	data []byte
	from netip.AddrPort
}

// queue is what is on the way to one socket, in order.
type queue struct {
	mu     sync.Mutex
	items  []item
	size   int  // items, or octets
	octets bool // bound and join by octets
	max    int
	ended  error         // after the items
	news   chan struct{} // of capacity 1, for the reader
	room   chan struct{} // of capacity 1, for the writer
}

func newQueue(max int) *queue {
	return &queue{max: max, news: make(chan struct{}, 1), room: make(chan struct{}, 1)}
}

// put loses the item when the queue is full.
func (q *queue) put(i item) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ended == nil && q.size < q.max {
		q.add(i)
	}
}

func (q *queue) add(i item) {
	q.items = append(q.items, i)
	q.size += q.weight(i)
	signal(q.news)
}

func (q *queue) weight(i item) int {
	if q.octets {
		return len(i.data)
	}
	return 1
}

// putWaiting waits for room.
func (q *queue) putWaiting(i item, deadline <-chan struct{}) error {
	for {
		if isClosedRO(deadline) {
			return os.ErrDeadlineExceeded
		}
		q.mu.Lock()
		if q.ended != nil {
			q.mu.Unlock()
			signal(q.room)
			return net.ErrClosed
		}
		if q.size < q.max {
			q.add(i)
			q.mu.Unlock()
			return nil
		}
		q.mu.Unlock()
		select {
		case <-q.room:
		case <-deadline:
		}
	}
}

// take waits for an item; octets that wait together are read together, as TCP does.
func (q *queue) take(deadline <-chan struct{}) (item, error) {
	for {
		if isClosedRO(deadline) {
			return item{}, os.ErrDeadlineExceeded
		}
		if i, ok, err := q.poll(); ok || err != nil {
			return i, err
		}
		select {
		case <-q.news:
		case <-deadline:
		}
	}
}

func (q *queue) poll() (i item, ok bool, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.items) == 0 {
		if q.ended != nil {
			signal(q.news) // for the next call
		}
		return item{}, false, q.ended
	}
	i, q.items = q.items[0], q.items[1:]
	for q.octets && len(q.items) > 0 {
		i.data = append(i.data, q.items[0].data...)
		q.items = q.items[1:]
	}
	q.size = len(q.items)
	if q.octets {
		q.size = 0
	}
	signal(q.room)
	return i, true, nil
}

// finish ends the queue after what is in it; close ends it at once.
func (q *queue) finish(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ended == nil {
		q.ended = err
	}
	signal(q.news)
	signal(q.room)
}

func (q *queue) close(err error) {
	q.mu.Lock()
	q.items, q.ended = nil, err
	q.mu.Unlock()
	q.finish(err)
}

func (q *queue) isClosed() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.ended != nil
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func isClosedRO(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
