package g711

// law is one of the two companding laws of G.711 as tables. Samples are 16-bit:
// the 14-bit values of µ-law times 4, the 13-bit values of A-law times 8.
type law struct {
	compress [1 << 14]uint8 // by the upper 14 bits of the sample
	expand   [256]int16
	power    [256]uint32 // squares of expand
}

// The laws share the size of compress because neither looks at the two lowest
// bits. 16 kB stay in the first-level cache; a table by the whole sample would not.
var (
	muLaw = newLaw(muCompress, muExpand)
	aLaw  = newLaw(aCompress, aExpand)
)

func newLaw(compress func(int) uint8, expand func(uint8) int) *law {
	l := new(law)
	for i := range l.compress {
		l.compress[i] = compress(int(int16(i << 2)))
	}
	for i := range l.expand {
		v := expand(uint8(i))
		l.expand[i] = int16(v)
		l.power[i] = uint32(v * v)
	}
	return l
}

// muExpand decodes a µ-law byte (G.711 table 2). The bits go out inverted:
// "the character signals ... are obtained by inverting all bits".
func muExpand(code uint8) int {
	code = ^code
	segment, step := code>>4&7, int(code&15)
	v := ((2*step+33)<<segment - 33) << 2
	if code&0x80 != 0 {
		return -v
	}
	return v
}

// muCompress encodes a sample. A bias of 33 makes every segment start at a
// power of two. Negative samples are mirrored as ones' complement, as in the
// ITU-T software tool library (G.191), so that no value has two codes.
func muCompress(sample int) uint8 {
	sign := uint8(0x80)
	if sample < 0 {
		sample, sign = ^sample, 0
	}
	v := min(sample>>2+33, 1<<13-1)
	segment := 0
	for v>>segment >= 64 {
		segment++
	}
	return sign | ^(uint8(segment<<4)|uint8(v>>(segment+1)&15))&0x7f
}

// aExpand decodes an A-law byte (G.711 table 1). "The character signals are
// obtained by inverting the even bits": 0x55 with the first bit most significant.
func aExpand(code uint8) int {
	code ^= 0x55
	segment, step := code>>4&7, int(code&15)
	v := 2*step + 1
	if segment > 0 {
		v = (v + 32) << (segment - 1)
	}
	v <<= 3
	if code&0x80 == 0 {
		return -v
	}
	return v
}

// aCompress encodes a sample. The two lowest segments have the same step size.
func aCompress(sample int) uint8 {
	sign := uint8(0x80)
	if sample < 0 {
		sample, sign = ^sample, 0
	}
	v := sample >> 4
	segment := 0
	for v>>segment >= 32 {
		segment++
	}
	step := v >> segment & 15
	if v >= 16 {
		segment++
	}
	return (sign | uint8(segment<<4) | uint8(step)) ^ 0x55
}
