package recorder

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/codec/opus"
	"github.com/seed-f3cefc8c/focus/pkg/pcm"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var began = time.Date(2026, 3, 4, 15, 4, 5, 0, time.UTC)

// meeting is a recording with a clock: the tests move it frame by frame.
type meeting struct {
	t   *testing.T
	rec *Recorder
	at  int64
}

func newMeeting(t *testing.T, change func(*Config)) *meeting {
	t.Helper()
	return newMeetingOn(t, disk{}, change)
}

func newMeetingOn(t *testing.T, fs fileSystem, change func(*Config)) *meeting {
	t.Helper()
	cfg := Config{Dir: t.TempDir(), ConferenceID: "4711", Subject: "standup", Organizer: "sip:olga@example.com", Started: began, At: 96000, QueueFrames: 100000}
	if change != nil {
		change(&cfg)
	}
	rec, err := start(cfg, fs)
	if err != nil {
		t.Fatal(err)
	}
	return &meeting{t: t, rec: rec, at: cfg.At}
}

// runs lets the clock run for d; f gets each 20 ms step.
func (m *meeting) runs(d time.Duration, f func(at int64, step int)) {
	for i := range int(d / (20 * time.Millisecond)) {
		f(m.at, i)
		m.at += frame20
	}
}

func (m *meeting) ends(reason string) *Manifest {
	m.t.Helper()
	if err := m.rec.Stop(m.at, reason); err != nil {
		m.t.Fatal(err)
	}
	man, err := ReadManifest(m.rec.Dir())
	if err != nil {
		m.t.Fatal(err)
	}
	checkManifest(m.t, m.rec.Manifest())
	return man
}

// voice is a tone cut into frames of 20 ms.
func voice(rate int, hz float64, d time.Duration) func(step int) []int16 {
	all := pcm.Tone(rate, hz, d, -20)
	return func(step int) []int16 { return all[step*rate/50:][:rate/50] }
}

// decodeOpus returns what a file plays at 48 kHz: pre-skip and end trimming applied (RFC 7845 section 4).
func decodeOpus(t testing.TB, name string) []int16 {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	packets, s := readOgg(t, b)
	if !s.ended {
		t.Errorf("%s has no end of stream", name)
	}
	dec, err := opus.Opus.NewDecoder(48000)
	if err != nil {
		t.Fatal(err)
	}
	defer dec.Close()
	var out []int16
	for i, p := range packets {
		before := len(out)
		if out, err = dec.Decode(out, p); err != nil {
			n := opus.Opus.Duration(p)
			out, err = dec.(codec.Concealer).Conceal(out, n)
		}
		if got, want := len(out)-before, opus.Opus.Duration(p); err != nil || got != want {
			t.Fatalf("%s: packet %d (% x) decodes to %d samples (%v), says %d", name, i, p[:min(len(p), 4)], got, err, want)
		}
	}
	if int64(len(out)) < s.granule {
		t.Fatalf("%s decodes to %d samples, its granule position says %d", name, len(out), s.granule)
	}
	return out[s.preSkip:s.granule]
}

// onset is where the first sample louder than limit stands.
func onset(pcm []int16, limit int16) int {
	for i, v := range pcm {
		if v > limit || v < -limit {
			return i
		}
	}
	return -1
}

func loudness(pcm []int16) float64 {
	sum := 0.0
	for _, v := range pcm {
		sum += float64(v) * float64(v)
	}
	return 10*math.Log10(sum/float64(len(pcm))+1e-9) - 20*math.Log10(32768)
}

