package badnet

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// babble is noise whose loudness and colour change ten times a second, so that every moment of it is like no other.
func babble(rate int, length time.Duration) Sound {
	rng := rand.New(rand.NewPCG(1, 2))
	s := Sound{Rate: rate, Samples: make([]int16, int(length.Seconds()*float64(rate)))}
	hz, level := 0.0, 0.0
	for i := range s.Samples {
		if i%(rate/10) == 0 {
			hz, level = 200+2000*rng.Float64(), 1000+8000*rng.Float64()
		}
		s.Samples[i] = int16(level * (math.Sin(2*math.Pi*hz*float64(i)/float64(rate)) + 0.1*rng.Float64()))
	}
	return s
}

func TestTheSameSoundIsNoDistanceAway(t *testing.T) {
	for _, rate := range []int{8000, 16000} {
		s := babble(rate, 3*time.Second)
		if c := Compare(s, s); c.Distance != 0 || c.Settled(0) != 0 || c.Delay(0, time.Minute) != 0 {
			t.Errorf("%d Hz: %v dB, settled %v", rate, c.Distance, c.Settled(0))
		}
	}
}

func TestALaterSoundIsNoDistanceAway(t *testing.T) {
	s := babble(16000, 6*time.Second)
	later := Sound{16000, append(append([]int16{}, s.Samples[:32000]...), s.Samples[32000-640:]...)} // 40 ms are heard twice
	c := Compare(s, later)
	if c.Delay(0, 1900*ms) != 0 || c.Delay(2100*ms, 5900*ms) != 40*ms || c.Distance > 0.3 {
		t.Errorf("%v, then %v, %.2f dB", c.Delay(0, 1900*ms), c.Delay(2100*ms, 5900*ms), c.Distance)
	}
	if since := c.Settled(20 * ms); since < 5900*ms {
		t.Errorf("settled after %v, want never", since)
	}
}

// Silence is far away, a softer sound is as far as it is softer.
func TestDistanceIsInDecibels(t *testing.T) {
	s := babble(8000, 3*time.Second)
	half := Sound{8000, make([]int16, len(s.Samples))}
	silence := Sound{8000, make([]int16, len(s.Samples))}
	for i, x := range s.Samples {
		half.Samples[i] = x / 2
	}
	if d := Compare(s, half).Distance; math.Abs(d-6.02) > 0.1 {
		t.Errorf("half as loud: %.2f dB", d)
	}
	if d := Compare(s, silence).Distance; d < 30 || d > dynamicRange {
		t.Errorf("silence: %.2f dB", d)
	}
	gap := Sound{8000, append([]int16{}, s.Samples...)}
	clear(gap.Samples[8000 : 8000+160])
	if d := Compare(s, gap).Distance * 600; d < 3*30 || d > 5*dynamicRange {
		t.Errorf("a gap of 20 ms costs %.0f dB of one frame", d)
	}
}
