package recorder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// reasonInterrupted is why a recording ended that nobody ended.
const reasonInterrupted = "interrupted: the recorder stopped without closing it"

// Repaired is one recording that Repair closed.
type Repaired struct {
	Dir        string
	Conference string
	Files      []string // closed
	Lost       []string // removed, because they held no audio yet
	Length     int64    // of the recording, samples at 48 kHz
}

// Repair closes the recordings under root (DATA/recordings) that a crash left open, at the next start and before any recording begins:
// each file is cut behind its last whole page, marked as ended and given its name, and the manifest says that it was interrupted. now is
// only used for a recording whose manifest cannot be read. It goes on after an error and returns all of them.
func Repair(root string, now time.Time) ([]Repaired, error) {
	dirs, err := filepath.Glob(filepath.Join(escapeGlob(root), "*", "*"))
	if err != nil {
		return nil, err
	}
	var done []Repaired
	var failed []error
	for _, dir := range dirs {
		if info, err := os.Lstat(dir); err != nil || !info.IsDir() {
			continue
		}
		r, err := repairFolder(dir, now)
		if err != nil {
			failed = append(failed, fmt.Errorf("repairing recording %s: %w", dir, err))
		}
		if r != nil {
			done = append(done, *r)
		}
	}
	return done, errors.Join(failed...)
}

