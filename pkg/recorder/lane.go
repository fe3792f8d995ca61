package recorder

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"path/filepath"

	"github.com/seed-f3cefc8c/focus/pkg/codec/opus"
)

// Where audio is laid when it is not exactly where the track ends.
const (
	aheadLimit  = frame20             // a hole of 20 ms and more is filled; less is the jitter of packets
	behindLimit = 2 * frame20         // 40 ms and more too early: dropped
	holeLimit   = 60 * 60 * clockRate // an hour of silence ends the segment
)

// How often a track may begin a new file; a peer could change its codec with every packet.
const (
	segmentBurst = 8 // within segmentBurst seconds
	maxSegments  = 512
)

// source is what a segment is made of; another source needs another segment.
type source struct {
	name string // "mixed", "encoded" or "received"
	rate int    // of the frames
}

// lane is the writer's side of a track, or of the mix. It belongs to the writer goroutine.
type lane struct {
	index  int // in Manifest.Tracks; 0 is the mix
	track  *Track
	slug   string
	closed bool

	seg    segment // nil while there is nothing to write
	source source
	name   string // of the file, without .part
	start  int64

	openings [segmentBurst]int64 // positions of the last segments, in a ring
	opened   int

	mark     int64 // what waiting said last
	age      int   // ticks it has waited since
	unsynced bool

	speaking, muted bool
}

// position is the end of what has been written.
func (l *lane) position() int64 { return l.start + l.seg.length() }

// mayOpen reports whether a new segment may begin at position at.
func (l *lane) mayOpen(at int64) bool {
	return l.opened < segmentBurst || l.opened < maxSegments && at-l.openings[l.opened%segmentBurst] >= segmentBurst*clockRate
}

// record lays one frame or packet at its position: it fills the hole before it, drops what comes far too early, and begins a new segment
// when the source has changed.
func (w *writer) record(l *lane, it *item, from source, samples int64) error {
	if l.closed {
		return nil
	}
	if err := w.endIfOther(l, it.at, from); err != nil {
		return err
	}
	if l.seg == nil {
		if !l.mayOpen(it.at) {
			w.manifest.gap(l.index, it.at, it.at+samples, "too many segments")
			return nil
		}
		if err := w.open(l, it.at, from); err != nil {
			return err
		}
	}
	switch hole := it.at - l.position(); {
	case hole <= -behindLimit:
		return nil
	case hole >= aheadLimit:
		if err := l.seg.silence(hole); err != nil {
			return err
		}
	}
	l.unsynced = true
	if it.kind == itemPacket {
		return l.seg.packet(it.buf.payload, int(samples))
	}
	return l.seg.frame(from.rate, it.buf.pcm)
}

func (w *writer) endIfOther(l *lane, at int64, from source) error {
	switch {
	case l.seg == nil:
		return nil
	case l.source != from:
		return w.end(l, "codec change")
	case at-l.position() > holeLimit:
		return w.end(l, "silence")
	}
	return nil
}

// open begins a segment at position at.
func (w *writer) open(l *lane, at int64, from source) error {
	name := w.fileName(l)
	f, err := w.fs.create(filepath.Join(w.dir, name+partSuffix))
	if err != nil {
		return err
	}
	seg, m, err := w.newSegment(f, name, l, at, from)
	if err != nil {
		_ = f.Close() // of no use any more
		return err
	}
	l.seg, l.source, l.name, l.start = seg, from, name, at
	l.openings[l.opened%segmentBurst] = at
	l.opened++
	segments := &w.manifest.Tracks[l.index].Segments
	*segments = append(*segments, m)
	w.unlisted = true
	return nil
}

func (w *writer) fileName(l *lane) string {
	if l.track == nil {
		return w.names.mixed(w.extension)
	}
	return w.names.track(l.slug, w.extension)
}

func (w *writer) newSegment(f file, name string, l *lane, at int64, from source) (segment, ManifestSegment, error) {
	m := ManifestSegment{File: name, Codec: "opus", Rate: clockRate, Source: from.name, Start: at}
	if w.cfg.Format == FormatWAV {
		m.Codec, m.Rate = "pcm", from.rate
		seg, err := newWAVSegment(f, from)
		return seg, m, err
	}
	s := &opusSegment{f: f, encoders: &w.encoders}
	return s, m, s.begin(serial(w.dir, name), from, w.tags(l, at, from))
}

func newWAVSegment(f file, from source) (*wavSegment, error) {
	w, err := newWAV(f, from.rate)
	if err != nil {
		return nil, err
	}
	s := &wavSegment{f: f, wav: w}
	if from.name == sourceReceived {
		s.dec, err = opus.Opus.NewDecoder(from.rate)
	}
	return s, err
}

// The names of the comments that let Repair place a file its manifest does not list yet.
const (
	tagStart  = "FOCUS_START"
	tagTrack  = "FOCUS_TRACK"
	tagSource = "FOCUS_SOURCE"
)

func (w *writer) tags(l *lane, at int64, from source) []string {
	tags := []string{
		"ALBUM=" + w.manifest.Conference,
		"DATE=" + w.manifest.Started.Add(wallTime(at-w.manifest.Start)).Format("2006-01-02T15:04:05Z"),
		fmt.Sprintf("%s=%d", tagStart, at),
		fmt.Sprintf("%s=%d", tagTrack, l.index),
		tagSource + "=" + from.name,
	}
	if w.manifest.Subject != "" {
		tags = append(tags, "TITLE="+w.manifest.Subject)
	}
	if l.track != nil {
		tags = append(tags, "ARTIST="+l.track.participant.label())
	}
	return tags
}

// label is what a person is called.
func (p Participant) label() string {
	if p.DisplayName != "" {
		return p.DisplayName
	}
	return p.ID
}

// serial tells the logical bitstreams of a recording apart (RFC 3533 section 4).
func serial(dir, name string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(filepath.Join(filepath.Base(dir), name))) // a hash never fails
	return h.Sum32()
}

// end completes the open segment, if there is one, and gives the file its name.
func (w *writer) end(l *lane, reason string) error {
	if l.seg == nil {
		return nil
	}
	m := w.segment(l)
	m.Length = l.seg.length()
	err := l.seg.finish()
	l.seg = nil
	if err != nil {
		return err
	}
	m.Reason = cmp.Or(clip(reason), "ended")
	w.urgent = true
	name := filepath.Join(w.dir, l.name)
	return w.fs.rename(name+partSuffix, name)
}

// segment is the manifest's row of the open segment.
func (w *writer) segment(l *lane) *ManifestSegment {
	segments := w.manifest.Tracks[l.index].Segments
	return &segments[len(segments)-1]
}
