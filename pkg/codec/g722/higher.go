package g722

// higherBand is the 2-bit coder of 4 to 8 kHz (sections 3.2 to 3.6).
type higherBand struct {
	predictor
	log   int32 // NBH
	scale int32 // DETH
}

func newHigherBand() higherBand { return higherBand{scale: higherScale[0]} }

// encode makes the code word of one sample of the band.
func (h *higherBand) encode(sample int32) uint8 {
	difference := saturate(sample - h.s) // SUBTRA
	sign := difference >> 31
	code := uint8(3 + 2*sign)               // IHP, IHN of table 20: 3 or 1 when small
	if difference^sign >= 564*h.scale>>12 { // QUANTH
		code--
	}
	h.adapt(code)
	return code
}

// decode makes the sample of a code word of 2 bits.
func (h *higherBand) decode(code uint8) int32 {
	sample := h.s + h.difference(code)
	h.adapt(code)
	return limit(sample)
}

// difference is INVQAH: the difference that code stands for.
func (h *higherBand) difference(code uint8) int32 { return h.scale * outputs2[code&3] >> 15 }

// adapt is what encoder and decoder do alike.
func (h *higherBand) adapt(code uint8) {
	difference := h.difference(code)
	h.log = nextHigherLog(h.log, code)
	h.scale = higherScale[h.log>>6&511]
	h.update(difference)
}

// nextHigherLog is LOGSCH: a leak of 127/128, and a step by the code word.
func nextHigherLog(log int32, code uint8) int32 {
	return max(0, min(log*127>>7+higherSteps[code&3], maxHigherLog))
}
