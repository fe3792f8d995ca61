package recorder

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/codec/opus"
)

// DefaultMaxTracks bounds the participants of one recording.
const DefaultMaxTracks = 2048

// ErrFormat is returned for a Config.Format that is neither "opus" nor "wav".
var ErrFormat = errors.New("unknown recording format")

// The formats of a recording.
const (
	FormatOpus = "opus" // Ogg/Opus
	FormatWAV  = "wav"  // 16-bit PCM; Opus participants are decoded
)

// Config is what a recording is of.
type Config struct {
	Dir          string    // DATA/recordings; the recording makes ID/START in it
	ConferenceID string    // letters, digits, '-' and '_'
	Subject      string    // optional
	Organizer    string    // optional, a URI
	Format       string    // FormatOpus, the default, or FormatWAV
	Started      time.Time // wall clock at position At
	At           int64     // where the conference clock stands

	QueueFrames int // bound of the queue; 0 is DefaultQueueFrames
	MaxTracks   int // 0 is DefaultMaxTracks

	Logger *slog.Logger // nil discards

	// OnFailure is called once, from a goroutine of the recorder, when the disk fails and the recording has ended because of it. Its files
	// are closed by then. Optional.
	OnFailure func(error)
}

// Recorder is one running recording. All its methods but Stop return at once; all are safe for concurrent use. Positions are samples at
// 48 kHz on the conference clock and must not run backwards.
type Recorder struct {
	dir    string
	queue  *queue
	writer *writer
	done   chan struct{}
	err    error // valid when done is closed

	mu     sync.Mutex
	tracks int
	max    int
}

// Start makes the folder and the manifest of a recording and begins to write.
func Start(cfg Config) (*Recorder, error) { return start(cfg, disk{}) }

func start(cfg Config, fs fileSystem) (*Recorder, error) {
	cfg = cfg.withDefaults()
	if cfg.Format != FormatOpus && cfg.Format != FormatWAV {
		return nil, fmt.Errorf("recording %s as %q: %w", cfg.ConferenceID, cfg.Format, ErrFormat)
	}
	if err := canCode(); err != nil {
		return nil, fmt.Errorf("recording %s: %w", cfg.ConferenceID, err)
	}
	dir, err := makeFolder(cfg.Dir, cfg.ConferenceID, cfg.Started)
	if err != nil {
		return nil, fmt.Errorf("recording %s: %w", cfg.ConferenceID, err)
	}
	r := &Recorder{dir: dir, queue: newQueue(cfg.QueueFrames), done: make(chan struct{}), max: cfg.MaxTracks}
	r.writer = newWriter(cfg, fs, dir, r.queue)
	if err := r.writer.writeManifest(true); err != nil {
		return nil, fmt.Errorf("recording %s: %w", cfg.ConferenceID, err)
	}
	go r.routineWriter(cfg.OnFailure)
	return r, nil
}

// canCode reports whether this build has Opus.
func canCode() error {
	enc, err := opus.Opus.NewEncoder(mixRate, encoderParams(mixRate))
	if err != nil {
		return err
	}
	enc.Close()
	return nil
}

func (c Config) withDefaults() Config {
	if c.Format == "" {
		c.Format = FormatOpus
	}
	if c.QueueFrames <= 0 {
		c.QueueFrames = DefaultQueueFrames
	}
	if c.MaxTracks <= 0 {
		c.MaxTracks = DefaultMaxTracks
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// Stop ends the recording at position at and waits until its files are closed. It returns what ended it before, if something did. It may
// be called more than once.
func (r *Recorder) Stop(at int64, reason string) error {
	r.queue.command(item{kind: itemStop, at: at, reason: reason})
	<-r.done
	return r.err
}

func (r *Recorder) routineWriter(onFailure func(error)) {
	r.err = r.writer.run()
	r.queue.close()
	close(r.done)
	if r.err != nil && onFailure != nil {
		onFailure(r.err)
	}
}

// Done is closed when the recording has ended.
func (r *Recorder) Done() <-chan struct{} { return r.done }

// Dir is the folder of the recording.
func (r *Recorder) Dir() string { return r.dir }

// Manifest is the path of its manifest.
func (r *Recorder) Manifest() string { return filepath.Join(r.dir, manifestName) }

// Counts is what has been refused so far.
func (r *Recorder) Counts() Counts { return r.queue.count() }

// WriteMixed records 20 ms of the mix at position at: linear PCM, mono, rate/50 samples, rate 8000, 16000 or 48000. The frame is copied.
func (r *Recorder) WriteMixed(at int64, rate int, frame []int16) { r.queue.frame(nil, at, rate, frame) }

// Track begins the track of a participant. It is nil, and records nothing, when there are Config.MaxTracks of them.
func (r *Recorder) Track(p Participant) *Track {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tracks >= r.max {
		return nil
	}
	t := &Track{queue: r.queue, index: r.tracks, participant: Participant{ID: clip(p.ID), DisplayName: clip(p.DisplayName)}}
	r.tracks++
	r.queue.command(item{kind: itemTrack, track: t})
	return t
}

// Pause closes the files at position at; what is written until Resume is dropped.
func (r *Recorder) Pause(at int64) { r.queue.command(item{kind: itemPause, at: at}) }

// Resume goes on in new files.
func (r *Recorder) Resume(at int64) { r.queue.command(item{kind: itemResume, at: at}) }