func TestThreeVoicesLineUp(t *testing.T) {
	m := newMeeting(t, nil)
	alice := m.rec.Track(Participant{ID: "sip:alice@example.com", DisplayName: "Alice Ärmel"})
	bob := m.rec.Track(Participant{ID: "sip:bob@example.com", DisplayName: "../../etc/passwd"})
	carol := m.rec.Track(Participant{ID: "sip:carol@example.com"})
	for _, x := range []*Track{alice, bob, carol} {
		x.Event(Joined, m.at)
	}
	// A browser's encoder. One without SILK predicts the loudness of each frame from the frame before, so that what is stored as it came
	// fades in for 40 ms when its past was silence that the encoder never saw.
	enc, err := opus.Opus.NewEncoder(48000, codec.Params{Bitrate: 32000})
	if err != nil {
		t.Fatal(err)
	}
	defer enc.Close()
	low, wide, full := voice(8000, 440, time.Second), voice(16000, 440, time.Second), voice(48000, 440, time.Second)
	base := m.at

	t.Log("# each says something at 0 s and again, after a long silence, at 200 s; only the mix goes on")
	for _, second := range []int64{0, 200} {
		m.at = base + second*clockRate
		alice.Event(SpeakingStarted, m.at)
		m.runs(time.Second, func(at int64, step int) {
			alice.WriteFrame(at, 8000, low(step))
			bob.WriteFrame(at, 16000, wide(step))
			p, err := enc.Encode(nil, full(step))
			if err != nil {
				t.Fatal(err)
			}
			carol.WritePacket(at, frame20, p)
			m.rec.WriteMixed(at, 48000, full(step))
		})
		alice.Event(SpeakingStopped, m.at)
	}
	carol.Close(m.at, "hung up")
	man := m.ends("everybody has left")

	files := []string{"mixed.opus", "alice-rmel-1.opus", "etc-passwd-1.opus", "sip-carol-example-com-1.opus"}
	for i, name := range files {
		s := man.Tracks[i].Segments
		if len(s) != 1 || s[0].File != name || s[0].Start != base || s[0].Length != 201*clockRate {
			t.Errorf("track %d has segments %+v, want all 201 s in %s", i, s, name)
			continue
		}
		audio := decodeOpus(t, filepath.Join(m.rec.Dir(), name))
		if int64(len(audio)) != s[0].Length {
			t.Errorf("%s plays %d samples, want %d", name, len(audio), s[0].Length)
		}
		first, second := onset(audio, 300), onset(audio[100*clockRate:], 300)-100*clockRate
		t.Logf("%s: heard from sample %d and again from 200 s + %d", name, first, second)
		if first > frame20/2 || second < 0 || second > frame20/2 {
			t.Errorf("%s: the voice begins %d and %d samples late, want at most 10 ms", name, first, second)
		}
		if l := loudness(audio[2*clockRate : 199*clockRate]); l > -180 {
			t.Errorf("%s: the silence has %.0f dB", name, l)
		}
	}
	if !man.Started.Equal(began) || man.Ended == nil || man.Ended.Sub(began) != 201*time.Second || man.Interrupted {
		t.Errorf("manifest runs from %v to %v, interrupted %v", man.Started, man.Ended, man.Interrupted)
	}
	if want := []Interval{{base, base + clockRate}, {base + 200*clockRate, base + 201*clockRate}}; len(man.Participants[0].Spoke) != 2 || man.Participants[0].Spoke[1] != want[1] {
		t.Errorf("Alice spoke %v, want %v", man.Participants[0].Spoke, want)
	}
	if left := man.Participants[2].Left; left == nil || *left != m.at {
		t.Errorf("Carol left at %v, want %d", left, m.at)
	}
}

func TestNoClickBetweenVoiceAndSilence(t *testing.T) {
	for _, rate := range []int{8000, 16000, 48000} {
		m := newMeeting(t, nil)
		x := m.rec.Track(Participant{ID: "x"})
		tone := voice(rate, 400, time.Second)
		for range 4 {
			m.runs(time.Second, func(at int64, step int) { x.WriteFrame(at, rate, tone(step)) })
			m.at += 3*clockRate + 7*frame20
		}
		m.ends("done")
		wantNoClick(t, fmt.Sprintf("encoded at %d Hz", rate), decodeOpus(t, filepath.Join(m.rec.Dir(), "x-1.opus")), 1.5)
	}
}

