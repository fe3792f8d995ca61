package pcm

import "math"

// Noise makes comfort noise: white noise through a gentle low pass, which sounds like a room and not like a waterfall.
// Use NewNoise; the same seed gives the same noise.
type Noise struct {
	state uint64
	last  float32
}

const (
	noiseColour = 0.5 // of the last sample in the next
	// noiseScale is one over the RMS of the filtered noise: uniform in ±1 has 1/√3, the filter y = (1-c)x + cy leaves √((1-c)/(1+c)) of it.
	noiseScale = 3.0
)

// NewNoise returns a source of noise. Seed 0 is as good as any other.
func NewNoise(seed uint64) *Noise { return &Noise{state: seed*2 + 0x9E3779B97F4A7C15} }

// Fill overwrites dst with noise of dBov (RMS); Silence or less gives zeros.
func (n *Noise) Fill(dst []int16, dBov int) {
	if dBov <= Silence {
		clear(dst)
		return
	}
	amplitude := float32(32768 * math.Pow(10, float64(min(dBov, -12))/20) * noiseScale)
	for i := range dst {
		n.last += (1 - noiseColour) * (n.next() - n.last)
		dst[i] = clip(n.last * amplitude)
	}
}

// next is uniform in -1 … 1 (xorshift64, Marsaglia 2003).
func (n *Noise) next() float32 {
	n.state ^= n.state << 13
	n.state ^= n.state >> 7
	n.state ^= n.state << 17
	return float32(int32(n.state>>32)) / (1 << 31)
}
