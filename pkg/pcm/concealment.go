package pcm

import "math"

// Concealment fills lost frames with the waveform that was there before, repeated at its pitch: the idea of ITU-T G.711 Appendix I,
// "A high quality low-complexity algorithm for packet loss concealment", at any sample rate and without its 3.75 ms of delay.
//
//	Good, Good, Conceal          find the pitch, make one period that joins with itself, continue with it
//	      Conceal, Conceal       go on; after 10 ms fade, after 100 ms there is silence
//	      Good                   overlap-add from the continued period into the real sound
type Concealment struct {
	rate    int
	history []int16 // the last 50 ms that were played
	period  []int16 // one period of pitch, its end bent to meet its start; backed by room for the longest
	at      int     // where in the period the next sample is
	lost    int     // samples filled since the last good frame
	step    float32 // what is left of the step between the last real sample and the period
	ramp    int     // samples over which step goes away
}

const (
	shortestPitch = 200 // divides the rate: 5 ms, a voice of 200 Hz; higher voices are found at a multiple
	longestPitch  = 66  // 15 ms, a voice of 66 Hz
	voicedPeak    = 0.5 // normalised correlation; below it there is no pitch
	holdTime      = 100 // divides the rate: full volume for 10 ms
	fadeTime      = 10  // divides the rate: silence 100 ms after the loss began
)

// NewConcealment returns the concealment of one decoder whose samples come rate times a second.
func NewConcealment(rate int) *Concealment {
	longest := rate / longestPitch
	return &Concealment{rate: rate, history: make([]int16, rate/20), period: make([]int16, 0, longest)}
}

// Good takes a frame that arrived. After a loss its beginning is changed in place, to fade from what was made up to what is true.
func (c *Concealment) Good(frame []int16) {
	if c.lost > 0 {
		c.join(frame)
		c.lost = 0
	}
	c.remember(frame)
}

// Conceal fills frame with a continuation of what was heard before.
func (c *Concealment) Conceal(frame []int16) {
	if c.lost == 0 {
		c.findPeriod()
	}
	for i := range frame {
		frame[i] = c.next()
	}
	c.remember(frame)
}

// Reset forgets the past: the next frame belongs to another stream.
func (c *Concealment) Reset() {
	clear(c.history)
	c.lost = 0
}

func (c *Concealment) remember(frame []int16) {
	frame = frame[max(0, len(frame)-len(c.history)):]
	copy(c.history, c.history[len(frame):])
	copy(c.history[len(c.history)-len(frame):], frame)
}

// join overlap-adds: a quarter of a period after a short loss, 4 ms more for each 10 ms that were lost, 10 ms at most.
func (c *Concealment) join(frame []int16) {
	overlap := len(c.period)/4 + c.lost*4/10 - c.rate*4/1000
	overlap = min(max(overlap, len(c.period)/4), c.rate/100, len(frame))
	for i := range overlap {
		weight := float32(i+1) / float32(overlap+1)
		frame[i] = clip(weight*float32(frame[i]) + (1-weight)*float32(c.next()))
	}
}

// next is the next sample of the endless period, fading.
func (c *Concealment) next() int16 {
	gain := c.gain()
	c.lost++
	if gain == 0 || len(c.period) == 0 {
		return 0
	}
	x := float32(c.period[c.at])
	if c.at++; c.at == len(c.period) {
		c.at = 0
	}
	if c.lost <= c.ramp {
		x += c.step * (1 - float32(c.lost)/float32(c.ramp+1))
	}
	return clip(x * gain)
}

func (c *Concealment) gain() float32 {
	hold, end := c.rate/holdTime, c.rate/fadeTime
	if c.lost <= hold {
		return 1
	}
	return max(0, float32(end-c.lost)/float32(end-hold))
}

// findPeriod copies the last period of the history and bends its last quarter towards the samples one period earlier, so that its end
// leads into its start as the original led into it.
func (c *Concealment) findPeriod() {
	h := c.history
	pitch, n := c.pitch(), len(h)
	c.period = append(c.period[:0], h[n-pitch:]...)
	quarter := pitch / 4
	for i := range quarter {
		weight := float32(i+1) / float32(quarter)
		at := pitch - quarter + i
		c.period[at] = clip((1-weight)*float32(c.period[at]) + weight*float32(h[n-2*pitch+at]))
	}
	c.at, c.ramp = 0, quarter
	c.step = float32(h[n-1]) - float32(h[n-1-pitch])
}

// pitch returns the lag at which the history looks most like itself, first on a coarse grid, then to the sample. Noise has none: there the
// longest lag repeats least audibly.
func (c *Concealment) pitch() int {
	shortest, longest := c.rate/shortestPitch, c.rate/longestPitch
	coarse := max(1, c.rate/4000)
	lag, _ := c.bestLag(shortest, longest, coarse, coarse)
	lag, peak := c.bestLag(max(shortest, lag-coarse+1), min(longest, lag+coarse-1), 1, max(1, c.rate/16000))
	if peak < voicedPeak {
		return longest
	}
	return lag
}

// bestLag tries every stride-th lag, on every thin-th sample of the last 20 ms.
func (c *Concealment) bestLag(from, to, stride, thin int) (lag int, peak float64) {
	lag, peak = from, math.Inf(-1)
	for candidate := from; candidate <= to; candidate += stride {
		if r := c.correlation(candidate, thin); r > peak {
			lag, peak = candidate, r
		}
	}
	return lag, peak
}

// correlation of the last 20 ms with what was lag samples before it, normalised by the energies to -1 … 1.
func (c *Concealment) correlation(lag, thin int) float64 {
	n := len(c.history)
	window := c.history[n-c.rate/50:]
	before := c.history[n-c.rate/50-lag:][:len(window)]
	var cross, energy, energyBefore int64
	for i := 0; i < len(window); i += thin {
		x, y := int64(window[i]), int64(before[i])
		cross += x * y
		energy += x * x
		energyBefore += y * y
	}
	if energy == 0 || energyBefore == 0 {
		return 0
	}
	return float64(cross) / math.Sqrt(float64(energy)*float64(energyBefore))
}
