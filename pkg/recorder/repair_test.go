package recorder

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// crashed is a folder as kill -9 leaves it: three seconds into a recording, with an open manifest.
func crashed(t *testing.T, format string) (root, dir string) {
	t.Helper()
	root = t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		m := newMeeting(t, func(c *Config) { c.Format = format })
		x := m.rec.Track(Participant{ID: "sip:x@example.com", DisplayName: "x"})
		x.Event(Joined, m.at)
		tone := voice(8000, 440, 3*time.Second)
		m.runs(3*time.Second, func(at int64, step int) {
			if step == 10 {
				x.Event(SpeakingStarted, at)
			}
			x.WriteFrame(at, 8000, tone(step))
			m.rec.WriteMixed(at, 8000, tone(step))
			time.Sleep(20 * time.Millisecond)
		})
		time.Sleep(1500 * time.Millisecond)
		synctest.Wait()
		dir = filepath.Join(root, "4711", filepath.Base(m.rec.Dir()))
		if err := os.CopyFS(dir, os.DirFS(m.rec.Dir())); err != nil {
			t.Fatal(err)
		}
		m.ends("done")
	})
	return root, dir
}

func TestRepairAfterKill(t *testing.T) {
	for _, format := range []string{FormatOpus, FormatWAV} {
		root, dir := crashed(t, format)
		done, err := Repair(root, began)
		if err != nil || len(done) != 1 || len(done[0].Files) != 2 || done[0].Conference != "4711" || done[0].Dir != dir {
			t.Fatalf("Repair: %+v, %v", done, err)
		}
		man, err := ReadManifest(dir)
		if err != nil {
			t.Fatal(err)
		}
		checkManifest(t, filepath.Join(dir, manifestName))
		if !man.Interrupted || man.Ended == nil || man.Reason != reasonInterrupted {
			t.Errorf("manifest %+v", man)
		}
		for _, track := range man.Tracks {
			if len(track.Segments) != 1 {
				t.Fatalf("segments %+v", track.Segments)
			}
			s := track.Segments[0]
			if s.Length < clockRate || s.Length > 4*clockRate || s.Reason == "" || lengthOf(filepath.Join(dir, s.File), -1) != s.Length {
				t.Errorf("%+v", s)
			}
			if format == FormatOpus {
				decodeOpus(t, filepath.Join(dir, s.File))
			}
		}
		if again, err := Repair(root, began); err != nil || len(again) != 0 {
			t.Errorf("a second Repair: %+v, %v; want nothing to do", again, err)
		}
	}
}

// A file cut at any byte plays what was whole.
func TestRepairOfEveryCut(t *testing.T) {
	for _, format := range []string{FormatOpus, FormatWAV} {
		_, dir := crashed(t, format)
		whole, err := os.ReadFile(filepath.Join(dir, "x-1."+format+partSuffix))
		if err != nil {
			t.Fatal(err)
		}
		whole = whole[:min(len(whole), 2700)] // a page and the beginning of the next; 0.16 s of WAV
		name, before := filepath.Join(dir, "cut."+format), int64(0)
		for cut := 0; cut <= len(whole); cut++ {
			length := repairCut(t, name, whole, cut)
			if length < before {
				t.Fatalf("cut at %d: %d samples, fewer than %d of a shorter file", cut, length, before)
			}
			before = length
		}
		if before < clockRate/8 {
			t.Errorf("the whole %s file gave %d samples", format, before)
		}
	}
}

// repairCut repairs the first cut bytes of whole and checks that they play its beginning. It returns how much they play.
func repairCut(t *testing.T, name string, whole []byte, cut int) int64 {
	t.Helper()
	if err := os.WriteFile(name, whole[:cut], 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var length int64
	if filepath.Ext(name) == ".wav" {
		length, err = repairWAV(f)
	} else {
		length, _, err = repairOgg(f)
	}
	if err != nil {
		t.Fatalf("cut at %d: %v", cut, err)
	}
	if length > 0 {
		if plays := prefix(t, name, whole); plays != length {
			t.Fatalf("cut at %d: repaired to %d samples, plays %d", cut, length, plays)
		}
	}
	return length
}

// prefix checks that a repaired file plays the beginning of another, and returns its length.
func prefix(t *testing.T, name string, whole []byte) int64 {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Ext(name) == ".wav" {
		if !bytes.HasPrefix(whole[wavHeaderSize:], b[wavHeaderSize:]) {
			t.Fatal("the samples differ")
		}
		return wavOnDisk(t, name).samples * 6
	}
	got, s := readOgg(t, b)
	want, _ := readOgg(t, whole)
	if !s.ended || s.end != int64(len(b)) || len(got) > len(want) || !equal(got, want[:len(got)]) {
		t.Fatalf("%s: ended %v, %d bytes of %d, %d packets", name, s.ended, s.end, len(b), len(got))
	}
	return s.length()
}

func TestRepairWithoutManifest(t *testing.T) {
	root, dir := crashed(t, FormatOpus)
	if err := os.WriteFile(filepath.Join(dir, manifestName), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	done, err := Repair(root, began)
	if err != nil || len(done) != 1 || len(done[0].Files) != 2 {
		t.Fatalf("Repair: %+v, %v", done, err)
	}
	man, err := ReadManifest(dir)
	if err != nil {
		t.Fatal(err)
	}
	checkManifest(t, filepath.Join(dir, manifestName))
	if len(man.Tracks) != 2 || len(man.Tracks[1].Segments) != 1 || man.Tracks[1].Segments[0].Start != 96000 || !man.Started.Equal(began) {
		t.Errorf("manifest made up from the files: %+v", man)
	}
}

func TestRepairLeavesOthersAlone(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"a.txt", "4711/notes.txt", "4711/empty/x"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if done, err := Repair(root, began); err != nil || len(done) != 0 {
		t.Errorf("Repair: %+v, %v", done, err)
	}
	if done, err := Repair(filepath.Join(root, "none"), began); err != nil || len(done) != 0 {
		t.Errorf("Repair of nothing: %+v, %v", done, err)
	}
}

func FuzzRepair(f *testing.F) {
	var ogg bytes.Buffer
	o, _ := newOggOpus(&ogg, 7, 2, 312, 48000, []string{"FOCUS_START=5", "FOCUS_TRACK=1"})
	for range 120 {
		_ = o.packet(silent[0], frame20)
	}
	_ = o.flush()
	wav := append(appendWAVHeader(nil, 8000, 320), make([]byte, 320)...)
	f.Add(ogg.Bytes(), wav, []byte(`{"schemaVersion":1,"tracks":[{"segments":[{"file":"../a"}]}]}`))
	f.Add(ogg.Bytes()[:300], wav[:100], []byte(`{}`))
	f.Fuzz(func(t *testing.T, ogg, wav, manifest []byte) {
		root := t.TempDir()
		dir := filepath.Join(root, "4711", "20260304T150405Z")
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		for name, b := range map[string][]byte{"a-1.opus.part": ogg, "b-1.wav.part": wav, manifestName: manifest} {
			if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		done, err := Repair(root, began)
		if err != nil || len(done) != 1 {
			t.Fatalf("Repair: %+v, %v", done, err)
		}
		for _, name := range done[0].Files {
			if n := lengthOf(filepath.Join(dir, name), -1); n <= 0 {
				t.Errorf("%s has length %d", name, n)
			}
		}
		if _, err := os.Stat(filepath.Join(dir, "a-1.opus.part")); err == nil {
			t.Error("a part is left")
		}
		if again, err := Repair(root, began); err != nil || len(again) != 0 {
			t.Errorf("second Repair: %+v, %v", again, err)
		}
	})
}
