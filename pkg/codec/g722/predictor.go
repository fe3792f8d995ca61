package g722

import "math"

// predictor is the adaptive predictor that both bands have (section 3.6): two
// poles over the reconstructed signal and six zeros over the quantized differences.
type predictor struct {
	s, sz  int32    // PREDIC, FILTEZ: the estimate of the next sample, and its part from the zeros
	a1, a2 int32    // AL1, AL2: coefficients of the poles
	r1, r2 int32    // RLT1, RLT2: the last reconstructed samples, doubled
	p1, p2 int32    // PLT1, PLT2: the last partly reconstructed samples; only their signs count
	b      [6]int32 // BL: coefficients of the zeros
	d      [6]int32 // DLT: the last differences, doubled
}

// saturate holds v to 16 bits, as every addition of the Recommendation does.
func saturate(v int32) int32 { return max(math.MinInt16, min(v, math.MaxInt16)) }

// update takes the quantized difference d of the present sample and makes the
// estimate of the next one.
func (p *predictor) update(d int32) {
	partly := saturate(p.sz + d) // PARREC
	r := saturate(p.s + d)       // RECONS
	p.adaptPoles(partly)
	p.p1, p.p2 = partly, p.p1
	p.r1, p.r2 = saturate(2*r), p.r1

	p.sz = p.zeros(d)
	poles := saturate(p.a1*p.r1>>15 + p.a2*p.r2>>15) // FILTEP
	p.s = saturate(poles + p.sz)                     // PREDIC
}

// adaptPoles is the blocks UPPOL2 and UPPOL1, which agree or disagree with the
// signs of the partly reconstructed signal.
func (p *predictor) adaptPoles(partly int32) {
	differs1, differs2 := (partly^p.p1)>>31, (partly^p.p2)>>31 // -1 or 0

	wd := saturate(p.a1 << 2)
	wd = min(^wd+1^differs1-differs1, math.MaxInt16)
	a2 := 128 ^ differs2 - differs2 + wd>>7 + p.a2*127>>7
	a2 = max(-12288, min(a2, 12288))

	a1 := 192 ^ differs1 - differs1 + p.a1*255>>8
	limit := 15360 - a2
	p.a1, p.a2 = max(-limit, min(a1, limit)), a2
}

// zeros is the blocks UPZERO, DELAYA and FILTEZ at one go: each coefficient is
// moved by the signs of the new and of an old difference, then weighs the
// difference one later, which takes the place of the old one.
func (p *predictor) zeros(d int32) int32 {
	var step int32 // "if DLT is zero, WD1 = 0, else WD1 = 128"
	if d != 0 {
		step = 128
	}
	n := saturate(2 * d)
	b, o := &p.b, &p.d
	b[0] = adapt(b[0], step, n^o[0])
	b[1] = adapt(b[1], step, n^o[1])
	b[2] = adapt(b[2], step, n^o[2])
	b[3] = adapt(b[3], step, n^o[3])
	b[4] = adapt(b[4], step, n^o[4])
	b[5] = adapt(b[5], step, n^o[5])
	sum := b[5]*o[4]>>15 + b[4]*o[3]>>15 + b[3]*o[2]>>15 + b[2]*o[1]>>15 + b[1]*o[0]>>15 + b[0]*n>>15
	o[5], o[4], o[3], o[2], o[1], o[0] = o[4], o[3], o[2], o[1], o[0], n
	return saturate(sum)
}

// adapt lets b leak by 255/256 and adds step, or takes it away when signs is
// negative. The sum cannot leave 16 bits: 32767*255/256 + 128 = 32767.
func adapt(b, step, signs int32) int32 {
	signs >>= 31
	return b - (b+255)>>8 + (step ^ signs - signs)
}
