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
	// fingerprint: the voice itself is above 0.95, another one below 0.4 over eight seconds and 0.6 over three, silence at 0.
	Alike   float64 `json:"alike"`
	DelayMS int64   `json:"delayMs"` // from mouth to ear, to 20 ms
	Echo    bool    `json:"echo"`    // the talker heard himself
	Heard   bool    `json:"heard"`   // the listener heard the talker, and the talker did not hear himself
}

const (
	alike    = 0.7                    // of Alike: that was the voice
	maxDelay = 600 * time.Millisecond // from mouth to ear
	floorDB  = -55                    // dBov: what is below is as good as silence
	blur     = 2                      // steps to both sides that levels are averaged over
	piece    = 50                     // steps that are laid over what was said as one
	play     = 5                      // steps by which the delay may differ from piece to piece
)

// envelope is how loud a clip is in each 20 ms, in dBov.
func envelope(samples []int16, rate int) (levels []int8) {
	for n := rate / 50; len(samples) >= n; samples = samples[n:] {
		levels = append(levels, int8(pcm.LevelOf(samples[:n])))
	}
	return levels
}

// judge looks for what was said in what was heard: first where all of it fits best, then each second near there, because a jitter
// buffer that adapts moves speech while it goes on.
func judge(said, heard []int8) Hearing {
	said, heard = smooth(said), smooth(heard)
	delay, best := 0, 0.0
	for d := range int(maxDelay / step) {
		if c := likeness(said, from(heard, d)); c > best {
			delay, best = d, c
		}
	}
	h := Hearing{DelayMS: int64(delay) * step.Milliseconds()}
	h.Alike = math.Round(1000*max(0, likeness(said, align(said, heard, delay)))) / 1000
	h.Heard = h.Alike >= alike
	return h
}

// align is what was heard, each second of it moved to where it fits best.
func align(said, heard []int8, delay int) (aligned []int8) {
	for at := 0; at < len(said); at += piece {
		part := said[at:min(at+piece, len(said))]
		best, least := delay, math.MaxInt
		for d := max(0, delay-play); d <= delay+play; d++ {
			if far := distance(part, from(heard, at+d)); far < least {
				best, least = d, far
			}
		}
		for i := range part {
			aligned = append(aligned, level(heard, at+best+i))
		}
	}
	return aligned
}

func distance(a, b []int8) (sum int) {
	for i := range a {
		d := int(a[i]) - int(level(b, i))
		sum += max(d, -d)
	}
	return sum
}

// level is one of a series; what is missing is silence.
func level(series []int8, i int) int8 {
	if i >= len(series) {
		return floorDB
	}
	return max(series[i], floorDB)
}

func from(series []int8, i int) []int8 { return series[min(i, len(series)):] }

// smooth averages levels over 100 ms: at the grain of single steps, half a step of delay would be a difference.
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
	var sumA, sumB, sumAA, sumBB, sumAB float64
	for i := range a {
		x, y := float64(level(a, i)), float64(level(b, i))
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
