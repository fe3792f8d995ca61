package g722

// qmfCoefficients are half of those of table 11; the other half mirrors them.
// Filters are written out with them in qmf.go.

// decisionLevels is Q6 of table 14: where the 60-level quantizer of the lower
// band goes from one interval of magnitude to the next, times the scale factor.
var decisionLevels = [...]int32{
	0, 35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650,
	714, 786, 858, 940, 1023, 1121, 1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919,
}

// interval1 finds the interval of a normalized magnitude, 1 to 30, without a
// search: interval1[t] is the first m with decisionLevels[m] >= t.
var interval1 = newIntervals()

const maxLevel = 2919 + 1

func newIntervals() (t [maxLevel + 1]uint8) {
	m := uint8(1)
	for i := range t {
		for int(m) < len(decisionLevels) && decisionLevels[m] < int32(i) {
			m++
		}
		t[i] = m
	}
	return t
}

// lowerCodes are ILN and ILP of table 15: the code words of the intervals of
// negative and of positive differences.
var lowerCodes = [2][32]uint8{
	{0, 63, 62, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4},
	{0, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42, 41, 40, 39, 38, 37, 36, 35, 34, 33, 32},
}

// outputs6 is QM6 of table 17: what a code word of 6 bits means.
var outputs6 = [64]int32{
	-136, -136, -136, -136, -24808, -21904, -19008, -16704,
	-14984, -13512, -12280, -11192, -10232, -9360, -8576, -7856,
	-7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576,
	-3168, -2776, -2400, -2032, -1688, -1360, -1040, -728,
	24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192,
	10232, 9360, 8576, 7856, 7192, 6576, 6000, 5456,
	4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032,
	1688, 1360, 1040, 728, 432, 136, -432, -136,
}

// outputs4 is QM4 of table 17: what its four upper bits mean. These alone drive
// the adaptation, so that modes 2 and 3 may take the others away.
var outputs4 = [16]int32{
	0, -20456, -12896, -8968, -6288, -4240, -2584, -1200,
	20456, 12896, 8968, 6288, 4240, 2584, 1200, 0,
}

// outputs2 is QM2 of table 21, for the higher band.
var outputs2 = [4]int32{-7408, -1616, 7408, 1616}

// lowerSteps is WL of table 18 by the four upper bits (RL42 put in): how the
// logarithm of the scale factor goes on from a code word.
var lowerSteps = [16]int32{-60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60}

// higherSteps is WH of table 22 by the code word (RH2 put in).
var higherSteps = [4]int32{798, -214, 798, -214}

// inverseLog is ILB of table 19: 2048 times 2 to the power of i/32.
var inverseLog = [32]int32{
	2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834,
	2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
}

// Limits of the logarithmic scale factors (blocks LOGSCL and LOGSCH).
const (
	maxLowerLog  = 18432
	maxHigherLog = 22528
)

// lowerScale and higherScale are the blocks SCALEL and SCALEH: the scale factor
// by the upper bits of its logarithm.
var (
	lowerScale  = newScale(8, maxLowerLog)
	higherScale = newScale(10, maxHigherLog)
)

func newScale(shift, limit int) (t [512]int32) {
	for i := range limit>>6 + 1 {
		v := inverseLog[i&31]
		if n := shift - i>>5; n >= 0 {
			v >>= n
		} else {
			v <<= -n
		}
		t[i] = v << 2
	}
	return t
}