var globEscapes = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`)

func escapeGlob(path string) string { return globEscapes.Replace(path) }

// repairFolder closes one recording; nil when there is nothing to do.
func repairFolder(dir string, now time.Time) (*Repaired, error) {
	parts, err := leftovers(dir)
	if err != nil {
		return nil, err
	}
	m, err := ReadManifest(dir)
	switch {
	case err == nil && m.Ended != nil && len(parts) == 0:
		return nil, nil
	case err == nil:
	case len(parts) > 0:
		m = standIn(dir, now)
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil // no recording of ours
	default:
		return nil, err
	}
	files, lost, failed := closeLeftovers(dir, m, reasonInterrupted)
	if m.Ended == nil {
		m.Interrupted = true
		m.end(max(m.Start+m.Length, m.last()), reasonInterrupted)
	}
	r := &Repaired{Dir: dir, Conference: m.Conference, Files: files, Lost: lost, Length: m.Length}
	b, err := m.encode(true)
	if err == nil {
		err = writeWhole(disk{}, filepath.Join(dir, manifestName), b, true)
	}
	return r, errors.Join(failed, err)
}

// leftovers are the names of the unfinished files in dir.
func leftovers(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), partSuffix); ok && e.Type().IsRegular() {
			names = append(names, name)
		}
	}
	return names, nil
}

// standIn is the manifest of a recording that lost its own.
func standIn(dir string, now time.Time) *Manifest {
	started, err := time.Parse(startLayout, filepath.Base(dir)[:min(len(startLayout), len(filepath.Base(dir)))])
	if err != nil {
		started = now
	}
	return newManifest(Config{ConferenceID: filepath.Base(filepath.Dir(dir)), Started: started})
}

// last is the end of the last segment.
func (m *Manifest) last() int64 {
	last := m.Start
	for _, t := range m.Tracks {
		for _, s := range t.Segments {
			last = max(last, s.Start+s.Length)
		}
	}
	return last
}

// closeLeftovers closes the unfinished files of a recording and corrects the segments of its manifest.
func closeLeftovers(dir string, m *Manifest, reason string) (files, lost []string, failed error) {
	parts, err := leftovers(dir)
	if err != nil {
		return nil, nil, err
	}
	var errs []error
	for _, name := range parts {
		length, tags, err := repairPart(filepath.Join(dir, name))
		switch {
		case err != nil:
			errs = append(errs, err)
		case length == 0:
			lost = append(lost, name)
		default:
			files = append(files, name)
			m.list(name, length, tags, reason)
		}
	}
	m.measure(dir, reason)
	return files, lost, errors.Join(errs...)
}

// repairPart closes name.part as name and returns its length; 0 means that it held no audio and is gone.
func repairPart(name string) (length int64, tags *oggSummary, err error) {
	f, err := os.OpenFile(name+partSuffix, os.O_RDWR, 0)
	if err != nil {
		return 0, nil, err
	}
	if strings.HasSuffix(name, "."+FormatWAV) {
		length, err = repairWAV(f)
	} else {
		length, tags, err = repairOgg(f)
	}
	if err = closeSynced(f, err); err != nil {
		return 0, nil, err
	}
	if length == 0 {
		return 0, nil, os.Remove(name + partSuffix)
	}
	return length, tags, os.Rename(name+partSuffix, name)
}

// repairOgg cuts the file behind its last whole page and makes that the last.
func repairOgg(f *os.File) (int64, *oggSummary, error) {
	s, err := scanOgg(f)
	if errors.Is(err, errNoOpus) || s.audio == 0 || s.length() == 0 {
		return 0, nil, nil
	}
	if err := f.Truncate(s.end); err != nil {
		return 0, nil, err
	}
	return s.length(), &s, endStream(f, s.last, -1)
}

// repairWAV makes the header say how many samples there are.
func repairWAV(f *os.File) (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	s, ok := scanWAV(f, info.Size())
	if !ok || s.whole == 0 {
		return 0, nil
	}
	if err := f.Truncate(wavHeaderSize + 2*s.whole); err != nil {
		return 0, err
	}
	_, err = f.WriteAt(appendWAVHeader(nil, s.rate, 2*s.whole), 0)
	return s.whole * int64(clockRate/s.rate), err
}

// list corrects the row of a file, or adds one from the comments in the file when the crash came before the manifest.
func (m *Manifest) list(name string, length int64, tags *oggSummary, reason string) {
	for t := range m.Tracks {
		for s := range m.Tracks[t].Segments {
			if row := &m.Tracks[t].Segments[s]; row.File == name {
				row.Length, row.Reason = length, reason
				return
			}
		}
	}
	if tags == nil {
		return
	}
	start, err := strconv.ParseInt(tags.tag(tagStart), 10, 64)
	if err != nil || start < 0 {
		return
	}
	row := ManifestSegment{File: name, Codec: "opus", Rate: clockRate, Source: tags.tag(tagSource), Start: start, Length: length, Reason: reason}
	if t := m.trackOf(tags); t >= 0 {
		m.Tracks[t].Segments = append(m.Tracks[t].Segments, row)
	}
}

// trackOf is the index of the track a file says it belongs to; -1 when it says nothing sensible.
func (m *Manifest) trackOf(tags *oggSummary) int {
	index, err := strconv.Atoi(tags.tag(tagTrack))
	switch {
	case err != nil || index < 0:
		return -1
	case index >= len(m.Tracks):
		m.addTrack(Participant{DisplayName: clip(tags.tag("ARTIST"))})
		return len(m.Tracks) - 1
	}
	return index
}

// measure corrects the segments that the manifest has as still open but whose file was closed, and strikes those without a file.
func (m *Manifest) measure(dir, reason string) {
	for t := range m.Tracks {
		track := &m.Tracks[t]
		track.Segments = slices.DeleteFunc(track.Segments, func(s ManifestSegment) bool { return s.Reason == "" && !exists(dir, s.File) })
		for s := range track.Segments {
			row := &track.Segments[s]
			if row.Reason == "" {
				row.Length, row.Reason = lengthOf(filepath.Join(dir, row.File), row.Length), reason
			}
		}
	}
}

// exists reports whether a file named in a manifest is there; a name that leaves the folder is not.
func exists(dir, name string) bool {
	if name != filepath.Base(name) {
		return false
	}
	info, err := os.Lstat(filepath.Join(dir, name))
	return err == nil && info.Mode().IsRegular()
}

// lengthOf is the length of a closed file, or known when it cannot be read.
func lengthOf(name string, known int64) int64 {
	f, err := os.Open(name)
	if err != nil {
		return known
	}
	defer f.Close()
	if !strings.HasSuffix(name, "."+FormatWAV) {
		if s, err := scanOgg(f); err == nil {
			return s.length()
		}
		return known
	}
	if info, err := f.Stat(); err == nil {
		if s, ok := scanWAV(f, info.Size()); ok {
			return s.whole * int64(clockRate/s.rate)
		}
	}
	return known
}
