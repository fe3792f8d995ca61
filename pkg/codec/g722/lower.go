package g722

// lowerBand is the 6-bit coder of 0 to 4 kHz (sections 3.2 to 3.6).
type lowerBand struct {
	predictor
	log   int32 // NBL: logarithm of the scale factor, 2048 to the octave
	scale int32 // DETL
}

func newLowerBand() lowerBand { return lowerBand{scale: lowerScale[0]} }

// encode makes the code word of one sample of the band.
func (l *lowerBand) encode(sample int32) uint8 {
	difference := saturate(sample - l.s) // SUBTRA
	sign := difference >> 31
	magnitude := difference ^ sign

	// QUANTL looks for the first m with magnitude < decisionLevels[m]*scale>>12.
	// That is decisionLevels[m] >= (magnitude+1)<<12 / scale, rounded up: one
	// division in place of a search.
	level := uint32((magnitude+1)<<12+l.scale-1) / uint32(l.scale)
	m := interval1[min(level, maxLevel)]
	code := lowerCodes[1+sign][m&31]
	l.adapt(code)
	return code
}

// decode makes the sample of a code word of 6 bits.
func (l *lowerBand) decode(code uint8) int32 {
	sample := l.s + l.scale*outputs6[code&63]>>15 // INVQBL, RECONS
	l.adapt(code)
	return limit(sample)
}

// adapt is what encoder and decoder do alike, with the four upper bits.
func (l *lowerBand) adapt(code uint8) {
	code = code >> 2 & 15
	difference := l.scale * outputs4[code] >> 15 // INVQAL
	l.log = nextLowerLog(l.log, code)
	l.scale = lowerScale[l.log>>6&511]
	l.update(difference)
}

// nextLowerLog is LOGSCL: a leak of 127/128, and a step by the code word.
func nextLowerLog(log int32, code uint8) int32 {
	return max(0, min(log*127>>7+lowerSteps[code], maxLowerLog))
}

// limit is LIMIT, which keeps the samples of a band to 15 bits.
func limit(v int32) int32 { return max(-16384, min(v, 16383)) }
