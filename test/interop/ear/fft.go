package ear

import (
	"math"
	"math/bits"
	"math/cmplx"
)

// transform is the discrete Fourier transform of x in place, the inverse one (without the division by len(x)) when inverse is set.
// len(x) is a power of two.
func transform(x []complex128, inverse bool) {
	reverse(x)
	sign := -1.0
	if inverse {
		sign = 1
	}
	for size := 2; size <= len(x); size *= 2 {
		butterflies(x, size, sign)
	}
}

// reverse puts x in the order of its indices read backwards.
func reverse(x []complex128) {
	if len(x) < 2 {
		return
	}
	shift := 64 - bits.TrailingZeros(uint(len(x)))
	for i := range x {
		if j := int(bits.Reverse64(uint64(i)) >> shift); i < j {
			x[i], x[j] = x[j], x[i]
		}
	}
}

// butterflies joins pairs of transforms of half the size.
func butterflies(x []complex128, size int, sign float64) {
	half := size / 2
	turns := make([]complex128, half)
	for k := range turns {
		turns[k] = cmplx.Rect(1, sign*2*math.Pi*float64(k)/float64(size))
	}
	for start := 0; start < len(x); start += size {
		for k, turn := range turns {
			a, b := x[start+k], x[start+k+half]*turn
			x[start+k], x[start+k+half] = a+b, a-b
		}
	}
}

// spectrum is the transform of x followed by silence, size values long.
func spectrum(x []float64, size int) []complex128 {
	s := make([]complex128, size)
	for i, v := range x {
		s[i] = complex(v, 0)
	}
	transform(s, false)
	return s
}

// signal undoes spectrum.
func signal(s []complex128) []float64 {
	transform(s, true)
	x := make([]float64, len(s))
	for i, v := range s {
		x[i] = real(v) / float64(len(s))
	}
	return x
}

// room is the power of two that holds n values.
func room(n int) int { return 1 << bits.Len(uint(max(n, 1)-1)) }
