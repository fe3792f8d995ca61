package g722

// The quadrature mirror filter of 24 taps (section 4, table 11), as two filters of
// 12 taps over every other sample. Each window holds the past in front of a chunk
// of the signal, so that nothing is moved from sample to sample.

const (
	taps  = 12
	past  = taps - 1
	chunk = 160 // pairs of samples: 20 ms
)

type window [past + chunk]int32

// forget makes room: the last samples of a chunk of n are the past of the next.
func (w *window) forget(n int) { copy(w[:past], w[n:n+past]) }

// evenTaps and oddTaps are the filter and its mirror image.
func evenTaps(w *[taps]int32) int32 {
	return 3*w[0] - 11*w[1] + 12*w[2] + 32*w[3] - 210*w[4] + 951*w[5] +
		3876*w[6] - 805*w[7] + 362*w[8] - 156*w[9] + 53*w[10] - 11*w[11]
}

func oddTaps(w *[taps]int32) int32 {
	return 3*w[11] - 11*w[10] + 12*w[9] + 32*w[8] - 210*w[7] + 951*w[6] +
		3876*w[5] - 805*w[4] + 362*w[3] - 156*w[2] + 53*w[1] - 11*w[0]
}

// analysis is the transmit filter: 16 kHz in, two bands of 8 kHz out.
type analysis struct{ even, odd window }

// fill takes up to 2*chunk samples and returns how many pairs there are.
func (q *analysis) fill(pcm []int16) int {
	n := min(len(pcm)/2, chunk)
	even, odd := q.even[past:past+n], q.odd[past:past+n]
	for i := range even {
		pair := pcm[2*i : 2*i+2 : 2*i+2]
		even[i], odd[i] = int32(pair[0]), int32(pair[1])
	}
	return n
}

// bands is the pair i of lower and higher band, 15 bits each.
func (q *analysis) bands(i int) (lower, higher int32) {
	a := evenTaps((*[taps]int32)(q.even[i:]))
	b := oddTaps((*[taps]int32)(q.odd[i:]))
	return (a + b) >> 14, (b - a) >> 14
}

// forget ends a chunk of n pairs.
func (q *analysis) forget(n int) {
	q.even.forget(n)
	q.odd.forget(n)
}

// synthesis is the receive filter: two bands of 8 kHz in, 16 kHz out.
type synthesis struct{ sum, difference window }

// put sets pair i of a chunk.
func (q *synthesis) put(i int, lower, higher int32) {
	q.sum[past+i], q.difference[past+i] = lower+higher, lower-higher
}

// samples fills pcm, the samples of a chunk, and ends the chunk.
func (q *synthesis) samples(pcm []int16) {
	n := len(pcm) / 2
	for i := range n {
		pair := pcm[2*i : 2*i+2 : 2*i+2]
		pair[0] = int16(saturate(oddTaps((*[taps]int32)(q.difference[i:])) >> 11))
		pair[1] = int16(saturate(evenTaps((*[taps]int32)(q.sum[i:])) >> 11))
	}
	q.sum.forget(n)
	q.difference.forget(n)
}
