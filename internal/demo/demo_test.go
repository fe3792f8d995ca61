package demo

import (
	"bytes"
	"context"
	"errors"
	"image/png"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func inWorld(t *testing.T, story func(t *testing.T, s *server)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		synctest.Wait()
		story(t, s)
		s.close()
	})
}

func TestDemo(t *testing.T) {
	inWorld(t, func(t *testing.T, s *server) {
		var out bytes.Buffer
		show := &Terminal{Out: &out} // no terminal: plain lines, no colours
		config := s.config()
		config.Show = show
		began := time.Now()
		r, err := Run(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took > 30*time.Second {
			t.Errorf("took %v; people wait half a minute at most", took)
		}
		show.Report(r)
		t.Log("\n" + out.String())

		if !r.Heard || len(r.Hearings) != 4 {
			t.Errorf("hearings %+v, want four good ones", r.Hearings)
		}
		for _, c := range r.Callers {
			if c.Sent < 500 || c.Received < 500 || c.Lost > 0 {
				t.Errorf("line %+v", c)
			}
		}
		if r.Recording == nil || len(r.Recording.Files) != 3 {
			t.Fatalf("recording %+v, want a mix and two voices", r.Recording)
		}
		for i, track := range []string{"mixed", "Alice", "Bob"} {
			if f := r.Recording.Files[i]; f.Track != track || f.Seconds < 10 || f.Bytes == 0 {
				t.Errorf("file %+v, want the track %q", f, track)
			}
		}
		picture, err := os.Open(r.Recording.Picture)
		if err != nil {
			t.Fatal(err)
		}
		defer picture.Close()
		if _, err := png.Decode(picture); err != nil {
			t.Error(err)
		}
		for _, want := range []string{"Conference " + r.Conference.ID, "✓ Bob heard Alice", "✓ Alice heard Bob while speaking too", r.Recording.Picture} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("the terminal does not say %q", want)
			}
		}
		if len(s.ended) != 1 {
			t.Errorf("ended %q, want the one conference", s.ended)
		}
	})
}

func TestADeafLineIsFound(t *testing.T) {
	inWorld(t, func(t *testing.T, s *server) {
		s.media.Drop = func(from, to netip.AddrPort, _ []byte) bool { // nothing comes back to the callers
			return to.Addr().String() == "192.0.2.50"
		}
		r, err := Run(t.Context(), s.config())
		if err != nil {
			t.Fatal(err)
		}
		if r.Heard {
			t.Errorf("hearings %+v; nothing can have been heard", r.Hearings)
		}
		var out bytes.Buffer
		(&Terminal{Out: &out}).Report(r)
		if !strings.Contains(out.String(), "✗ Bob did not hear Alice") {
			t.Errorf("the terminal says\n%s", out.String())
		}
	})
}

func TestBrokenOff(t *testing.T) {
	inWorld(t, func(t *testing.T, s *server) {
		t.Log("# somebody presses Ctrl-C while Alice speaks")
		ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
		defer cancel()
		began := time.Now()
		if _, err := Run(ctx, s.config()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want that of the context", err)
		}
		if took := time.Since(began); took > 12*time.Second {
			t.Errorf("took %v to end", took)
		}
		if len(s.ended) != 1 {
			t.Error("the conference was not ended")
		}
	})
}

func TestNobodyAnswers(t *testing.T) {
	inWorld(t, func(t *testing.T, s *server) {
		config := s.config()
		config.SIP = "192.0.2.1:5999"
		if _, err := Run(t.Context(), config); !errors.Is(err, ErrNoAnswer) || !strings.Contains(err.Error(), "Alice") {
			t.Errorf("error %v, want that nobody answers Alice", err)
		}
		if len(s.ended) != 1 {
			t.Error("the conference was not ended")
		}
	})
}

func TestMeters(t *testing.T) {
	var out bytes.Buffer
	terminal := &Terminal{Out: &out, Live: true}
	lines := []Levels{{Name: "Alice", Says: -6, Hears: -127}, {Name: "Bob", Says: -127, Hears: -33}}
	terminal.Levels(lines)
	full, empty, half := strings.Repeat("█", 16), strings.Repeat("·", 16), strings.Repeat("█", 8)+strings.Repeat("·", 8)
	want := "\r\x1b[2K       Alice  says " + full + "   -6 dB   hears " + empty + "  -60 dB\n" +
		"\r\x1b[2K       Bob    says " + empty + "  -60 dB   hears " + half + "  -33 dB\n"
	if out.String() != want {
		t.Errorf("meters\n%q, want\n%q", out.String(), want)
	}
	for _, line := range strings.Split(strings.TrimSuffix(strings.ReplaceAll(want, "\r\x1b[2K", ""), "\n"), "\n") {
		if n := len([]rune(line)); n > Width {
			t.Errorf("%d columns, want %d at most", n, Width)
		}
	}
	out.Reset()
	terminal.Levels([]Levels{{Name: "Alice", Says: -127, Hears: -127}})
	if !strings.HasPrefix(out.String(), "\x1b[2A") || !strings.Contains(out.String(), "-10 dB") {
		t.Errorf("then %q, want it in the same place, and falling by 4 dB", out.String())
	}
	out.Reset()
	terminal.Step("Bob answers")
	if want := "\x1b[1A\r\x1b[J  0.0s Bob answers\n"; out.String() != want {
		t.Errorf("the next step is %q, want %q", out.String(), want)
	}
}

func TestLikeness(t *testing.T) {
	alice, err := newCaller("Alice")
	if err != nil {
		t.Fatal(err)
	}
	bob, err := newCaller("Bob")
	if err != nil {
		t.Fatal(err)
	}
	said := envelope(alice.speech, alice.rate)
	late := append(make([]int8, 7), said...)
	for i := range late[:7] {
		late[i] = -127
	}
	if h := judge(said, late); !h.Heard || h.DelayMS != 140 || h.Alike < 0.99 {
		t.Errorf("itself 140 ms later: %+v", h)
	}
	adapted := slices.Concat(said[:100], bytesOf(-127, 4), said[100:250], said[252:]) // 80 ms more delay, then 40 ms less
	if h := judge(said, adapted); !h.Heard || h.Alike < 0.9 {
		t.Errorf("itself with a delay that changes: %+v", h)
	}
	for name, heard := range map[string][]int8{
		"another voice": envelope(bob.speech, bob.rate), "nothing": nil, "noise": bytesOf(-40, len(said)), "silence": bytesOf(-127, len(said)),
	} {
		if h := judge(said, heard); h.Heard {
			t.Errorf("%s is taken for the voice: %+v", name, h)
		}
	}
}

func bytesOf(level int8, n int) []int8 {
	s := make([]int8, n)
	for i := range s {
		s[i] = level
	}
	return s
}
