package opus

// rangeDecoder is the range decoder of RFC 6716 section 4.1, as far as the meter
// needs it: a handful of symbols at the head of a frame.
type rangeDecoder struct {
	data []byte // not read yet
	rest byte   // the byte before data, of which one bit is still to be used
	size uint32 // rng: the size of the current range
	val  uint32 // the top of the range minus the coded value, minus one
}

// newRangeDecoder: section 4.1.1.
func newRangeDecoder(frame []byte) rangeDecoder {
	d := rangeDecoder{data: frame, size: 128}
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
		d.val = (d.val<<8 + 255 - sym) & 0x7fffffff
	}
}

// symbol decodes with a table of inverse cumulative frequencies in 1/256, which
// ends with 0 (section 4.1.3.3).
func (d *rangeDecoder) symbol(icdf []uint8) int {
	unit, high := d.size>>8, d.size
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
