package recorder

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
)

func TestWAVPlaysUpToEachFlush(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x.wav")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, err := newWAV(f, 8000)
	if err != nil {
		t.Fatal(err)
	}
	frame := make([]int16, 160)
	for i := range frame {
		frame[i] = int16(i + 1)
	}
	for i := 1; i <= 120; i++ {
		if err := w.append(frame); err != nil {
			t.Fatal(err)
		}
		s := wavOnDisk(t, name)
		if want := int64(i / 50 * 8000); s.samples != want || s.whole != want {
			t.Fatalf("after %d frames the header says %d samples and %d are there; want %d", i, s.samples, s.whole, want)
		}
	}
	if err := w.silence(8000); err != nil {
		t.Fatal(err)
	}
	if err := w.append(frame); err != nil {
		t.Fatal(err)
	}
	if err := w.flush(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if s := wavOnDisk(t, name); s.samples != 120*160+8000+160 || s.samples != w.samples() {
		t.Errorf("%d samples, want 120 frames, a second of silence, a frame", s.samples)
	}
	hole := b[wavHeaderSize+2*120*160:][:16000]
	if !bytes.Equal(hole, make([]byte, 16000)) {
		t.Error("the silence is not silent")
	}
	if got := int16(binary.LittleEndian.Uint16(b[len(b)-2:])); got != 160 {
		t.Errorf("the last sample is %d, want 160", got)
	}
}

func wavOnDisk(t testing.TB, name string) wavSummary {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	s, ok := scanWAV(f, info.Size())
	if !ok {
		t.Fatalf("%s is no WAV file of ours", name)
	}
	return s
}

func TestWAVTurnsIntoRF64Past4GB(t *testing.T) {
	for _, row := range []struct {
		size int64
		form string
	}{
		{0, "RIFF"}, {1 << 20, "RIFF"}, {1<<32 - 1 - 72, "RIFF"}, {1<<32 - 72, "RF64"}, {1 << 33, "RF64"},
	} {
		h := appendWAVHeader(nil, 48000, row.size)
		if len(h) != wavHeaderSize || string(h[:4]) != row.form {
			t.Errorf("%d bytes: header of %d bytes, %q; want %q", row.size, len(h), h[:4], row.form)
		}
		s, ok := scanWAV(bytes.NewReader(h), wavHeaderSize+row.size)
		if !ok || s.rate != 48000 || s.samples != row.size/2 || s.whole != row.size/2 {
			t.Errorf("%d bytes read back as %+v, %v", row.size, s, ok)
		}
	}
	h := appendWAVHeader(nil, 48000, 1<<33)
	le := binary.LittleEndian
	if string(h[12:16]) != "ds64" || le.Uint64(h[20:]) != 1<<33+72 || le.Uint64(h[28:]) != 1<<33 || le.Uint64(h[36:]) != 1<<32 {
		t.Errorf("ds64 is % x", h[12:48])
	}
}
