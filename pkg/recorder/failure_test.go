package recorder

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// cramped is a disk with room for so many bytes.
type cramped struct {
	disk
	room *int
}

var errNoRoom = errors.New("no space left on device")

func (c cramped) create(name string) (file, error) {
	f, err := c.disk.create(name)
	return &crampedFile{f, c.room}, err
}

type crampedFile struct {
	file
	room *int
}

func (f *crampedFile) Write(b []byte) (int, error) {
	n := min(len(b), *f.room)
	*f.room -= n
	if n < len(b) {
		m, _ := f.file.Write(b[:n])
		return m, errNoRoom
	}
	return f.file.Write(b)
}

func (f *crampedFile) WriteAt(b []byte, at int64) (int, error) {
	if at == 0 {
		return f.file.WriteAt(b, at) // rewriting takes no room
	}
	n := min(len(b), *f.room)
	*f.room -= n
	if n < len(b) {
		m, _ := f.file.WriteAt(b[:n], at)
		return m, errNoRoom
	}
	return f.file.WriteAt(b, at)
}

func TestAFullDiskEndsTheRecordingAndSaysSo(t *testing.T) {
	for _, format := range []string{FormatOpus, FormatWAV} {
		room := 60000
		if format == FormatWAV {
			room = 500000
		}
		failed := make(chan error, 1)
		m := newMeetingOn(t, cramped{room: &room}, func(c *Config) {
			c.Format = format
			c.OnFailure = func(err error) { failed <- err }
		})
		x := m.rec.Track(Participant{ID: "x"})
		tone, full := voice(8000, 440, 60*time.Second), voice(48000, 700, 60*time.Second)
		m.runs(60*time.Second, func(at int64, step int) {
			x.WriteFrame(at, 8000, tone(step))
			m.rec.WriteMixed(at, 48000, full(step))
		})
		if err := <-failed; !errors.Is(err, errNoRoom) {
			t.Errorf("OnFailure(%v), want %v", err, errNoRoom)
		}
		if err := m.rec.Stop(m.at, "stopped"); !errors.Is(err, errNoRoom) {
			t.Errorf("Stop says %v, want %v", err, errNoRoom)
		}
		x.WriteFrame(m.at, 8000, tone(0))

		t.Log("# somebody makes room, and the server starts again")
		if _, err := Repair(filepath.Dir(filepath.Dir(m.rec.Dir())), began); err != nil {
			t.Fatal(err)
		}
		man, err := ReadManifest(m.rec.Dir())
		if err != nil {
			t.Fatal(err)
		}
		if !man.Interrupted || man.Ended == nil || man.Reason == "" {
			t.Errorf("manifest %+v", man)
		}
		for _, track := range man.Tracks {
			for _, s := range track.Segments {
				length := lengthOf(filepath.Join(m.rec.Dir(), s.File), -1)
				if length != s.Length || length < clockRate/2 {
					t.Errorf("%s plays %d, its manifest says %d", s.File, length, s.Length)
				}
				if format == FormatOpus {
					decodeOpus(t, filepath.Join(m.rec.Dir(), s.File))
				}
			}
		}
		checkManifest(t, m.rec.Manifest())
	}
}

// devFull gives every track the file that is always full.
type devFull struct{ disk }

func (d devFull) create(name string) (file, error) {
	if strings.HasSuffix(name, partSuffix) {
		return os.OpenFile("/dev/full", os.O_RDWR, 0)
	}
	return d.disk.create(name)
}

func TestDevFull(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full here")
	}
	failed := make(chan error, 1)
	m := newMeetingOn(t, devFull{}, func(c *Config) { c.OnFailure = func(err error) { failed <- err } })
	x := m.rec.Track(Participant{ID: "x"})
	x.WriteFrame(m.at, 8000, make([]int16, 160))
	if err := <-failed; err == nil {
		t.Error("no error")
	}
	<-m.rec.Done()
	man, err := ReadManifest(m.rec.Dir())
	if err != nil {
		t.Fatal(err)
	}
	if !man.Interrupted || !strings.Contains(man.Reason, "no space left") {
		t.Errorf("manifest ends with %q, interrupted %v", man.Reason, man.Interrupted)
	}
	checkManifest(t, m.rec.Manifest())
}
