package pcm

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// slowLevel is RFC 6465 appendix A in a line or two.
func slowLevel(frame []int16) int {
	sum := 0.0
	for _, x := range frame {
		sum += math.Pow(float64(x)/32768, 2)
	}
	rms := math.Sqrt(sum / float64(len(frame)))
	if rms == 0 {
		return -127
	}
	return int(math.Round(math.Max(-127, math.Min(0, 20*math.Log10(rms)))))
}

func TestLevelOf(t *testing.T) {
	square := make([]int16, 160)
	for i := range square {
		square[i] = -32768
	}
	for _, tt := range []struct {
		name  string
		frame []int16
		want  int
	}{
		{"nothing", nil, -127},
		{"zeros", make([]int16, 160), -127},
		{"the loudest there is", square, 0},
		{"full-scale sine", sine(8000, 1000, 32767, 160), -3},
		{"one part in ten", sine(16000, 1000, 3276.7, 320), -23},
		{"smallest step", []int16{1, 0, 0, 0}, -96},
	} {
		if got := LevelOf(tt.frame); got != tt.want {
			t.Errorf("%s: %d dBov, want %d", tt.name, got, tt.want)
		}
	}
}

func TestLevelOfIsTheSlowOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		frame := rapid.SliceOfN(rapid.Int16(), 1, 960).Draw(t, "frame")
		if got, want := LevelOf(frame), slowLevel(frame); got != want {
			t.Fatalf("%d, want %d", got, want)
		}
	})
}

func TestToneHasItsLevelAndSoftEdges(t *testing.T) {
	tone := Tone(48000, 440, time.Second, -20)
	if got := LevelOf(tone); got != -20 {
		t.Errorf("level %d, want -20", got)
	}
	inside := largestStep(tone[4800:9600])
	if got := largestStep(append([]int16{0}, append(tone, 0)...)); got > inside {
		t.Errorf("step of %d at an edge, the tone's own is %d", got, inside)
	}
}

func TestNoiseHasItsLevel(t *testing.T) {
	for _, want := range []int{-30, -50, -65, -70} {
		out := make([]int16, 48000)
		NewNoise(7).Fill(out, want)
		if got := LevelOf(out); got < want-1 || got > want+1 {
			t.Errorf("%d dBov, want %d", got, want)
		}
	}
	out := []int16{5, 5}
	if NewNoise(7).Fill(out, Silence); out[0] != 0 || out[1] != 0 {
		t.Errorf("silence is %v", out)
	}
}
