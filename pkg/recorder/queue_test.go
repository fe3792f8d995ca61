package recorder

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestAFullQueueIsAGapAndNoDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMeeting(t, func(c *Config) { c.QueueFrames = 50; c.MaxTracks = 1 })
		x := m.rec.Track(Participant{ID: "x"})
		if m.rec.Track(Participant{ID: "y"}) != nil {
			t.Error("a second track, want none")
		}
		tone := voice(8000, 440, 3*time.Second)
		base := m.at
		for i := range 150 { // all at once: the writer may come when the queue is half full, or later
			x.WriteFrame(m.at, 8000, tone(i))
			m.at += frame20
		}
		man := m.ends("done")
		c := m.rec.Counts()
		var lost int64
		for _, g := range man.Gaps {
			if g.Track != 1 || g.Reason != "overload" || g.Start < base {
				t.Errorf("gap %+v", g)
			}
			lost += g.Length
		}
		if lost != int64(c.Dropped)*frame20 || len(man.Gaps) > 20 {
			t.Errorf("%d frames dropped, gaps %+v", c.Dropped, man.Gaps)
		}
		t.Logf("%d dropped, %d gaps", c.Dropped, len(man.Gaps))
	})
}

func TestQueueBound(t *testing.T) {
	q := newQueue(10)
	x := &Track{queue: q}
	frame := make([]int16, 160)
	for i := range int64(25) {
		q.frame(x, i*frame20, 8000, frame)
	}
	items, gaps := q.take(nil, nil)
	if len(items) != 10 || len(gaps) != 1 || gaps[0] != (lostAudio{x, 10 * frame20, 25 * frame20}) || q.count().Dropped != 15 {
		t.Errorf("%d items, gaps %+v, counts %+v", len(items), gaps, q.count())
	}
	for range 2 * maxQueueEvents {
		x.Event(Muted, 0)
	}
	if c := q.count(); c.DroppedEvents != maxQueueEvents {
		t.Errorf("%d events dropped, want %d", c.DroppedEvents, maxQueueEvents)
	}
}

func TestWriteDoesNotAllocate(t *testing.T) {
	q := newQueue(100)
	x := &Track{queue: q}
	frame := make([]int16, 960)
	var items []item
	var gaps []lostAudio
	for range 2 {
		for i := range int64(90) {
			q.frame(x, i*frame20, 48000, frame)
			_ = i
		}
		items, gaps = q.take(items, gaps)
	}
	items, gaps = q.take(items, gaps)
	n := testing.AllocsPerRun(50, func() {
		x.WriteFrame(0, 48000, frame)
		x.WritePacket(0, frame20, silent[0])
		items, gaps = q.take(items, gaps)
	})
	if n > 0.1 {
		t.Errorf("%.2f allocations for a frame and a packet, want none", n)
	}
}
