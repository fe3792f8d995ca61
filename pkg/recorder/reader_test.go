package recorder

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// readAll reads a file in pieces of an odd length.
func readAll(t testing.TB, name string) (rate int, out []int16) {
	t.Helper()
	r, err := OpenFile(name)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	buf := make([]int16, 777)
	for {
		n, err := r.Read(buf)
		out = append(out, buf[:n]...)
		if errors.Is(err, io.EOF) {
			return r.Rate(), out
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestReaderPlaysWhatWasWritten(t *testing.T) {
	for _, format := range []string{FormatOpus, FormatWAV} {
		t.Run(format, func(t *testing.T) {
			m := newMeeting(t, func(c *Config) { c.Format = format })
			tone := voice(16000, 440, 3*time.Second)
			m.runs(3*time.Second, func(at int64, step int) { m.rec.WriteMixed(at, 16000, tone(step)) })
			segment := m.ends("stopped").Tracks[0].Segments[0]
			name := filepath.Join(m.rec.Dir(), segment.File)
			rate, got := readAll(t, name)
			if want := segment.Length * int64(rate) / clockRate; rate != segment.Rate || int64(len(got)) != want {
				t.Errorf("plays %d samples at %d Hz; the manifest says %d at %d", len(got), rate, want, segment.Rate)
			}
			if format == FormatOpus && !slices.Equal(got, decodeOpus(t, name)) {
				t.Error("differs from decoding the packets one by one")
			}
		})
	}
}

func TestReaderStopsWhereTheFileIsCut(t *testing.T) {
	m := newMeeting(t, nil)
	tone := voice(48000, 440, 5*time.Second)
	m.runs(5*time.Second, func(at int64, step int) { m.rec.WriteMixed(at, 48000, tone(step)) })
	m.ends("stopped")
	name := filepath.Join(m.rec.Dir(), "mixed.opus")
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(name, info.Size()-1); err != nil {
		t.Fatal(err)
	}
	if _, got := readAll(t, name); len(got) < 3*clockRate || len(got) > 5*clockRate {
		t.Errorf("plays %d samples; want all but the last page", len(got))
	}
}

func TestReaderRefusesOtherFiles(t *testing.T) {
	for _, text := range []string{"", "OggS", "RIFF1234WAVE", "RF64", "#!/bin/sh", string(make([]byte, 200))} {
		if r, err := NewReader(bytes.NewReader([]byte(text))); err == nil {
			r.Close()
			t.Errorf("%q was taken for a recording", text)
		}
	}
}

func FuzzReader(f *testing.F) {
	for _, preSkip := range []int{0, 312, 65535} {
		var b bytes.Buffer
		o, err := newOggOpus(&b, 7, 1, preSkip, 48000, []string{"TITLE=x"})
		if err != nil {
			f.Fatal(err)
		}
		for range 5 {
			o.packet([]byte{0x08, 1, 2, 3}, 960)
		}
		o.flush()
		f.Add(b.Bytes())
	}
	f.Add(append(appendWAVHeader(nil, 8000, 6), 1, 2, 3, 4, 5, 6))
	f.Fuzz(func(t *testing.T, file []byte) {
		r, err := NewReader(bytes.NewReader(file))
		if err != nil {
			return
		}
		defer r.Close()
		buf := make([]int16, 4096)
		for total := 0; ; {
			n, err := r.Read(buf)
			if total += n; total > 120*clockRate/1000*(len(file)+1) {
				t.Fatalf("%d bytes play %d samples: more than 120 ms each", len(file), total)
			}
			if err != nil {
				return
			}
		}
	})
}
