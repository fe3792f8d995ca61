package pcm

import (
	"math"
	"time"
)

const toneEdge = 5 * time.Millisecond

// Tone returns a sine of hz at rate samples a second, as long as d, of dBov (RMS; -3.01 is full scale), with edges that rise and fall
// over 5 ms, so that it starts and ends without a click.
func Tone(rate int, hz float64, d time.Duration, dBov float64) []int16 {
	samples := make([]int16, samplesIn(rate, d))
	edge := min(samplesIn(rate, toneEdge), len(samples)/2)
	amplitude := math.Min(fullScale, 32768*math.Sqrt2*math.Pow(10, dBov/20))
	for i := range samples {
		x := amplitude * math.Sin(2*math.Pi*hz*float64(i)/float64(rate))
		samples[i] = int16(math.Round(x * softEdge(min(i, len(samples)-1-i), edge)))
	}
	return samples
}

// softEdge is half a cosine over the first edge samples.
func softEdge(i, edge int) float64 {
	if i >= edge {
		return 1
	}
	return 0.5 - 0.5*math.Cos(math.Pi*float64(i)/float64(edge))
}

func samplesIn(rate int, d time.Duration) int {
	return int(int64(rate) * int64(d) / int64(time.Second))
}
