package pcm

import "math"

const (
	passEdge     = 0.425 // of the lower rate: 3.4 kHz of 8 kHz, the telephone band
	stopEdge     = 0.55  // of the lower rate: what folds back lands above the pass edge
	attenuation  = 96.0  // dB in the stop band, with room above the 90 that are promised
	maxUp        = 640   // filter phases; all pairs of the usual rates need fewer
	resampleStep = 1024  // samples of input worked on at once
)

// Resampler changes the sample rate of a continuous signal by a polyphase FIR: to is from·up/down in lowest terms, the input is
// thought of with up-1 zeros between samples, low-passed by a Kaiser-windowed sinc, and every down-th sample is kept. Only the taps that
// meet a real sample are computed, so an output costs about 48 multiplications times the ratio of the rates when going down.
// The delay is 24 samples of the lower rate (3 ms at 8 kHz, 1.5 ms at 16 kHz).
type Resampler struct {
	from, to int
	up, down int
	taps     int         // per phase
	bank     [][]float32 // one filter per phase, in the order of the samples it meets
	window   []float32   // taps-1 samples of the past, then the input being worked on
	next     int         // where in the new input the next output's newest sample stands
	phase    int         // its filter
}

// CanResample reports whether NewResampler takes these rates: both 4 kHz to 192 kHz, and their ratio made of small numbers. Ask it
// about rates that come from a file or a peer.
func CanResample(from, to int) bool {
	if from < 4000 || to < 4000 || from > 192000 || to > 192000 {
		return false
	}
	divisor := gcd(from, to)
	return to/divisor <= maxUp && from/divisor <= maxUp
}

// NewResampler returns a resampler whose past is silence. It panics when CanResample says no.
func NewResampler(from, to int) *Resampler {
	if !CanResample(from, to) {
		panic("pcm: no resampler between these rates")
	}
	divisor := gcd(from, to)
	r := &Resampler{from: from, to: to, up: to / divisor, down: from / divisor}
	if from != to {
		r.design()
		r.window = make([]float32, r.taps-1+resampleStep)
	}
	return r
}

// From returns the rate of the input in Hz.
func (r *Resampler) From() int { return r.from }

// To returns the rate of the output in Hz.
func (r *Resampler) To() int { return r.to }

// Process appends src at the new rate to dst. Over time it gives exactly len(src)·to/from samples; for 20 ms frames of the usual rates
// every call does.
func (r *Resampler) Process(dst, src []int16) []int16 {
	if r.from == r.to {
		return append(dst, src...)
	}
	for len(src) > 0 {
		n := min(len(src), resampleStep)
		dst = r.step(dst, src[:n])
		src = src[n:]
	}
	return dst
}

// Prime makes the past of the resampler what history is, without output: a resampler that joins a running signal starts without a step.
// 25 ms of history is enough for any pair of rates.
func (r *Resampler) Prime(history []int16) {
	if r.from == r.to {
		return
	}
	past := r.window[:r.taps-1]
	clear(past)
	history = history[max(0, len(history)-len(past)):]
	widen(past[len(past)-len(history):], history)
}

func (r *Resampler) step(dst, src []int16) []int16 {
	past := r.taps - 1
	window := r.window[:past+len(src)]
	widen(window[past:], src)
	for r.next < len(src) {
		dst = append(dst, clip(dot(r.bank[r.phase], window[r.next:])))
		r.phase += r.down
		for r.phase >= r.up {
			r.phase -= r.up
			r.next++
		}
	}
	r.next -= len(src)
	copy(r.window[:past], window[len(src):])
	return dst
}

// dot multiplies the filter with the samples from x on, in four independent chains. len(h) is a multiple of four.
func dot(h, x []float32) float32 {
	x = x[:len(h)]
	var a, b, c, d float32
	for len(h) >= 4 && len(x) >= 4 {
		a += h[0] * x[0]
		b += h[1] * x[1]
		c += h[2] * x[2]
		d += h[3] * x[3]
		h, x = h[4:], x[4:]
	}
	return (a + b) + (c + d)
}

func widen(dst []float32, src []int16) {
	dst = dst[:len(src)]
	for i, x := range src {
		dst[i] = float32(x)
	}
}

// design makes the filter bank: a sinc cut between the pass and the stop edge under a Kaiser window, split into phases that are each
// scaled to pass a constant unchanged.
func (r *Resampler) design() {
	fast, low := float64(r.from*r.up), float64(min(r.from, r.to))
	width := 2 * math.Pi * (stopEdge - passEdge) * low / fast
	length := (attenuation - 8) / (2.285 * width) // Kaiser's estimate
	r.taps = (int(math.Ceil(length/float64(r.up))) + 3) / 4 * 4
	cutoff := (passEdge + stopEdge) / 2 * low / fast
	r.bank = make([][]float32, r.up)
	for phase := range r.bank {
		r.bank[phase] = r.filter(phase, cutoff)
	}
}

// filter returns the taps phase, phase+up, phase+2·up … of the prototype, oldest sample first.
func (r *Resampler) filter(phase int, cutoff float64) []float32 {
	length := r.taps * r.up
	taps, total := make([]float64, r.taps), 0.0
	for k := range taps {
		taps[k] = prototype(phase+k*r.up, length, cutoff)
		total += taps[k]
	}
	filter := make([]float32, r.taps)
	for k, tap := range taps {
		filter[r.taps-1-k] = float32(tap / total)
	}
	return filter
}

// prototype is tap i of the windowed sinc. It is symmetric about length/2, so that phase 0 has its largest tap on a sample.
func prototype(i, length int, cutoff float64) float64 {
	const beta = 0.1102 * (attenuation - 8.7) // Kaiser's formula above 50 dB
	half := float64(length) / 2
	t := float64(i) - half
	window := besselI0(beta*math.Sqrt(max(0, 1-(t/half)*(t/half)))) / besselI0(beta)
	if t == 0 {
		return 2 * cutoff * window
	}
	return math.Sin(2*math.Pi*cutoff*t) / (math.Pi * t) * window
}

// besselI0 is the modified Bessel function of the first kind, order 0, by its series.
func besselI0(x float64) float64 {
	sum, term := 1.0, 1.0
	for k := 1.0; term > sum*1e-12; k++ {
		term *= (x / (2 * k)) * (x / (2 * k))
		sum += term
	}
	return sum
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
