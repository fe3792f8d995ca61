package pcm

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func sumOf(frames ...[]int16) []int32 {
	sum := make([]int32, len(frames[0]))
	for _, frame := range frames {
		AddTo(sum, frame)
	}
	return sum
}

// limit runs a whole signal through a limiter in frames of 20 ms.
func limit(l *Limiter, rate int, sum []int32) []int16 {
	out := make([]int16, len(sum))
	for at := 0; at < len(sum); at += rate / 50 {
		l.Process(out[at:min(at+rate/50, len(sum))], sum[at:min(at+rate/50, len(sum))])
	}
	return out
}

func TestLimiterLeavesQuietSumsAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sum := rapid.SliceOfN(rapid.Int32Range(-limiterCeiling, limiterCeiling), 1, 960).Draw(t, "sum")
		var l Limiter
		out := make([]int16, len(sum))
		l.Process(out, sum)
		for i, x := range sum {
			if int32(out[i]) != x {
				t.Fatalf("sample %d: %d became %d", i, x, out[i])
			}
		}
	})
}

func TestLimiterNeverWraps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l Limiter
		for range 5 {
			sum := rapid.SliceOfN(rapid.Int32(), 1, 320).Draw(t, "sum")
			out := make([]int16, len(sum))
			l.Process(out, sum)
			for i, x := range sum {
				if (x > 0 && out[i] < 0) || (x < 0 && out[i] > 0) {
					t.Fatalf("sample %d: %d became %d", i, x, out[i])
				}
			}
		}
	})
}

func TestTenTalkersAreLimitedNotClipped(t *testing.T) {
	const rate = 16000
	var frames [][]int16
	for talker := range 10 {
		frames = append(frames, sine(rate, 300+170*float64(talker), 8000, rate))
	}
	var l Limiter
	out := limit(&l, rate, sumOf(frames...))
	flat := 0
	for i := 1; i < len(out); i++ {
		if out[i] == out[i-1] && math.Abs(float64(out[i])) > 32000 {
			flat++
		}
	}
	if flat > 0 {
		t.Errorf("%d samples lie flat at the ceiling", flat)
	}
	for talker := range 10 {
		tone, _ := fit(out[rate/2:], rate, 300+170*float64(talker))
		if gain := dB(tone / (8000 * 8000 / 2)); gain < -14 || gain > 0 {
			t.Errorf("talker %d is at %.1f dB", talker, gain)
		}
	}
}

func TestLimiterRecoversWithoutAStep(t *testing.T) {
	const rate = 8000
	loud, quiet := sine(rate, 400, 30000, rate/4), sine(rate, 400, 3000, rate)
	sum := sumOf(append(append([]int16{}, loud...), quiet...))
	for i := range loud {
		sum[i] *= 2
	}
	var l Limiter
	out := limit(&l, rate, sum)
	own := largestStep(quiet)
	if got := largestStep(out[len(loud)+1:]); got > own+1 {
		t.Errorf("step of %d while recovering, the tone's own is %d", got, own)
	}
	for i := len(loud) + rate/5; i < len(out); i++ {
		if int32(out[i]) != sum[i] {
			t.Fatalf("gain is not back at 1 after 200 ms (sample %d: %d, want %d)", i, out[i], sum[i])
		}
	}
	if l.Active() {
		t.Error("still active")
	}
}
