package g722

import "math"

// predictor is the adaptive predictor that both bands have (section 3.6): two
// poles over the reconstructed signal and six zeros over the quantized differences.
type predictor struct {
	s, sz  int32    // PREDIC, FILTEZ: the estimate of the next sample, and its part from the zeros
	a1, a2 int32    // AL1, AL2: coefficients of the poles
	r1     int32    // RLT1: the last reconstructed sample, doubled
	p1, p2 int32    // PLT1, PLT2: the last partly reconstructed samples; only their signs count
	b      [6]int32 // BL: coefficients of the zeros
	d      [6]int32 // DLT: the last differences, doubled
}

// saturate holds v to 16 bits, as every addition of the Recommendation does.
func saturate(v int32) int32 { return max(math.MinInt16, min(v, math.MaxInt16)) }

// update takes the quantized difference d of the present sample and makes the
// estimate of the next one. It is one function, and its values are read from
// memory once, because it is where nearly all of the time goes.
func (p *predictor) update(d int32) {
	partly := saturate(p.sz + d) // PARREC
	r := saturate(p.s + d)       // RECONS

	// UPPOL2, UPPOL1: the poles move as the signs of the partly reconstructed
	// samples agree with the one before (differs1 is 0, else -1) and the one
	// before that.
	differs1, differs2 := (partly^p.p1)>>31, (partly^p.p2)>>31
	p.p1, p.p2 = partly, p.p1
	a1 := p.a1
	wd := min(negate(saturate(a1<<2), ^differs1), math.MaxInt16)
	a2 := max(-12288, min(negate(128, differs2)+wd>>7+p.a2*127>>7, 12288))
	a1 = negate(192, differs1) + a1*255>>8
	a1 = max(a2-15360, min(a1, 15360-a2))
	p.a1, p.a2 = a1, a2

	// UPZERO, DELAYA and FILTEZ at one go: each coefficient moves by the signs of
	// the new and of an old difference, then weighs the difference one later,
	// which takes the place of the old one.
	step := negate(128, d>>31)
	if d == 0 {
		step = 0 // "if DLT is zero, WD1 = 0, else WD1 = 128"
	}
	n := saturate(2 * d)
	sz, d6 := int32(0), p.d[5]
	b6, d5 := adapt(p.b[5], step, d6), p.d[4]
	p.b[5], p.d[5] = b6, d5
	sz += b6 * d5 >> 15
	b5, d4 := adapt(p.b[4], step, d5), p.d[3]
	p.b[4], p.d[4] = b5, d4
	sz += b5 * d4 >> 15
	b4, d3 := adapt(p.b[3], step, d4), p.d[2]
	p.b[3], p.d[3] = b4, d3
	sz += b4 * d3 >> 15
	b3, d2 := adapt(p.b[2], step, d3), p.d[1]
	p.b[2], p.d[2] = b3, d2
	sz += b3 * d2 >> 15
	b2, d1 := adapt(p.b[1], step, d2), p.d[0]
	p.b[1], p.d[1] = b2, d1
	sz += b2 * d1 >> 15
	b1 := adapt(p.b[0], step, d1)
	p.b[0], p.d[0] = b1, n
	sz = saturate(sz + b1*n>>15)

	r2 := p.r1
	p.r1 = saturate(2 * r)
	poles := saturate(a1*p.r1>>15 + a2*r2>>15) // FILTEP
	p.s, p.sz = saturate(poles+sz), sz         // PREDIC
}

// negate is -v when sign is -1 and v when it is 0.
func negate(v, sign int32) int32 { return v ^ sign - sign }

// adapt lets b leak by 255/256 and adds step, or takes it away when the old
// difference d is negative. The sum cannot leave 16 bits: 32767*255/256 + 128 is
// 32767.
func adapt(b, step, d int32) int32 { return b*255>>8 + negate(step, d>>31) }
