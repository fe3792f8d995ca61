package recorder

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/codec/opus"
)

// The writer's rhythm. Each tick it takes what has queued up; the rest is counted in ticks.
const (
	tick          = 100 * time.Millisecond
	flushTicks    = 12  // what has waited that long without filling a page of a second is written
	syncTicks     = 40  // audio reaches the disk itself
	manifestTicks = 10  // joins, leaves and segments reach the manifest
	lazyTicks     = 100 // all the rest does
)

const (
	sourceMixed    = "mixed"
	sourceEncoded  = "encoded"
	sourceReceived = "received"
)

// writer is the recorder's goroutine: it owns the files, the encoders and the manifest.
//
//	1  queue.take      everything since the last tick
//	2  writer.record   fill the hole, encode or store
//	3  oggOpus.packet  a page when a second is full; wavWriter.append likewise
//	4  maintain        flush, sync and manifest, when it is time
type writer struct {
	cfg       Config
	fs        fileSystem
	dir       string
	extension string
	queue     *queue
	names     names
	encoders  encoders
	manifest  *Manifest
	mix       mixdown
	lanes     []*lane // 0 is the mix; then by Track.index+1
	clock     int64   // the latest position heard of
	pausedAt  int64   // -1 while not paused

	ticks    int
	written  int  // tick of the last manifest
	unlisted bool // a file is not in the manifest on disk
	urgent   bool
	lazy     bool
}

func newWriter(cfg Config, fs fileSystem, dir string, q *queue) *writer {
	return &writer{
		cfg: cfg, fs: fs, dir: dir, extension: cfg.Format, queue: q, names: make(names),
		manifest: newManifest(cfg), lanes: []*lane{{}}, clock: cfg.At, pausedAt: -1,
	}
}

// run works until a stop has come or the disk fails.
func (w *writer) run() error {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	defer w.encoders.close()
	var items []item
	var gaps []lostAudio
	for {
		ticked := false
		select {
		case <-ticker.C:
			ticked = true
		case <-w.queue.kick:
		}
		items, gaps = w.queue.take(items, gaps)
		stop, err := w.work(items, gaps)
		if err == nil && ticked && stop == nil {
			err = w.maintain()
		}
		if err == nil && stop != nil {
			err = w.stop(stop)
		}
		if err != nil {
			return w.fail(err)
		}
		if stop != nil {
			return nil
		}
	}
}

// work does what the queue held. It returns the stop, if there was one.
func (w *writer) work(items []item, gaps []lostAudio) (stop *item, err error) {
	for i := range items {
		it := &items[i]
		w.clock = max(w.clock, it.at)
		if it.kind == itemStop {
			stop = it
			break
		}
		if err := w.do(it); err != nil {
			return nil, err
		}
	}
	for _, g := range gaps {
		w.manifest.gap(w.lane(g.track).index, g.from, g.to, "overload")
		w.urgent = true
	}
	return stop, nil
}

func (w *writer) do(it *item) error {
	switch it.kind {
	case itemTrack:
		w.begin(it.track)
	case itemFrame:
		return w.frame(it)
	case itemPacket:
		return w.record(w.lane(it.track), it, source{sourceReceived, clockRate}, int64(opus.Opus.Duration(it.buf.payload)))
	case itemEvent:
		w.event(w.lane(it.track), it.event, it.at)
	case itemQuality:
		w.manifest.Tracks[w.lane(it.track).index].Quality = it.quality
	case itemClose:
		return w.close(w.lane(it.track), it.at, it.reason)
	case itemPause:
		return w.pause(it.at)
	case itemResume:
		w.resume(it.at)
	}
	return nil
}

func (w *writer) lane(t *Track) *lane {
	if t == nil {
		return w.lanes[0]
	}
	return w.lanes[t.index+1]
}

// begin adds a track. Tracks are queued in the order of their indexes.
func (w *writer) begin(t *Track) {
	w.lanes = append(w.lanes, &lane{index: len(w.lanes), track: t, slug: slug(t.participant.label())})
	w.manifest.addTrack(t.participant)
	w.urgent = true
}

func (w *writer) frame(it *item) error {
	l := w.lane(it.track)
	if it.track != nil {
		return w.record(l, it, source{sourceEncoded, it.rate}, frame20)
	}
	if w.mix.silence(it.buf.pcm) {
		return nil // filled in when somebody speaks again, or at the end
	}
	it.buf.pcm = append(it.buf.pcm[:0], w.mix.convert(it.rate, it.buf.pcm)...)
	return w.record(l, it, source{sourceMixed, mixRate}, frame20)
}

