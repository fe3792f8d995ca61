package pcm

const (
	limiterCeiling = 23197 // -3 dBFS: what is quieter passes unchanged, to the bit
	limiterBlocks  = 16    // per frame: gain is decided every 1.25 ms of a 20 ms frame
	limiterRelease = 1.0145
	fullScale      = 32767
)

// Limiter brings a sum of voices back to 16 bits. The zero value is ready.
//
// The gain is a line through one point per block of 1.25 ms. Each point is low enough for the blocks on both sides of it, so a line
// between two never lets a peak above -3 dBFS; it may rise by 1 dB in 10 ms at most, which brings 10 dB back in 100 ms. Only the
// first block of a frame starts from a gain that could not know what was coming: there a soft knee between -3 and 0 dBFS bends the
// peak. A sum that stays below -3 dBFS is copied without change.
type Limiter struct {
	reduction float32 // 1 - gain at the end of the last frame; 0 is unity, so that the zero value works
	wanted    [limiterBlocks]float32
}

// Process limits one frame of 20 ms. The shorter of dst and sum sets the length.
func (l *Limiter) Process(dst []int16, sum []int32) {
	n := min(len(dst), len(sum))
	dst, sum = dst[:n], sum[:n]
	if l.reduction == 0 && peakOf(sum) <= limiterCeiling {
		narrow(dst, sum)
		return
	}
	size := max(1, (n+limiterBlocks-1)/limiterBlocks)
	l.plan(sum, size)
	gain := 1 - l.reduction
	for block, start := 0, 0; start < n; block, start = block+1, start+size {
		end := min(start+size, n)
		target := min(l.wanted[block], gain*limiterRelease)
		if end < n {
			target = min(target, l.wanted[block+1])
		}
		amplify(dst[start:end], sum[start:end], gain, target)
		gain = target
	}
	l.reduction = 1 - gain
}

// Active reports whether the last frame was turned down.
func (l *Limiter) Active() bool { return l.reduction > 0 }

// plan finds the largest gain each block bears.
func (l *Limiter) plan(sum []int32, size int) {
	for block, start := 0, 0; start < len(sum); block, start = block+1, start+size {
		l.wanted[block] = 1
		if peak := peakOf(sum[start:min(start+size, len(sum))]); peak > limiterCeiling {
			l.wanted[block] = limiterCeiling / float32(peak)
		}
	}
}

func peakOf(sum []int32) int64 {
	var low, high int32
	for _, x := range sum {
		low, high = min(low, x), max(high, x)
	}
	return max(int64(high), -int64(low))
}

func narrow(dst []int16, sum []int32) {
	dst = dst[:len(sum)]
	for i, x := range sum {
		dst[i] = int16(x)
	}
}

func amplify(dst []int16, sum []int32, gain, target float32) {
	dst = dst[:len(sum)]
	step := (target - gain) / float32(len(sum))
	for i, x := range sum {
		gain += step
		dst[i] = knee(float32(x) * gain)
	}
}

// knee is the identity up to -3 dBFS and bends everything above it into the last 3 dB; its slope is continuous.
func knee(x float32) int16 {
	const room = fullScale - limiterCeiling
	switch {
	case x > limiterCeiling:
		over := x - limiterCeiling
		return int16(limiterCeiling + over*room/(over+room))
	case x < -limiterCeiling:
		over := -x - limiterCeiling
		return int16(-limiterCeiling - over*room/(over+room))
	}
	return clip(x)
}
