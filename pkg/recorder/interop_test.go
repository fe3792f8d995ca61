//go:build interop

package recorder

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// story is a recording with long silences, an encoded voice, a received one and the mix; it returns its folder and its length.
func story(t *testing.T, format string) (dir string, length int64) {
	t.Helper()
	m := newMeeting(t, func(c *Config) { c.Format = format })
	x, y := m.rec.Track(Participant{ID: "x"}), m.rec.Track(Participant{ID: "y"})
	low, full := voice(8000, 440, time.Second), voice(48000, 440, time.Second)
	base := m.at
	enc, err := (&encoders{}).take(48000)
	if err != nil {
		t.Fatal(err)
	}
	defer enc.Close()
	for _, second := range []int64{0, 7, 130} {
		m.at = base + second*clockRate
		m.runs(time.Second, func(at int64, step int) {
			x.WriteFrame(at, 8000, low(step))
			p, err := enc.Encode(nil, full(step))
			if err != nil {
				t.Fatal(err)
			}
			y.WritePacket(at, frame20, p)
			m.rec.WriteMixed(at, 48000, full(step))
		})
	}
	m.ends("done")
	return m.rec.Dir(), 131 * clockRate
}

func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("%s is not installed", name)
	}
	var out bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		t.Errorf("%s %v: %v\n%s", name, args, err, &out)
	}
	return out.String()
}

func TestFFProbeKnowsTheLength(t *testing.T) {
	for _, format := range []string{FormatOpus, FormatWAV} {
		dir, length := story(t, format)
		for _, name := range []string{"mixed", "x-1", "y-1"} {
			out := tool(t, "ffprobe", "-v", "warning", "-show_entries", "format=duration", "-of", "json", filepath.Join(dir, name+"."+format))
			var probe struct{ Format struct{ Duration string } }
			if err := json.Unmarshal([]byte(out), &probe); err != nil {
				t.Fatalf("ffprobe says %s", out)
			}
			// ffprobe counts the pre-skip in: 6.5 ms at most.
			seconds, err := strconv.ParseFloat(probe.Format.Duration, 64)
			if want := float64(length) / clockRate; err != nil || math.Abs(seconds-want) > 0.007 {
				t.Errorf("%s.%s: %v s, want %v", name, format, seconds, want)
			}
		}
	}
}

func TestOpusInfoHasNothingToSay(t *testing.T) {
	dir, _ := story(t, FormatOpus)
	for _, name := range []string{"mixed", "x-1", "y-1"} {
		out := tool(t, "opusinfo", filepath.Join(dir, name+".opus"))
		if strings.Contains(strings.ToLower(out), "warning") || !strings.Contains(out, "Playback length: 2m:11.000s") {
			t.Errorf("%s: %s", name, out)
		}
	}
}

// Two independent decoders hear each voice within 10 ms of where it was, silence between, and exactly the length.
func TestOthersDecodeInStep(t *testing.T) {
	dir, length := story(t, FormatOpus)
	for _, name := range []string{"mixed", "x-1", "y-1"} {
		in := filepath.Join(dir, name+".opus")
		for player, args := range map[string][]string{
			"opusdec": {"--quiet", "--force-wav", "--rate", "48000", "--no-dither"},
			"ffmpeg":  {"-v", "error", "-y", "-c:a", "libopus", "-i"},
			"native":  {"-v", "error", "-y", "-c:a", "opus", "-i"},
		} {
			out := filepath.Join(dir, name+"."+player+".raw")
			if player == "opusdec" {
				tool(t, "opusdec", "--quiet", "--rate", "48000", "--no-dither", in, out)
			} else {
				tool(t, "ffmpeg", append(args, in, "-ac", "1", "-ar", "48000", "-f", "s16le", out)...)
			}
			audio := readRaw(t, out)
			if player == "opusdec" && name == "y-1" {
				audio = left(audio)
			}
			if int64(len(audio)) != length {
				t.Errorf("%s by %s: %d samples, want %d", name, player, len(audio), length)
				continue
			}
			for _, second := range []int{0, 7, 130} {
				from := max(0, second*clockRate-clockRate/2)
				at := from + onset(audio[from:], 300) - second*clockRate
				if at < -48 || at > 480 {
					t.Errorf("%s by %s: the voice at %d s begins %d samples late", name, player, second, at)
				}
			}
			if l := loudness(audio[2*clockRate : 6*clockRate]); l > -85 {
				t.Errorf("%s by %s: the silence has %.0f dB", name, player, l)
			}
		}
	}
}

// A recorder that is killed in its fifth second: what was said up to two seconds before still plays.
func TestKill9(t *testing.T) {
	const child = "FOCUS_TEST_RECORD_INTO"
	if root := os.Getenv(child); root != "" {
		recordForever(t, root)
		return
	}
	root := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run", "^TestKill9$")
	cmd.Env = append(os.Environ(), child+"="+root)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(5 * time.Second)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed, as it should be
	done, err := Repair(root, time.Now())
	if err != nil || len(done) != 1 || len(done[0].Files) != 2 {
		t.Fatalf("Repair: %+v, %v", done, err)
	}
	for _, name := range done[0].Files {
		name = filepath.Join(done[0].Dir, name)
		audio := decodeOpus(t, name)
		t.Logf("%s plays %.2f s of 5", filepath.Base(name), float64(len(audio))/clockRate)
		if len(audio) < 3*clockRate-clockRate/2 { // half a second for the child to start
			t.Errorf("%s plays %.2f s of 5", name, float64(len(audio))/clockRate)
		}
		tool(t, "opusinfo", name)
	}
}

// recordForever records a tone in real time until the process dies.
func recordForever(t *testing.T, root string) {
	rec, err := Start(Config{Dir: root, ConferenceID: "4711", Started: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	x, tone := rec.Track(Participant{ID: "x"}), voice(8000, 440, time.Second)
	clock := time.NewTicker(20 * time.Millisecond)
	for at := int64(0); ; at += frame20 {
		<-clock.C
		x.WriteFrame(at, 8000, tone(int(at/frame20%50)))
		rec.WriteMixed(at, 8000, tone(int(at/frame20%50)))
	}
}

func readRaw(t *testing.T, name string) []int16 {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]int16, len(b)/2)
	for i := range out {
		out[i] = int16(uint16(b[2*i]) | uint16(b[2*i+1])<<8)
	}
	return out
}

func left(stereo []int16) []int16 {
	out := make([]int16, len(stereo)/2)
	for i := range out {
		out[i] = stereo[2*i]
	}
	return out
}