// The same with packets of a peer who stops sending in the middle of a tone and goes on, seconds later, where the encoder was.
func TestNoClickWhenPacketsStop(t *testing.T) {
	for _, rate := range []int{8000, 16000, 48000} {
		enc, err := opus.Opus.NewEncoder(rate, codec.Params{})
		if err != nil {
			t.Fatal(err)
		}
		defer enc.Close()
		m := newMeeting(t, nil)
		x := m.rec.Track(Participant{ID: "x"})
		all := sine(rate, 400, 0)
		for range 4 {
			m.runs(time.Second, func(at int64, step int) {
				p, err := enc.Encode(nil, all[step%10*rate/50:][:rate/50])
				if err != nil {
					t.Fatal(err)
				}
				x.WritePacket(at, frame20, p)
			})
			m.at += 3*clockRate + 7*frame20
		}
		m.ends("done")
		wantNoClick(t, fmt.Sprintf("received at %d Hz", rate), decodeOpus(t, filepath.Join(m.rec.Dir(), "x-1.opus")), 2.5)
	}
}

// wantNoClick fails when a tone of 400 Hz moves further from one sample to the next than it can, by a factor.
func wantNoClick(t *testing.T, what string, audio []int16, factor float64) {
	t.Helper()
	peak, step, where := 0, 0, 0
	for i := 1; i < len(audio); i++ {
		peak = max(peak, int(audio[i]), -int(audio[i]))
		d := int(audio[i]) - int(audio[i-1])
		if d = max(d, -d); d > step {
			step, where = d, i
		}
	}
	own := float64(peak) * 2 * math.Pi * 400 / 48000
	t.Logf("%s: peak %d, largest step %d, the tone's own %.0f", what, peak, step, own)
	if float64(step) > factor*own {
		t.Errorf("%s: a step of %d at sample %d, frame %.2f; the tone's own is %.0f", what, step, where, float64(where)/frame20, own)
	}
}

func TestMixChangesItsRateWithoutAClick(t *testing.T) {
	var mix mixdown
	var audio []int16
	for part, rate := range []int{8000, 16000, 48000, 8000} {
		all := sine(rate, 400, float64(part)*0.2)
		for f := range 10 {
			audio = append(audio, mix.convert(rate, all[f*rate/50:][:rate/50])...)
		}
	}
	if len(audio) != 4*10*frame20 {
		t.Fatalf("%d samples, want 0.8 s", len(audio))
	}
	const limit = 785 // one and a half times the own step of a sine of 400 Hz at a peak of 10,000
	for i := frame20; i < len(audio); i++ {
		if d := int(audio[i]) - int(audio[i-1]); d > limit || d < -limit {
			t.Errorf("a step of %d at sample %d, frame %d", d, i, i/frame20)
		}
	}
}

// sine is 200 ms of a sine that goes on from one call to the next, without soft edges.
func sine(rate int, hz, from float64) []int16 {
	out := make([]int16, rate/5)
	for i := range out {
		out[i] = int16(10000 * math.Sin(2*math.Pi*hz*(from+float64(i)/float64(rate))))
	}
	return out
}