func (w *writer) pause(at int64) error {
	w.pausedAt = at
	return w.endAll(at, "paused")
}

func (w *writer) resume(at int64) {
	w.manifest.Paused = append(w.manifest.Paused, Interval{w.pausedAt, max(at, w.pausedAt)})
	w.pausedAt = -1
	w.mix = mixdown{}
	w.urgent = true
}

// endAll ends every open segment. The mix lasts up to position at; a track ends with its last voice.
func (w *writer) endAll(at int64, reason string) error {
	if mix := w.lanes[0]; mix.seg != nil {
		if hole := at - mix.position(); hole > 0 && hole <= holeLimit {
			if err := mix.seg.silence(hole); err != nil {
				return err
			}
		}
	}
	for _, l := range w.lanes {
		if err := w.end(l, reason); err != nil {
			return err
		}
	}
	return nil
}

// close ends the track of a participant who has left.
func (w *writer) close(l *lane, at int64, reason string) error {
	if l.closed {
		return nil
	}
	w.event(l, Left, at)
	l.closed = true
	return w.end(l, reason)
}

// maintain is what time asks for.
func (w *writer) maintain() error {
	w.ticks++
	if w.unlisted {
		// A file is listed before it holds more than a page of audio.
		if err := w.writeManifest(false); err != nil {
			return err
		}
	}
	for _, l := range w.lanes {
		if l.seg == nil {
			continue
		}
		if err := w.maintainLane(l); err != nil {
			return err
		}
	}
	since := w.ticks - w.written
	if w.urgent && since >= manifestTicks || w.lazy && since >= lazyTicks {
		return w.writeManifest(false)
	}
	return nil
}

func (w *writer) maintainLane(l *lane) error {
	if w.clock-l.position() >= clockRate {
		if err := l.seg.rest(); err != nil {
			return err
		}
	}
	some, mark := l.seg.waiting()
	if !some || mark != l.mark {
		l.age = 0
	}
	l.mark = mark
	if some {
		l.age++
	}
	if l.age >= flushTicks {
		if err := l.seg.flush(); err != nil {
			return err
		}
	}
	if w.ticks%syncTicks == 0 && l.unsynced {
		l.unsynced = false
		return l.seg.sync()
	}
	return nil
}

// stop ends the recording in order.
func (w *writer) stop(it *item) error {
	at := max(it.at, w.clock)
	if err := w.endAll(at, it.reason); err != nil {
		return err
	}
	w.endEvents(at)
	w.manifest.end(at, it.reason)
	return w.writeManifest(true)
}

// fail ends it when the disk has failed: what can be saved is.
func (w *writer) fail(cause error) error {
	err := fmt.Errorf("recording %s: %w", w.manifest.Conference, cause)
	w.queue.close()
	for _, l := range w.lanes {
		if l.seg != nil {
			l.seg.abandon()
			l.seg = nil
		}
	}
	reason := "failed: " + cause.Error()
	if _, _, repairing := closeLeftovers(w.dir, w.manifest, reason); repairing != nil {
		w.cfg.Logger.Error("recording cannot be repaired now", "dir", w.dir, "err", repairing)
	}
	w.endEvents(w.clock)
	w.manifest.Interrupted = true
	w.manifest.end(w.clock, reason)
	if writing := w.writeManifest(true); writing != nil {
		w.cfg.Logger.Error("recording has no final manifest", "dir", w.dir, "err", writing)
	}
	w.cfg.Logger.Error("recording ended", "dir", w.dir, "err", err)
	return err
}

// writeManifest writes the manifest as it is now; last is its final form.
func (w *writer) writeManifest(last bool) error {
	w.snapshot()
	b, err := w.manifest.encode(last)
	if err != nil {
		return err
	}
	w.unlisted, w.urgent, w.lazy = false, false, false
	w.written = w.ticks
	return writeWhole(w.fs, filepath.Join(w.dir, manifestName), b, last)
}

// snapshot brings what is still going on up to date.
func (w *writer) snapshot() {
	if w.manifest.Ended == nil {
		w.manifest.Length = w.clock - w.manifest.Start
	}
	for _, l := range w.lanes {
		if l.seg != nil {
			w.segment(l).Length = l.seg.length()
		}
		w.extend(l)
	}
}
