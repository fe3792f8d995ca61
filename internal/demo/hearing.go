package demo

import (
	"math"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/pcm"
)

// Hearing is what one caller heard of the other.
type Hearing struct {
	Listener string `json:"listener"`
	Talker   string `json:"talker"`
	Together bool   `json:"together"` // both spoke at once

	// Alike is how well the loudness of what was heard follows that of what was said: 1 is exactly. Speech is as good as a
	// fingerprint: another voice is at 0.2 over eight seconds and 0.5 over three, silence and noise at 0.
	Alike   float64 `json:"alike"`
	DelayMS int64   `json:"delayMs"` // from mouth to ear, to 20 ms
	Echo    bool    `json:"echo"`    // the talker heard himself
	Heard   bool    `json:"heard"`   // the listener heard the talker, and the talker did not hear himself
}

const (
	alike    = 0.7                    // of Alike: that was the voice
	maxDelay = 600 * time.Millisecond // from mouth to ear
	floorDB  = -55                    // dBov: what is below is as good as silence
	blur     = 3                      // steps to both sides that levels are averaged over
)

// envelope is how loud a clip is in each 20 ms, in dBov.
func envelope(samples []int16, rate int) (levels []int8) {
	for n := rate / 50; len(samples) >= n; samples = samples[n:] {
		levels = append(levels, int8(pcm.LevelOf(samples[:n])))
	}
	return levels
}

// judge looks for what was said in what was heard.
func judge(said, heard []int8) Hearing {
	said, heard = smooth(said), smooth(heard)
	h := Hearing{}
	for delay := range int(maxDelay / step) {
		if c := likeness(said, heard[min(delay, len(heard)):]); c > h.Alike {
			h.Alike, h.DelayMS = c, int64(delay)*step.Milliseconds()
		}
	}
	h.Alike = math.Round(h.Alike*1000) / 1000
	h.Heard = h.Alike >= alike
	return h
}

// smooth averages levels over 140 ms. A jitter buffer that adapts moves speech by some 20 ms while it goes on; at the grain of single
// steps the same voice would hardly be recognised.
func smooth(levels []int8) []int8 {
	out := make([]int8, len(levels))
	for i := range levels {
		near := levels[max(0, i-blur):min(len(levels), i+blur+1)]
		sum := 0
		for _, l := range near {
			sum += max(int(l), floorDB)
		}
		out[i] = int8(sum / len(near))
	}
	return out
}

// likeness is Pearson's correlation of two series, as long as the first; what is missing of the second is silence.
func likeness(a, b []int8) float64 {
	at := func(s []int8, i int) float64 {
		if i >= len(s) {
			return floorDB
		}
		return max(float64(s[i]), floorDB)
	}
	var sumA, sumB, sumAA, sumBB, sumAB float64
	for i := range a {
		x, y := at(a, i), at(b, i)
		sumA, sumB = sumA+x, sumB+y
		sumAA, sumBB, sumAB = sumAA+x*x, sumBB+y*y, sumAB+x*y
	}
	n := float64(len(a))
	spread := (n*sumAA - sumA*sumA) * (n*sumBB - sumB*sumB)
	if spread <= 0 {
		return 0
	}
	return (n*sumAB - sumA*sumB) / math.Sqrt(spread)
}
