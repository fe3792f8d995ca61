package recorder

import (
	"math"

	"github.com/seed-f3cefc8c/focus/pkg/pcm"
)

// mixRate is the rate of the mixed file, whatever the conference's: one encoder without a seam.
const mixRate = clockRate

// mixdown brings the mix to mixRate. It belongs to the writer goroutine.
type mixdown struct {
	resampler *pcm.Resampler
	last      []int16 // frame, at the resampler's rate
	tail, out []int16
	silent    int // digitally silent frames in a row
}

// convert returns 20 ms at mixRate; the slice is good until the next call.
func (m *mixdown) convert(rate int, frame []int16) []int16 {
	seam := m.resampler != nil && m.resampler.From() != rate
	if seam {
		m.tail = m.resampler.Process(m.tail[:0], fadeAway(m.last))
	}
	if seam || m.resampler == nil {
		m.resampler = pcm.NewResampler(rate, mixRate)
	}
	m.last = append(m.last[:0], frame...)
	if seam {
		fadeIn(m.last)
	}
	m.out = m.resampler.Process(m.out[:0], m.last)
	if seam {
		add(m.out, m.tail)
	}
	return m.out
}

// silence reports whether the frame is one of a long digital silence, which need not be encoded.
func (m *mixdown) silence(frame []int16) bool {
	for _, s := range frame {
		if s != 0 {
			m.silent = 0
			return false
		}
	}
	m.silent++
	return m.silent > 5
}

// fadeAway continues a frame for 20 ms by its mirror image, fading out over 5 ms: the old rate's part of a seam without a step.
func fadeAway(frame []int16) []int16 {
	out := make([]int16, len(frame))
	for i := range len(frame) / 4 {
		out[i] = int16(float64(frame[len(frame)-1-i]) * (1 - fade(i, len(frame)/4)))
	}
	return out
}

// fadeIn fades the first 5 ms of a frame of 20 in.
func fadeIn(frame []int16) {
	for i := range len(frame) / 4 {
		frame[i] = int16(float64(frame[i]) * fade(i, len(frame)/4))
	}
}

// fade goes from 0 to 1 as a raised cosine.
func fade(i, n int) float64 {
	return 0.5 - 0.5*math.Cos(math.Pi*(float64(i)+0.5)/float64(n))
}

// add adds b to a, clipping.
func add(a, b []int16) {
	for i := range min(len(a), len(b)) {
		a[i] = int16(max(math.MinInt16, min(int(a[i])+int(b[i]), math.MaxInt16)))
	}
}
