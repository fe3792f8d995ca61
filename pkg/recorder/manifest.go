package recorder

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/quality"
)

const (
	// SchemaVersion is the version of api/recording.schema.json that manifests follow.
	SchemaVersion = 1

	manifestName  = "manifest.json"
	maxManifest   = 64 << 20 // bytes we are ready to read back
	maxText       = 1024     // of a name, an id, a subject
	maxIntervals  = 1024     // spoken or muted, for each participant
	mergeInterval = clockRate / 2
	maxGaps       = 1024
)

// Manifest is manifest.json. Positions and lengths are samples at ClockRate on the conference clock; Started is the wall clock at Start.
type Manifest struct {
	SchemaVersion int                   `json:"schemaVersion"`
	Conference    string                `json:"conference"`
	Subject       string                `json:"subject,omitempty"`
	Organizer     string                `json:"organizer,omitempty"`
	Started       time.Time             `json:"started"`
	Ended         *time.Time            `json:"ended,omitempty"` // absent while it runs
	ClockRate     int                   `json:"clockRate"`       // always 48000
	Start         int64                 `json:"start"`
	Length        int64                 `json:"length"`
	Interrupted   bool                  `json:"interrupted"`
	Reason        string                `json:"reason,omitempty"` // it ended
	Paused        []Interval            `json:"paused"`
	Participants  []ManifestParticipant `json:"participants"`
	Tracks        []ManifestTrack       `json:"tracks"`
	Gaps          []ManifestGap         `json:"gaps"`
}

// Interval is from a position up to, not including, another.
type Interval [2]int64

// ManifestParticipant is one stay of one participant.
type ManifestParticipant struct {
	ID          string     `json:"id"`
	DisplayName string     `json:"displayName,omitempty"`
	Joined      *int64     `json:"joined,omitempty"`
	Left        *int64     `json:"left,omitempty"`
	Spoke       []Interval `json:"spoke"`
	Muted       []Interval `json:"muted"`
	Truncated   bool       `json:"truncated,omitempty"` // there were more intervals than are kept
}

// ManifestTrack is one voice, or the mix, in one or several files.
type ManifestTrack struct {
	Kind        string            `json:"kind"`                  // "mixed" or "participant"
	Participant *int              `json:"participant,omitempty"` // index into Participants
	Quality     *quality.Metrics  `json:"quality,omitempty"`     // of the whole call up to the end of the track, as it was received
	Segments    []ManifestSegment `json:"segments"`
}

// ManifestSegment is one file. Two segments of a recording line up when each is laid at its Start.
type ManifestSegment struct {
	File   string `json:"file"`
	Codec  string `json:"codec"`  // "opus" or "pcm"
	Rate   int    `json:"rate"`   // of the samples in the file; 48000 for opus
	Source string `json:"source"` // "mixed" or "encoded" here, "received" as it came
	Start  int64  `json:"start"`
	Length int64  `json:"length"`
	Reason string `json:"reason,omitempty"` // it ended
}

// ManifestGap is audio that was lost here: silent in the file.
type ManifestGap struct {
	Track  int    `json:"track"` // index into Tracks
	Start  int64  `json:"start"`
	Length int64  `json:"length"`
	Reason string `json:"reason"`
}

// ReadManifest reads the manifest of the recording in dir.
func ReadManifest(dir string) (*Manifest, error) {
	name := filepath.Join(dir, manifestName)
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxManifest {
		return nil, fmt.Errorf("manifest %s has %d bytes", name, info.Size())
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	m := new(Manifest)
	if err := json.Unmarshal(b, m); err != nil {
		return nil, fmt.Errorf("reading manifest %s: %w", name, err)
	}
	if m.SchemaVersion != SchemaVersion {
		return nil, fmt.Errorf("manifest %s has schema version %d", name, m.SchemaVersion)
	}
	return m, nil
}

func newManifest(cfg Config) *Manifest {
	return &Manifest{
		SchemaVersion: SchemaVersion,
		Conference:    cfg.ConferenceID,
		Subject:       clip(cfg.Subject),
		Organizer:     clip(cfg.Organizer),
		Started:       cfg.Started.UTC(),
		ClockRate:     clockRate,
		Start:         cfg.At,
		Paused:        []Interval{},
		Participants:  []ManifestParticipant{},
		Tracks:        []ManifestTrack{{Kind: "mixed", Segments: []ManifestSegment{}}},
		Gaps:          []ManifestGap{},
	}
}

// end says when it ended and why.
func (m *Manifest) end(at int64, reason string) {
	m.Length = max(0, at-m.Start)
	ended := m.Started.Add(wallTime(m.Length))
	m.Ended, m.Reason = &ended, clip(reason)
}

// wallTime is that many samples as a duration; the seconds apart, so that nothing overflows.
func wallTime(samples int64) time.Duration {
	return time.Duration(samples/clockRate)*time.Second + time.Duration(samples%clockRate)*time.Second/clockRate
}

// addTrack adds a participant and the track of the same participant.
func (m *Manifest) addTrack(p Participant) {
	n := len(m.Participants)
	m.Participants = append(m.Participants, ManifestParticipant{ID: p.ID, DisplayName: p.DisplayName, Spoke: []Interval{}, Muted: []Interval{}})
	m.Tracks = append(m.Tracks, ManifestTrack{Kind: "participant", Participant: &n, Segments: []ManifestSegment{}})
}

// gap notes lost audio, together with the gap before when they meet.
func (m *Manifest) gap(track int, from, to int64, reason string) {
	for i := len(m.Gaps) - 1; i >= max(0, len(m.Gaps)-8); i-- {
		if g := &m.Gaps[i]; g.Track == track && g.Reason == reason && from-(g.Start+g.Length) < frame20 {
			g.Length = max(g.Length, to-g.Start)
			return
		}
	}
	if len(m.Gaps) < maxGaps {
		m.Gaps = append(m.Gaps, ManifestGap{Track: track, Start: from, Length: to - from, Reason: reason})
	}
}

// open begins an interval, going on with the last one when that ended less than half a second ago. It reports whether there was room.
func openInterval(list []Interval, at int64) ([]Interval, bool) {
	if n := len(list); n > 0 && at-list[n-1][1] < mergeInterval {
		return list, true
	}
	if len(list) >= maxIntervals {
		return list, false
	}
	return append(list, Interval{at, at}), true
}

func (m *Manifest) encode(pretty bool) ([]byte, error) {
	if !pretty {
		return json.Marshal(m)
	}
	b, err := json.MarshalIndent(m, "", "  ")
	return append(b, '\n'), err
}

// clip keeps the first maxText bytes of s, as valid UTF-8.
func clip(s string) string {
	return strings.ToValidUTF8(s[:min(len(s), maxText)], "")
}
