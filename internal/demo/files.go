package demo

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/seed-f3cefc8c/focus/internal/waveform"
	"github.com/seed-f3cefc8c/focus/pkg/recorder"
)

// Recording is what lies on the disk.
type Recording struct {
	Folder   string  `json:"folder"`
	Files    []File  `json:"files"`
	Manifest string  `json:"manifest"`
	Picture  string  `json:"picture"` // waveforms.png
	Seconds  float64 `json:"seconds"`
}

// File is one sound file of a recording.
type File struct {
	Path    string  `json:"path"`
	Track   string  `json:"track"` // whose voice; "mixed" for the mix
	Start   float64 `json:"start"` // seconds after the recording began
	Seconds float64 `json:"seconds"`
	Bytes   int64   `json:"bytes"`
}

// ErrNoRecording is returned when the server said that it recorded, and there are no files.
var ErrNoRecording = errors.New("there is no finished recording")

// findRecording lists the last recording of a conference and draws it.
func findRecording(root, id string) (*Recording, error) {
	folders, err := filepath.Glob(filepath.Join(root, id, "*", "manifest.json"))
	if err != nil || len(folders) == 0 {
		return nil, fmt.Errorf("looking in %s: %w", filepath.Join(root, id), errors.Join(ErrNoRecording, err))
	}
	slices.Sort(folders) // they are named by when they began
	manifest := folders[len(folders)-1]
	folder := filepath.Dir(manifest)
	m, err := recorder.ReadManifest(folder)
	if err != nil {
		return nil, err
	}
	r := &Recording{Folder: folder, Manifest: manifest, Picture: filepath.Join(folder, "waveforms.png"), Seconds: seconds(m, m.Length)}
	for _, t := range m.Tracks {
		for _, s := range t.Segments {
			f := File{Path: filepath.Join(folder, s.File), Track: trackName(m, &t), Start: seconds(m, s.Start-m.Start), Seconds: seconds(m, s.Length)}
			if info, err := os.Stat(f.Path); err == nil {
				f.Bytes = info.Size()
			}
			r.Files = append(r.Files, f)
		}
	}
	return r, drawRecording(r, m)
}

func seconds(m *recorder.Manifest, samples int64) float64 {
	return float64(samples) / float64(max(m.ClockRate, 1))
}

func trackName(m *recorder.Manifest, t *recorder.ManifestTrack) string {
	if t.Participant == nil || *t.Participant >= len(m.Participants) {
		return t.Kind
	}
	p := m.Participants[*t.Participant]
	if p.DisplayName != "" {
		return p.DisplayName
	}
	return p.ID
}

// drawRecording writes the picture beside the files: a lane for each track.
func drawRecording(r *Recording, m *recorder.Manifest) error {
	length := duration(r.Seconds)
	picture := &waveform.Picture{Title: fmt.Sprintf("%s - conference %s, %s", m.Subject, m.Conference, m.Started.Local().Format("2 January 2006 15:04:05")), Length: length}
	voice := 0
	for i := range m.Tracks {
		t := &m.Tracks[i]
		ink := waveform.Inks[0]
		if t.Participant != nil {
			ink = waveform.Inks[1+voice%(len(waveform.Inks)-1)]
			voice++
		}
		lane := waveform.NewLane(trackName(m, t), note(t), ink, length)
		picture.Lanes = append(picture.Lanes, lane)
		for _, s := range t.Segments {
			if err := fill(lane, filepath.Join(r.Folder, s.File), duration(seconds(m, s.Start-m.Start))); err != nil {
				return fmt.Errorf("drawing %s: %w", s.File, err)
			}
		}
	}
	return write(picture, r.Picture)
}

func duration(seconds float64) time.Duration { return time.Duration(seconds * float64(time.Second)) }

// note is the small line below a lane's name.
func note(t *recorder.ManifestTrack) string {
	if len(t.Segments) == 1 {
		return t.Segments[0].File
	}
	return fmt.Sprintf("%d files", len(t.Segments))
}

func fill(lane *waveform.Lane, name string, at time.Duration) error {
	sound, err := recorder.OpenFile(name)
	if err != nil {
		return err
	}
	defer sound.Close()
	block := make([]int16, sound.Rate()/10)
	for read := 0; ; {
		n, err := sound.Read(block)
		lane.Add(at+time.Duration(read)*time.Second/time.Duration(sound.Rate()), sound.Rate(), block[:n])
		read += n
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func write(picture *waveform.Picture, name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := picture.WritePNG(f); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
