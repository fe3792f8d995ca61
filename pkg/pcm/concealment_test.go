package pcm

import (
	"math"
	"math/rand/v2"
	"testing"
)

// speech is a signal like a voice: pulses of a gliding pitch through three resonances, with syllables, pauses and some hiss.
func speech(rate int, seconds float64) []int16 {
	n := int(float64(rate) * seconds)
	out, phase := make([]float64, n), 0.0
	for i := range out {
		at := float64(i) / float64(rate)
		pitch := 120 + 30*math.Sin(2*math.Pi*0.7*at)
		phase += pitch / float64(rate)
		for k := 1; float64(k)*pitch < 3600; k++ {
			f := float64(k) * pitch
			out[i] += formants(f) * math.Sin(2*math.Pi*float64(k)*phase)
		}
		out[i] *= math.Pow(math.Max(0, math.Sin(2*math.Pi*2*at)), 0.5)
	}
	hiss := make([]int16, n)
	NewNoise(1).Fill(hiss, -55)
	voice := make([]int16, n)
	for i := range out {
		voice[i] = clip(float32(6000*out[i]) + float32(hiss[i]))
	}
	return voice
}

func formants(f float64) float64 {
	shape := 0.0
	for _, peak := range [][2]float64{{600, 80}, {1200, 100}, {2500, 150}} {
		shape += 1 / (1 + math.Pow((f-peak[0])/peak[1], 2))
	}
	return shape
}

// logSpectrum is the power of 20 ms in 32 bands up to half the rate, in dB above a floor of -70 dBov.
func logSpectrum(frame []int16, rate int) (bands [32]float64) {
	for b := range bands {
		hz := (float64(b) + 0.5) * float64(rate) / 64
		tone, _ := fit(frame, rate, hz)
		bands[b] = dB(tone/(1<<30) + 1e-7)
	}
	return bands
}

// distance is the mean log-spectral distance of the frames that were lost, in dB.
func distance(want, got []int16, rate int, lost map[int]bool) float64 {
	size, sum := rate/50, 0.0
	for frame := range lost {
		a, b := logSpectrum(want[frame*size:][:size], rate), logSpectrum(got[frame*size:][:size], rate)
		square := 0.0
		for i := range a {
			square += (a[i] - b[i]) * (a[i] - b[i])
		}
		sum += math.Sqrt(square / float64(len(a)))
	}
	return sum / float64(len(lost))
}

func TestConcealmentHalvesTheDistanceOfSilence(t *testing.T) {
	for _, rate := range []int{8000, 16000} {
		voice, size := speech(rate, 8), rate/50
		lost, random := map[int]bool{}, rand.New(rand.NewPCG(1, 2))
		concealed, zeroed := append([]int16{}, voice...), append([]int16{}, voice...)
		c := NewConcealment(rate)
		for frame := 0; frame < len(voice)/size; frame++ {
			now := concealed[frame*size:][:size]
			if frame < 5 || random.Float64() >= 0.05 {
				c.Good(now)
				continue
			}
			lost[frame] = true
			c.Conceal(now)
			clear(zeroed[frame*size:][:size])
		}
		ours, zeros := distance(voice, concealed, rate, lost), distance(voice, zeroed, rate, lost)
		t.Logf("%d Hz: %d of %d frames lost: %.1f dB concealed, %.1f dB with zeros", rate, len(lost), len(voice)/size, ours, zeros)
		if ours > zeros/2 {
			t.Errorf("%d Hz: log-spectral distance %.1f dB, more than half of %.1f", rate, ours, zeros)
		}
	}
}

func TestConcealmentOfAToneHasNoSeam(t *testing.T) {
	for _, hz := range []float64{100, 211, 440, 1000, 1730} {
		in := sine(8000, hz, 8000, 8000)
		own := largestStep(in)
		c, out := NewConcealment(8000), append([]int16{}, in...)
		for frame := range 50 {
			if frame%10 == 7 {
				c.Conceal(out[frame*160:][:160])
			} else {
				c.Good(out[frame*160:][:160])
			}
		}
		if got := largestStep(out); got > own+own/4 {
			t.Errorf("%.0f Hz: step of %d, the tone's own is %d", hz, got, own)
		}
	}
}

func TestConcealmentFadesToSilence(t *testing.T) {
	c, frame := NewConcealment(8000), make([]int16, 160)
	for i := range 10 {
		copy(frame, sine(8000, 250, 8000, 1600)[i*160:])
		c.Good(frame)
	}
	last := LevelOf(frame)
	for lost := range 10 {
		c.Conceal(frame)
		level := LevelOf(frame)
		if level > last {
			t.Errorf("lost frame %d is louder (%d dBov) than the one before (%d)", lost, level, last)
		}
		if last = level; lost >= 6 && level != Silence {
			t.Errorf("%d dBov after %d ms", level, lost*20+20)
		}
	}
	t.Log("# the stream comes back: it fades in")
	copy(frame, sine(8000, 250, 8000, 160))
	c.Good(frame)
	if got := largestStep(frame); got > 2000 {
		t.Errorf("step of %d", got)
	}
}

func TestConcealmentOfNothing(t *testing.T) {
	c, frame := NewConcealment(16000), make([]int16, 320)
	c.Conceal(frame)
	if LevelOf(frame) != Silence {
		t.Error("silence was not continued by silence")
	}
	c.Conceal(nil)
	c.Good(nil)
	c.Good(make([]int16, 5000))
}

func BenchmarkConceal(b *testing.B) {
	for _, rate := range []int{8000, 16000} {
		b.Run(map[int]string{8000: "8k", 16000: "16k"}[rate], func(b *testing.B) {
			voice, frame, c := speech(rate, 1), make([]int16, rate/50), NewConcealment(rate)
			for b.Loop() {
				c.Good(voice[rate/10:][:rate/50])
				c.Good(voice[rate/10+rate/50:][:rate/50])
				c.Conceal(frame)
			}
		})
	}
}
