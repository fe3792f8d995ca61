package recorder

import "github.com/seed-f3cefc8c/focus/pkg/quality"

// Participant is whose voice a track holds.
type Participant struct {
	ID          string // the participant's URI; at most 1,024 bytes are kept
	DisplayName string // names the files; the same bound
}

// EventKind is what happened to a participant.
type EventKind uint8

// The events a manifest tells of.
const (
	Joined EventKind = iota
	Left
	Muted
	Unmuted
	SpeakingStarted
	SpeakingStopped
)

// Track is one participant's part of a recording. Its methods never block and may be called on a nil *Track, which records nothing; they
// are safe for concurrent use. It makes no file before it hears something.
type Track struct {
	queue       *queue
	index       int
	participant Participant
}

// WriteFrame records 20 ms of decoded speech at position at: linear PCM, mono, rate/50 samples, rate 8000, 16000 or 48000. Silence need not
// be written. The frame is copied.
func (t *Track) WriteFrame(at int64, rate int, frame []int16) {
	if t != nil {
		t.queue.frame(t, at, rate, frame)
	}
}

// WritePacket records one Opus packet, as received, at position at. duration is what codec.Duration says of the payload, samples at 48 kHz;
// a packet whose own first bytes say otherwise, or more than 120 ms, is dropped and counted. The payload is copied.
func (t *Track) WritePacket(at int64, duration int, payload []byte) {
	if t != nil {
		t.queue.packet(t, at, duration, payload)
	}
}

// Event notes what happened to the participant at position at.
func (t *Track) Event(kind EventKind, at int64) {
	if t != nil {
		t.queue.event(item{kind: itemEvent, track: t, at: at, event: kind})
	}
}

// Quality says how well the participant was heard, up to the end of the track.
func (t *Track) Quality(m quality.Metrics) {
	if t != nil {
		t.queue.command(item{kind: itemQuality, track: t, quality: &m})
	}
}

// Close ends the track: the participant has left. reason goes into the manifest.
func (t *Track) Close(at int64, reason string) {
	if t != nil {
		t.queue.command(item{kind: itemClose, track: t, at: at, reason: reason})
	}
}
