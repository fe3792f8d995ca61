package badnet

import (
	"math"
	"math/bits"
	"math/cmplx"
	"slices"
)

// Sound is mono PCM with Rate samples a second.
type Sound struct {
	Rate    int
	Samples []int16
}

const (
	hop          = 5    // ms between two frames
	window       = 10   // ms of a frame, a Hann window, padded with zeros to a power of two
	passband     = 0.95 // of half the sampling rate; above it filters decide
	dynamicRange = 70   // dB below the loudest band of the reference, where hearing ends at the loudness of a conversation: what is softer counts as that
	voiceRange   = 30   // dB below the loudest frame of the reference: what is softer is no voice
)

// spectra are power spectra of a sound in dB, one for each hop. They are as fine as the ear: its critical bands are 100 Hz wide at least, which
// takes 10 ms to resolve, and it hears gaps that are shorter. In finer bins two noises that sound alike are 8 dB apart.
type spectra struct {
	frames [][]float64
	energy []float64 // dB of the whole frame
}

// bark is the critical band of a frequency in Hz (Zwicker and Terhardt, 1980).
func bark(hz float64) float64 {
	return 13*math.Atan(0.00076*hz) + 3.5*math.Pow(math.Atan(hz/7500), 2)
}

// bands is the critical band of each bin of a transform of n samples, counted from the second one, which begins at 100 Hz; −1 for those that do
// not count.
func bands(n, rate int) []int {
	all := make([]int, n/2)
	for i := range all {
		hz := float64(i) * float64(rate) / float64(n)
		if all[i] = int(bark(hz)) - 1; hz > passband*float64(rate)/2 {
			all[i] = -1
		}
	}
	return all
}

func (s Sound) spectra() *spectra {
	size, step := s.Rate*window/1000, s.Rate*hop/1000
	n := 1 << bits.Len(uint(size-1))
	band := bands(n, s.Rate)
	out, x := &spectra{}, make([]complex128, n)
	for at := 0; at+size <= len(s.Samples); at += step {
		clear(x)
		for i, v := range s.Samples[at : at+size] {
			x[i] = complex(float64(v)*(0.5-0.5*math.Cos(2*math.Pi*float64(i)/float64(size))), 0)
		}
		fft(x)
		frame, sum := make([]float64, slices.Max(band)+1), 0.0
		for i, b := range band {
			if b >= 0 {
				power := real(x[i])*real(x[i]) + imag(x[i])*imag(x[i])
				frame[b] += power
				sum += power
			}
		}
		for b := range frame {
			frame[b] = decibels(frame[b])
		}
		out.frames, out.energy = append(out.frames, frame), append(out.energy, decibels(sum))
	}
	return out
}

func decibels(power float64) float64 { return 10 * math.Log10(power+1e-3) }

// fft transforms x in place; its length is a power of two.
func fft(x []complex128) {
	shift := 64 - uint(bits.Len(uint(len(x)-1)))
	for i := range x {
		if j := int(bits.Reverse64(uint64(i)) >> shift); j > i {
			x[i], x[j] = x[j], x[i]
		}
	}
	for size := 2; size <= len(x); size *= 2 {
		turn := cmplx.Rect(1, -2*math.Pi/float64(size))
		for at := 0; at < len(x); at += size {
			w := complex(1, 0)
			for i := at; i < at+size/2; i++ {
				a, b := x[i], w*x[i+size/2]
				x[i], x[i+size/2] = a+b, a-b
				w *= turn
			}
		}
	}
}

// loudest is the greatest value of any band.
func (s *spectra) loudest() float64 {
	most := math.Inf(-1)
	for _, frame := range s.frames {
		for _, v := range frame {
			most = max(most, v)
		}
	}
	return most
}

// voiced says in which frames there is a voice.
func (s *spectra) voiced() []bool {
	most := math.Inf(-1)
	for _, e := range s.energy {
		most = max(most, e)
	}
	voice := make([]bool, len(s.energy))
	for i, e := range s.energy {
		voice[i] = e > most-voiceRange
	}
	return voice
}

// distance of two spectra: the root of the mean of the squared differences in dB, of bands no softer than floor.
func distance(a, b []float64, floor float64) float64 {
	sum := 0.0
	for i := range a {
		d := max(a[i], floor) - max(b[i], floor)
		sum += d * d
	}
	return math.Sqrt(sum / float64(len(a)))
}
