package opus

import "math/bits"

// rangeDecoder is the range decoder of RFC 6716 section 4.1, as far as the meter
// needs it: a handful of symbols at the head of a frame.
type rangeDecoder struct {
	data []byte // not read yet
	rest byte   // the byte before data, of which one bit is still to be used
	size uint32 // rng: the size of the current range
	val  uint32 // the top of the range minus the coded value, minus one
	used int    // bits taken in, those of the first byte included
	raw  int    // bits taken from the other end
}

// newRangeDecoder: section 4.1.1.
func newRangeDecoder(frame []byte) rangeDecoder {
	d := rangeDecoder{data: frame, size: 128, used: 9}
	d.next()
	d.val = 127 - uint32(d.rest>>1)
	d.normalize()
	return d
}

// next takes one byte; "if no more input bytes remain, it uses zero bits instead".
func (d *rangeDecoder) next() {
	d.rest = 0
	if len(d.data) > 0 {
		d.rest, d.data = d.data[0], d.data[1:]
	}
}

// normalize: section 4.1.2.1, "until rng > 2**23".
func (d *rangeDecoder) normalize() {
	for d.size <= 1<<23 {
		left := d.rest & 1
		d.next()
		sym := uint32(left<<7 | d.rest>>1)
		d.size <<= 8
		d.used += 8
		d.val = (d.val<<8 + 255 - sym) & 0x7fffffff
	}
}

// symbol decodes with a table of inverse cumulative frequencies in 1/256, which
// ends with 0 (section 4.1.3.3).
func (d *rangeDecoder) symbol(icdf []uint8) int { return d.symbolIn(icdf, 8) }

// symbolIn does the same with frequencies in 1/2**scale.
func (d *rangeDecoder) symbolIn(icdf []uint8, scale int) int {
	unit, high := d.size>>scale, d.size
	for k, f := range icdf {
		low := unit * uint32(f)
		if d.val >= low {
			d.val -= low
			d.size = high - low
			d.normalize()
			return k
		}
		high = low
	}
	return len(icdf) - 1
}

// skipBits passes n symbols of probability 1/2 (section 4.1.3.2).
func (d *rangeDecoder) skipBits(n int) {
	for range n {
		half := d.size >> 1
		if d.val >= half {
			d.val -= half
			d.size -= half
		} else {
			d.size = half
		}
		d.normalize()
	}
}

// tell is how many bits were used so far, rounded up (section 4.1.6.1).
func (d *rangeDecoder) tell() int { return d.used + d.raw - bits.Len32(d.size) }

// rare decodes a bit that is set with a probability of 1/2**logp (section 4.1.3.2).
func (d *rangeDecoder) rare(logp int) bool {
	part := d.size >> logp
	set := d.val < part
	if set {
		d.size = part
	} else {
		d.val -= part
		d.size -= part
	}
	d.normalize()
	return set
}

// uniform decodes one of n equally probable values (section 4.1.5, for small n).
func (d *rangeDecoder) uniform(n int) int {
	unit := d.size / uint32(n)
	at := n - int(min(d.val/unit+1, uint32(n)))
	d.take(unit, uint32(at), uint32(at+1), uint32(n))
	return at
}

// take is section 4.1.2: the symbol has the frequencies from low to high of total.
func (d *rangeDecoder) take(unit, low, high, total uint32) {
	below := unit * (total - high)
	d.val -= below
	if low > 0 {
		d.size = unit * (high - low)
	} else {
		d.size -= below
	}
	d.normalize()
}

// laplace decodes a number around 0. zero and decay are in 1/32768; each of the first 16 on either side has a frequency of 1 at least (ec_laplace_decode
// of the reference decoder).
func (d *rangeDecoder) laplace(zero, decay uint32) (value int) {
	const total, least, sure = 1 << 15, 1, 16
	unit := d.size >> 15
	at, low, width := total-min(d.val/unit+1, total), uint32(0), zero
	if at >= zero {
		value, low = 1, zero
		width = (total-2*sure*least-zero)*(16384-decay)>>15 + least
		for width > least && at >= low+2*width {
			low += 2 * width
			width = (2*width-2*least)*decay>>15 + least
			value++
		}
		if width <= least {
			further := (at - low) >> 1
			value += int(further)
			low += 2 * further * least
		}
		if at < low+width {
			value = -value
		} else {
			low += width
		}
	}
	d.take(unit, low, min(low+width, total), total)
	return value
}
