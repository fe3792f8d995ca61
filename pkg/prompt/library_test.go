package prompt

import (
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/seed-f3cefc8c/focus/pkg/pcm"
)

func load(t *testing.T, dir string) *Library {
	t.Helper()
	l, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestScriptAndFilesAgree: each line of the script was spoken, and nothing else was; `make prompts` keeps it so.
func TestScriptAndFilesAgree(t *testing.T) {
	var written []string
	for line := range strings.Lines(script) {
		if fields := strings.Fields(line); len(fields) > 0 && fields[0] != "#" {
			written = append(written, fields[1]+"/"+fields[0]+".wav")
		}
	}
	spoken, err := fs.Glob(ours, "*/*.wav")
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(written)
	if !slices.Equal(written, spoken) {
		t.Errorf("script.txt has\n%v\nspoken are\n%v", written, spoken)
	}
}

func TestEveryPromptIsSpeech(t *testing.T) {
	l := load(t, "")
	names := []string{PINEnter, PINWrong, PINLast, Joining, Alone, RecordingStarted, RecordingPaused, RecordingStopped, ConferenceLocked,
		ConferenceEnded, Lobby, NotFound, Muted, Unmuted, ConferenceUnlocked, Participants, HandRaised, HandLowered, AllMuted, AllUnmuted,
		AllAdmitted, NotPermitted, Failed, HelpMute, HelpCount, HelpHand, HelpLock, HelpMuteAll, HelpAdmit, HelpRecord}
	names = append(names, Keys("0123456789*#")...)
	for n := 10; n <= 20; n++ {
		names = append(names, Number(n)...)
	}
	for _, language := range []string{"en", "es"} {
		for _, name := range names {
			samples := l.PCM(language, name, 16000)
			if seconds := float64(len(samples)) / 16000; seconds < 0.3 || seconds > 6 {
				t.Errorf("%s/%s is %.1f s long", language, name, seconds)
			}
			if level := pcm.LevelOf(samples); level < -35 || level > -10 {
				t.Errorf("%s/%s is at %d dBov", language, name, level)
			}
		}
	}
	if len(l.clips) != 2*len(names) {
		t.Errorf("%d prompts, %d names in 2 languages: is a name missing from names.go?", len(l.clips), len(names))
	}
}

func TestRates(t *testing.T) {
	l := load(t, "")
	const name = RecordingStarted
	original := l.PCM("en", name, 16000)
	for _, rate := range []int{8000, 24000, 48000} {
		got := l.PCM("en", name, rate)
		want := float64(len(original)) * float64(rate) / 16000
		if extra := float64(len(got)) - want; extra < 0 || extra > float64(rate)/100 {
			t.Errorf("%d Hz: %d samples, want %.0f and less than 10 ms more", rate, len(got), want)
		}
		if a, b := pcm.LevelOf(original), pcm.LevelOf(got); math.Abs(float64(a-b)) > 2 {
			t.Errorf("%d Hz: %d dBov, the original is at %d", rate, b, a)
		}
		if again := l.PCM("en", name, rate); &again[0] != &got[0] {
			t.Errorf("%d Hz: resampled twice", rate)
		}
	}
	for _, rate := range []int{0, -1, 16001, 1 << 30} {
		if l.PCM("en", name, rate) != nil {
			t.Errorf("%d Hz: got sound", rate)
		}
	}
}

func TestCacheIsBounded(t *testing.T) {
	l := load(t, "")
	l.limit = 100_000 // some three seconds at 32 kHz
	for _, name := range append(Digits("0123456789"), Muted, Unmuted) {
		l.PCM("en", name, 32000)
		held := 0
		for _, samples := range l.cache {
			held += len(samples)
		}
		if held != l.cached || held > l.limit {
			t.Fatalf("%d samples held, %d counted, want at most %d", held, l.cached, l.limit)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	l := load(t, "")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for _, rate := range []int{8000, 16000, 48000} {
				if l.PCM("es", Alone, rate) == nil {
					t.Error("no sound")
				}
			}
		})
	}
	wg.Wait()
}

func TestLanguages(t *testing.T) {
	l := load(t, "")
	english, spanish := l.PCM("en", Muted, 16000), l.PCM("es", Muted, 16000)
	for _, row := range []struct {
		language string
		want     []int16
	}{
		{"en", english}, {"es", spanish}, {"ES", spanish}, {"es-MX", spanish}, {"en-GB", english}, {"fr", english}, {"", english}, {"../es", english},
	} {
		if got := l.PCM(row.language, Muted, 16000); &got[0] != &row.want[0] {
			t.Errorf("%q: not the language wanted", row.language)
		}
	}
	if l.Has("en", "nonsense") || l.PCM("en", "nonsense", 16000) != nil || !l.Has("fr", Muted) {
		t.Error("a prompt that is not there was found, or the other way round")
	}
}

func TestOperatorsFolder(t *testing.T) {
	dir := t.TempDir()
	write(t, wav(1, 1, 8000, 16, make([]byte, 1600)), dir, "en", "muted.wav")
	write(t, wav(1, 1, 16000, 16, make([]byte, 800)), dir, "de", "muted.wav")
	write(t, []byte("how it was made"), dir, "de", "README")
	l := load(t, dir)
	if got := len(l.PCM("en", Muted, 8000)); got != 800 {
		t.Errorf("the replaced prompt has %d samples, want 800", got)
	}
	if got := len(l.PCM("de-AT", Muted, 16000)); got != 400 {
		t.Errorf("the German prompt has %d samples, want 400", got)
	}
	if a, b := l.PCM("de", Unmuted, 16000), l.PCM("en", Unmuted, 16000); &a[0] != &b[0] {
		t.Error("what is missing in German is not said in English")
	}
}

func TestOperatorsMistakes(t *testing.T) {
	for _, row := range []struct {
		name, file string
		content    []byte
		want       string
	}{
		{"a name that is not ours", "pin-entr.wav", wav(1, 1, 8000, 16, make([]byte, 16)), "en/pin-entr.wav: no prompt has that name"},
		{"another format", "muted.wav", []byte("OggS and so on"), "en/muted.wav: not a WAV file"},
		{"a symphony", "muted.wav", make([]byte, maxFile+1), "en/muted.wav: longer than 60 s"},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, row.content, dir, "en", row.file)
			if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("err = %v, want %q", err, row.want)
			}
		})
	}
	if _, err := Load(filepath.Join(t.TempDir(), "missing")); err == nil {
		t.Error("a folder that is not there was loaded")
	}
}

func write(t *testing.T, content []byte, path ...string) {
	t.Helper()
	file := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestDigitNames(t *testing.T) {
	if got := strings.Join(Digits("4 7-1"), " "); got != "digit-4 digit-7 digit-1" {
		t.Errorf("Digits = %q", got)
	}
}

func TestNumbers(t *testing.T) {
	for n, want := range map[int]string{0: "digit-0", 1: "digit-1", 9: "digit-9", 10: "number-10", 20: "number-20", 21: "digit-2 digit-1", 1000: "digit-1 digit-0 digit-0 digit-0"} {
		if got := strings.Join(Number(n), " "); got != want {
			t.Errorf("%d is said %q, want %q", n, got, want)
		}
	}
}