func TestPauseCodecChangeAndLeavingBeginNewFiles(t *testing.T) {
	for _, format := range []string{FormatOpus, FormatWAV} {
		m := newMeeting(t, func(c *Config) { c.Format = format })
		dave := m.rec.Track(Participant{ID: "sip:dave@example.com", DisplayName: "Dave"})
		tone, mixed := voice(8000, 440, time.Second), voice(16000, 440, time.Second)
		wide := voice(16000, 440, time.Second)
		base := m.at

		t.Log("# Dave talks, changes from G.711 to G.722 to Opus; then a pause, and again")
		m.runs(time.Second, func(at int64, step int) {
			dave.WriteFrame(at, 8000, tone(step))
			m.rec.WriteMixed(at, 16000, mixed(step))
		})
		m.runs(time.Second, func(at int64, step int) { dave.WriteFrame(at, 16000, wide(step)) })
		m.runs(time.Second, func(at int64, _ int) { dave.WritePacket(at, frame20, silent[0]) })
		m.rec.Pause(m.at)
		m.runs(time.Second, func(at int64, step int) {
			dave.WriteFrame(at, 8000, tone(step))
			m.rec.WriteMixed(at, 16000, mixed(step))
		})
		m.rec.Resume(m.at)
		m.runs(time.Second, func(at int64, step int) {
			dave.WriteFrame(at, 8000, tone(step))
			m.rec.WriteMixed(at, 16000, mixed(step))
		})
		dave.Close(m.at, "left")
		man := m.ends("stopped")

		type row struct {
			file, reason  string
			start, length int64
		}
		for track, want := range [][]row{
			{{"mixed.", "paused", 0, 3}, {"mixed-2.", "stopped", 4, 1}},
			{{"dave-1.", "codec change", 0, 1}, {"dave-2.", "codec change", 1, 1}, {"dave-3.", "paused", 2, 1}, {"dave-4.", "left", 4, 1}},
		} {
			got := man.Tracks[track].Segments
			if len(got) != len(want) {
				t.Errorf("track %d: %+v, want %d segments", track, got, len(want))
				continue
			}
			for i, w := range want {
				g := got[i]
				if g.File != w.file+format || g.Reason != w.reason || g.Start != base+w.start*clockRate || g.Length != w.length*clockRate {
					t.Errorf("track %d segment %d: %+v, want %+v", track, i, g, w)
				}
				name := filepath.Join(m.rec.Dir(), g.File)
				length := lengthOf(name, -1)
				if length != g.Length {
					t.Errorf("%s is %d long, want %d", g.File, length, g.Length)
				}
			}
		}
		if want := (Interval{base + 3*clockRate, base + 4*clockRate}); len(man.Paused) != 1 || man.Paused[0] != want {
			t.Errorf("paused %v, want %v", man.Paused, want)
		}
		if left, _ := filepath.Glob(filepath.Join(m.rec.Dir(), "*"+partSuffix)); len(left) > 0 {
			t.Errorf("left open: %v", left)
		}
	}
}

func TestACodecChangedWithEveryPacketIsBounded(t *testing.T) {
	m := newMeeting(t, nil)
	x := m.rec.Track(Participant{ID: "x"})
	tone := voice(8000, 440, 10*time.Second)
	m.runs(10*time.Second, func(at int64, step int) {
		if step%2 == 0 {
			x.WriteFrame(at, 8000, tone(step))
			return
		}
		x.WritePacket(at, frame20, silent[0])
	})
	man := m.ends("done")
	if n := len(man.Tracks[1].Segments); n > 2*segmentBurst {
		t.Errorf("%d files in 10 s, want at most %d", n, 2*segmentBurst)
	}
	if len(man.Gaps) == 0 || man.Gaps[0].Reason != "too many segments" {
		t.Errorf("gaps %+v, want what was left out", man.Gaps)
	}
}

func TestPacketsThatComeEarlyOrLate(t *testing.T) {
	m := newMeeting(t, nil)
	x := m.rec.Track(Participant{ID: "x"})
	base := m.at
	for _, at := range []int64{
		0, 960, // in order
		1920 + 500,   // 10 ms late: laid at the end all the same
		2880 - 900,   // 19 ms early: likewise
		2880 - 960,   // 40 ms early now: dropped
		6 * frame20,  // two are missing: concealed
		30 * frame20, // silence
	} {
		x.WritePacket(base+at, frame20, silent[0])
	}
	x.WritePacket(base, frame20, nil)
	x.WritePacket(base, 480, silent[0])
	x.WritePacket(base, 15*frame20, []byte{0xfb, 15})
	x.WriteFrame(base, 8000, make([]int16, 80))
	x.WriteFrame(base, 44100, make([]int16, 882))
	x.WriteFrame(-1, 8000, make([]int16, 160))
	m.at = base + 31*frame20
	m.ends("done")
	b, err := os.ReadFile(filepath.Join(m.rec.Dir(), "x-1.opus"))
	if err != nil {
		t.Fatal(err)
	}
	packets, s := readOgg(t, b)
	want := [][]byte{silentLead, silent[0], silent[0], silent[0], silent[0], {0xfb, 2}, silent[0], silent[5], silent[5], silent[5], silent[4], silent[0]}
	if !equal(packets, want) || s.length() != 31*frame20 {
		t.Errorf("packets % x\nwant    % x\nlength %d", packets, want, s.length())
	}
	if c := m.rec.Counts(); c.Malformed != 6 {
		t.Errorf("%d malformed, want 6", c.Malformed)
	}
}

