package pcm

import "math"

// sine is a tone without edges, sample for sample.
func sine(rate int, hz, amplitude float64, n int) []int16 {
	out := make([]int16, n)
	for i := range out {
		out[i] = int16(math.Round(amplitude * math.Sin(2*math.Pi*hz*float64(i)/float64(rate))))
	}
	return out
}

// power is the mean square.
func power(x []int16) float64 {
	var sum float64
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	return sum / float64(len(x))
}

// fit finds the sine of hz that is nearest to x and returns its power and the power of what is left, in float.
func fit(x []int16, rate int, hz float64) (tone, rest float64) {
	var ss, cc, sc, xs, xc float64
	for i, v := range x {
		s, c := math.Sincos(2 * math.Pi * hz * float64(i) / float64(rate))
		ss, cc, sc = ss+s*s, cc+c*c, sc+s*c
		xs, xc = xs+float64(v)*s, xc+float64(v)*c
	}
	det := ss*cc - sc*sc
	a, b := (xs*cc-xc*sc)/det, (xc*ss-xs*sc)/det
	for i, v := range x {
		s, c := math.Sincos(2 * math.Pi * hz * float64(i) / float64(rate))
		y := a*s + b*c
		tone += y * y
		rest += (float64(v) - y) * (float64(v) - y)
	}
	return tone / float64(len(x)), rest / float64(len(x))
}

func dB(ratio float64) float64 { return 10 * math.Log10(ratio) }

// largestStep is the largest difference between neighbours.
func largestStep(x []int16) int {
	step := 0
	for i := 1; i < len(x); i++ {
		step = max(step, int(math.Abs(float64(x[i])-float64(x[i-1]))))
	}
	return step
}
