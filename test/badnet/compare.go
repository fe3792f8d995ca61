package badnet

import (
	"math"
	"time"
)

// Comparison is what became of a voice.
type Comparison struct {
	// Distance is the log-spectral distance in dB, the mean over all frames of voice of the reference: Hann frames of 10 ms each 5 ms, whose
	// energy is within 30 dB of the loudest one. In each it is the root mean square, over the critical bands (Bark) from 100 Hz to 95 % of half the
	// sampling rate, of the difference of the power in dB; what is more than 70 dB below the loudest band of the reference counts as that.
	Distance float64
	// Later says of each 5 ms of the reference how much later it was heard than it would have been: a multiple of 20 ms, for that is
	// by how much a jitter buffer moves what is behind.
	Later []time.Duration
	Voice []bool // … and whether there is a voice
}

const (
	move     = 20  // ms, of which Later is a multiple
	maxMoves = 25  // 500 ms
	penalty  = 500 // dB of one frame, for a change of Later: more than a gap of 20 ms costs, which must not be stepped over
)

// Compare lays heard over reference, both of one rate and begun at the same moment, and moves it by whatever makes it fit best: the path of
// least distance through all delays, in which each change of the delay costs what 500 dB in one frame do.
func Compare(reference, heard Sound) Comparison {
	want, got := reference.spectra(), heard.spectra()
	floor := want.loudest() - dynamicRange
	c := Comparison{Voice: want.voiced(), Later: path(want, got, floor)}
	sum, n := 0.0, 0
	for i, voice := range c.Voice {
		if voice {
			sum += apart(want, got, i, int(c.Later[i].Milliseconds())/move, floor)
			n++
		}
	}
	c.Distance = sum / math.Max(float64(n), 1)
	return c
}

// apart is how far frame i of want is from what was heard moves later. What was not heard any more is silence.
func apart(want, got *spectra, i, moves int, floor float64) float64 {
	if at := i + moves*move/hop; at < len(got.frames) {
		return distance(want.frames[i], got.frames[at], floor)
	}
	return distance(want.frames[i], make([]float64, len(want.frames[i])), floor)
}

// path is Viterbi's.
func path(want, got *spectra, floor float64) []time.Duration {
	cost, from := [maxMoves]float64{}, make([][maxMoves]int, len(want.frames))
	for i := range want.frames {
		best := 0
		for m, c := range cost {
			if c < cost[best] {
				best = m
			}
		}
		switched := cost[best] + penalty
		for m := range cost {
			if from[i][m] = m; cost[m] > switched {
				from[i][m], cost[m] = best, switched
			}
			cost[m] += apart(want, got, i, m, floor)
		}
	}
	end := 0
	for m, c := range cost {
		if c < cost[end] {
			end = m
		}
	}
	later := make([]time.Duration, len(want.frames))
	for i := len(later) - 1; i >= 0; i-- {
		later[i] = time.Duration(end) * move * time.Millisecond
		end = from[i][end]
	}
	return later
}

// Settled is the moment from which on Later is no more than want in every frame of voice.
func (c *Comparison) Settled(want time.Duration) (since time.Duration) {
	for i, later := range c.Later {
		if c.Voice[i] && later > want {
			since = time.Duration(i+1) * hop * time.Millisecond
		}
	}
	return since
}

// Delay is the mean of Later in the frames of voice from one moment of the reference to another.
func (c *Comparison) Delay(from, to time.Duration) time.Duration {
	var sum time.Duration
	n := 0
	for i := int(from.Milliseconds()) / hop; i < min(int(to.Milliseconds())/hop, len(c.Later)); i++ {
		if c.Voice[i] {
			sum += c.Later[i]
			n++
		}
	}
	return sum / time.Duration(max(n, 1))
}