func equal(a, b [][]byte) bool { return slices.EqualFunc(a, b, bytes.Equal) }

func TestFilesGrowEverySecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMeeting(t, nil)
		x := m.rec.Track(Participant{ID: "x", DisplayName: "Xaver"})
		tone := voice(8000, 440, 20*time.Second)
		base := m.at
		m.runs(10*time.Second, func(at int64, step int) {
			x.WriteFrame(at, 8000, tone(step))
			time.Sleep(20 * time.Millisecond)
			if step%50 != 49 || step < 100 {
				return
			}
			synctest.Wait()
			b, err := os.ReadFile(filepath.Join(m.rec.Dir(), "xaver-1.opus.part"))
			if err != nil {
				t.Fatal(err)
			}
			_, s := readOgg(t, b)
			if behind := at - base - s.length(); behind > 2*clockRate {
				t.Errorf("at %d the file is %d samples behind, want less than 2 s", at, behind)
			}
		})
		man, err := ReadManifest(m.rec.Dir())
		if err != nil {
			t.Fatal(err)
		}
		if man.Ended != nil || len(man.Tracks[1].Segments) != 1 {
			t.Errorf("the manifest of a running recording: %+v", man)
		}
		t.Log("# Xaver stops talking: his last words reach the file without him")
		m.rec.WriteMixed(m.at, 8000, tone(0))
		time.Sleep(3 * time.Second)
		m.rec.WriteMixed(m.at+3*clockRate, 8000, tone(0))
		time.Sleep(3 * time.Second)
		synctest.Wait()
		b, err := os.ReadFile(filepath.Join(m.rec.Dir(), "xaver-1.opus.part"))
		if err != nil {
			t.Fatal(err)
		}
		if _, s := readOgg(t, b); s.length() < m.at-base {
			t.Errorf("%d samples of %d are in the file", s.length(), m.at-base)
		}
		m.ends("done")
	})
}

func TestStartRefuses(t *testing.T) {
	for _, row := range []struct {
		cfg  Config
		want error
	}{
		{Config{ConferenceID: "../x"}, ErrConferenceID},
		{Config{ConferenceID: ""}, ErrConferenceID},
		{Config{ConferenceID: "a/b"}, ErrConferenceID},
		{Config{ConferenceID: "ok", Format: "mp3"}, ErrFormat},
	} {
		row.cfg.Dir = t.TempDir()
		if _, err := Start(row.cfg); !errors.Is(err, row.want) {
			t.Errorf("Start(%q, %q): %v, want %v", row.cfg.ConferenceID, row.cfg.Format, err, row.want)
		}
	}
}

func TestTwoRecordingsInOneSecond(t *testing.T) {
	root := t.TempDir()
	seen := map[string]bool{}
	for range 3 {
		m := newMeeting(t, func(c *Config) { c.Dir = root })
		seen[filepath.Base(m.rec.Dir())] = true
		m.ends("done")
	}
	if !seen["20260304T150405Z"] || !seen["20260304T150405Z-2"] || len(seen) != 3 {
		t.Errorf("folders %v", seen)
	}
}

func TestSlug(t *testing.T) {
	for in, want := range map[string]string{
		"Alice": "alice", "../../etc/passwd": "etc-passwd", "": "participant", "日本": "participant", "a\x00b": "a-b", "CON": "con",
		"-- x --": "x", strings.Repeat("ab", 100): strings.Repeat("ab", maxSlug/2), "Mixed": "mixed",
	} {
		if got := slug(in); got != want {
			t.Errorf("slug(%q) = %q, want %q", in, got, want)
		}
	}
}
