package pcm

import "testing"

func TestNothingAllocates(t *testing.T) {
	var (
		frame, out = sine(8000, 300, 9000, 160), make([]int16, 0, 960)
		sum, l     = make([]int32, 160), Limiter{}
		r, c, d, n = NewResampler(8000, 48000), NewConcealment(8000), NewDetector(), NewNoise(1)
	)
	for name, f := range map[string]func(){
		"LevelOf":   func() { LevelOf(frame) },
		"Detector":  func() { d.Voice(-30) },
		"Resampler": func() { r.Process(out, frame) },
		"Good":      func() { c.Good(frame) },
		"Conceal":   func() { c.Conceal(frame); c.Good(frame) },
		"Noise":     func() { n.Fill(frame, -60) },
		"Limiter":   func() { AddTo(sum, frame); l.Process(frame, sum) },
		"Subtract":  func() { Subtract(sum, sum, frame) },
		"Ramp":      func() { Ramp(frame, 0, 1) },
		"CrossFade": func() { CrossFade(frame, frame) },
	} {
		if got := testing.AllocsPerRun(100, f); got != 0 {
			t.Errorf("%s: %v allocations", name, got)
		}
	}
}

func BenchmarkLevelOf(b *testing.B) {
	frame := sine(16000, 300, 9000, 320)
	for b.Loop() {
		LevelOf(frame)
	}
}

func BenchmarkLimiter(b *testing.B) {
	frame, sum, l := make([]int16, 960), make([]int32, 960), Limiter{}
	AddTo(sum, sine(48000, 300, 9000, 960))
	for b.Loop() {
		l.Process(frame, sum)
	}
}
