package waveform

import (
	"bytes"
	"image/color"
	"image/png"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/pcm"
)

// middle is where the sound of a lane is drawn, in pixels.
func (p *Picture) middle(lane int) int { return p.room(lane).Min.Y + laneHeight/2 }

func TestSoundIsDrawnWhereItIs(t *testing.T) {
	alice := NewLane("Alice", "alice-1.opus", Inks[1], 10*time.Second)
	bob := NewLane("Bob", "", Inks[2], 10*time.Second)
	alice.Add(2*time.Second, 8000, pcm.Tone(8000, 400, time.Second, -9))
	bob.Add(9500*time.Millisecond, 48000, pcm.Tone(48000, 400, time.Second, -9)) // half of it is beyond the end
	bob.Add(-time.Second, 8000, pcm.Tone(8000, 400, time.Second, -9))            // all of it is before the beginning
	p := &Picture{Title: "two voices, żółw", Length: 10 * time.Second, Lanes: []*Lane{alice, bob}}

	var file bytes.Buffer
	if err := p.WritePNG(&file); err != nil {
		t.Fatal(err)
	}
	drawn, err := png.Decode(&file)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		lane int
		at   time.Duration
		loud bool
	}{{0, time.Second, false}, {0, 2500 * time.Millisecond, true}, {0, 3500 * time.Millisecond, false}, {1, 500 * time.Millisecond, false}, {1, 9800 * time.Millisecond, true}} {
		x := p.room(row.lane).Min.X + int(row.at*columns/p.Length)
		got := color.RGBAModel.Convert(drawn.At(x, p.middle(row.lane)-20)).(color.RGBA)
		if loud := got == p.Lanes[row.lane].Color; loud != row.loud {
			t.Errorf("%s at %v is drawn %v, want sound there: %v", p.Lanes[row.lane].Name, row.at, got, row.loud)
		}
	}
}

func TestQuietPicturesAreEnlargedTogether(t *testing.T) {
	loud, quiet := NewLane("", "", Inks[1], time.Second), NewLane("", "", Inks[2], time.Second)
	loud.Add(0, 8000, []int16{16000})
	quiet.Add(0, 8000, []int16{-100})
	for _, row := range []struct {
		lanes []*Lane
		want  float64
	}{{nil, maxGain}, {[]*Lane{quiet}, maxGain}, {[]*Lane{quiet, loud}, 2}} {
		if got := (&Picture{Lanes: row.lanes}).gain(); got != row.want {
			t.Errorf("gain %v, want %v", got, row.want)
		}
	}
}

func TestMarksAreRound(t *testing.T) {
	for length, want := range map[time.Duration]time.Duration{
		0: time.Second, 10 * time.Second: time.Second, 25 * time.Second: 2 * time.Second, time.Hour: 5 * time.Minute, 30 * time.Hour: 2 * time.Hour,
	} {
		if got := tick(length); got != want {
			t.Errorf("marks of %v are %v apart, want %v", length, got, want)
		}
	}
	if got := clock(65 * time.Second); got != "1:05" {
		t.Errorf("65 s are %q", got)
	}
}

func TestEveryCharacterOfASCIIHasAGlyph(t *testing.T) {
	if want := '~' - ' ' + 1; len(glyphs) != int(want) {
		t.Fatalf("%d glyphs, want %d", len(glyphs), want)
	}
	seen := map[[glyphWidth]byte]rune{}
	for r := ' '; r <= '~'; r++ {
		if other, ok := seen[glyphOf(r)]; ok {
			t.Errorf("%q looks like %q", r, other)
		}
		seen[glyphOf(r)] = r
	}
	if glyphOf('ż') != box {
		t.Error("what is not in the font should be a box")
	}
	if got := clip(1, 10*advance, "a name that is too long"); got != "a name th~" {
		t.Errorf("clipped to %q", got)
	}
}
