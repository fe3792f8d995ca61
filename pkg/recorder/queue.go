package recorder

import (
	"sync"

	"github.com/seed-f3cefc8c/focus/pkg/codec/opus"
	"github.com/seed-f3cefc8c/focus/pkg/quality"
)

// What waits between the clock and the writer. The queue has no goroutine to wake for each frame: the writer comes by every tick.
const (
	// DefaultQueueFrames is the bound of the queue: about four seconds of five voices and the mix. Audio that finds it full is dropped,
	// reported as a gap in the manifest and counted; the clock never waits.
	DefaultQueueFrames = 1200

	maxQueueEvents = 4096 // events that find it full are dropped and counted
	maxPendingGaps = 256  // gaps between two visits of the writer; more are only counted
)

type itemKind uint8

const (
	itemFrame itemKind = iota
	itemPacket
	itemTrack
	itemEvent
	itemQuality
	itemClose
	itemPause
	itemResume
	itemStop
)

// item is one thing for the writer to do. A nil track is the mix.
type item struct {
	kind    itemKind
	track   *Track
	at      int64
	rate    int
	buf     *buffer
	event   EventKind
	quality *quality.Metrics
	reason  string
}

// buffer holds a frame or a packet. The queue owns it, lends it to the writer with take and gets it back with the next.
type buffer struct {
	pcm     []int16
	payload []byte
}

// queue is bounded and never blocks its writers for longer than a copy of 20 ms.
type queue struct {
	kick chan struct{} // the writer should come before its tick

	mu     sync.Mutex
	bound  int
	items  []item
	audio  int // of them, with a buffer
	events int
	paused bool
	closed bool
	free   []*buffer
	gaps   []lostAudio
	counts Counts
}

// lostAudio is audio the queue had no room for.
type lostAudio struct {
	track    *Track
	from, to int64
}

func newQueue(bound int) *queue {
	return &queue{bound: bound, kick: make(chan struct{}, 1)}
}

// frame queues a copy of 20 ms.
func (q *queue) frame(t *Track, at int64, rate int, pcm []int16) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !validRate(rate) || len(pcm)*50 != rate || at < 0 {
		q.counts.Malformed++
		return
	}
	if b := q.room(t, at, frame20); b != nil {
		b.pcm = append(b.pcm[:0], pcm...)
		q.items = append(q.items, item{kind: itemFrame, track: t, at: at, rate: rate, buf: b})
	}
}

// packet queues a copy of an Opus packet.
func (q *queue) packet(t *Track, at int64, samples int, payload []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if samples <= 0 || samples > silentMax || samples != opus.Opus.Duration(payload) || len(payload) > maxPacket || at < 0 {
		q.counts.Malformed++
		return
	}
	if b := q.room(t, at, int64(samples)); b != nil {
		b.payload = append(b.payload[:0], payload...)
		q.items = append(q.items, item{kind: itemPacket, track: t, at: at, buf: b})
	}
}

// room returns a buffer, or nil when there is no room or nothing to record.
func (q *queue) room(t *Track, at, samples int64) *buffer {
	switch {
	case q.closed || q.paused:
		return nil
	case q.audio >= q.bound:
		q.counts.Dropped++
		q.lost(t, at, at+samples)
		return nil
	}
	q.audio++
	if q.audio == (q.bound+1)/2 {
		q.wake()
	}
	if n := len(q.free); n > 0 {
		b := q.free[n-1]
		q.free = q.free[:n-1]
		return b
	}
	return new(buffer)
}

// lost remembers a gap, together with the one before when they meet.
func (q *queue) lost(t *Track, from, to int64) {
	for i := range q.gaps {
		if g := &q.gaps[i]; g.track == t && from-g.to < frame20 {
			g.to = max(g.to, to)
			return
		}
	}
	if len(q.gaps) < maxPendingGaps {
		q.gaps = append(q.gaps, lostAudio{t, from, to})
	}
}

// event queues what happened to a participant; it may be dropped.
func (q *queue) event(it item) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return
	}
	if q.events >= maxQueueEvents {
		q.counts.DroppedEvents++
		return
	}
	q.events++
	q.items = append(q.items, it)
}

// command queues what must not be lost. There are at most a few of them for each track.
func (q *queue) command(it item) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return
	}
	switch it.kind {
	case itemPause, itemResume:
		if q.paused == (it.kind == itemPause) {
			return
		}
		q.paused = it.kind == itemPause
	case itemStop:
		q.closed = true
		q.wake()
	}
	q.items = append(q.items, it)
}

func (q *queue) wake() {
	select {
	case q.kick <- struct{}{}:
	default:
	}
}

// take returns what waits and accepts the items of the last take back.
func (q *queue) take(done []item, gaps []lostAudio) ([]item, []lostAudio) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := range done {
		if b := done[i].buf; b != nil && len(q.free) < q.bound {
			q.free = append(q.free, b)
		}
	}
	clear(done)
	items, lost := q.items, q.gaps
	q.items, q.audio, q.events = done[:0], 0, 0
	q.gaps = gaps[:0]
	return items, lost
}

// close refuses everything from now on.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.items, q.free, q.gaps = nil, nil, nil
}

// Counts is what the queue refused.
type Counts struct {
	Dropped       uint64 // frames and packets that found the queue full
	DroppedEvents uint64
	Malformed     uint64 // frames that are not 20 ms, packets that are not Opus
}

func (q *queue) count() Counts {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.counts
}
