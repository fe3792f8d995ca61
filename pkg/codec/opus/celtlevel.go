package opus

import (
	"math"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
)

const (
	celtBands     = 21
	celtFullScale = 94 // dB of a frame at 0 dBov, found by decoding
)

// Inverse cumulative frequencies, in 1/4.
var (
	smallSteps = []uint8{2, 1, 0} // section 4.3.2.1: for an energy when there is no room for more
	tapsets    = []uint8{2, 1, 0} // section 4.3.7.1
)

// bandEdges are where the bands begin, in units of 200 Hz (section 4.3, table 55).
var bandEdges = [celtBands + 1]float64{0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 34, 40, 48, 60, 78, 100}

// bandMeans are what coarse energies are relative to, in 6 dB (e_means of the reference decoder).
var bandMeans = [celtBands]float64{
	6.4375, 6.25, 5.75, 5.3125, 5.0625, 4.8125, 4.5, 4.375, 4.875, 4.6875, 4.5625, 4.4375, 4.875, 4.625, 4.3125, 4.5, 4.375, 4.625, 4.75, 4.4375, 3.75,
}

// prediction of a band from the frame before and from the band below it, by frame size from 2.5 to 20 ms (section 4.3.2.1).
var (
	predictTime  = [4]float64{29440. / 32768, 26112. / 32768, 21248. / 32768, 16384. / 32768}
	predictBand  = [4]float64{30147. / 32768, 22282. / 32768, 12124. / 32768, 6554. / 32768}
	predictIntra = 4915. / 32768
)

// energyModel holds, by frame size and by whether it is an intra frame, the probability of 0 and the decay of each band's Laplace
// distribution, in 1/256 (e_prob_model of the reference decoder).
var energyModel = [4][2][2 * celtBands]uint8{
	{
		{72, 127, 65, 129, 66, 128, 65, 128, 64, 128, 62, 128, 64, 128, 64, 128, 92, 78, 92, 79, 92, 78, 90, 79, 116, 41, 115, 40, 114, 40, 132, 26, 132, 26, 145, 17, 161, 12, 176, 10, 177, 11},
		{24, 179, 48, 138, 54, 135, 54, 132, 53, 134, 56, 133, 55, 132, 55, 132, 61, 114, 70, 96, 74, 88, 75, 88, 87, 74, 89, 66, 91, 67, 100, 59, 108, 50, 120, 40, 122, 37, 97, 43, 78, 50},
	},
	{
		{83, 78, 84, 81, 88, 75, 86, 74, 87, 71, 90, 73, 93, 74, 93, 74, 109, 40, 114, 36, 117, 34, 117, 34, 143, 17, 145, 18, 146, 19, 162, 12, 165, 10, 178, 7, 189, 6, 190, 8, 177, 9},
		{23, 178, 54, 115, 63, 102, 66, 98, 69, 99, 74, 89, 71, 91, 73, 91, 78, 89, 86, 80, 92, 66, 93, 64, 102, 59, 103, 60, 104, 60, 117, 52, 123, 44, 138, 35, 133, 31, 97, 38, 77, 45},
	},
	{
		{61, 90, 93, 60, 105, 42, 107, 41, 110, 45, 116, 38, 113, 38, 112, 38, 124, 26, 132, 27, 136, 19, 140, 20, 155, 14, 159, 16, 158, 18, 170, 13, 177, 10, 187, 8, 192, 6, 175, 9, 159, 10},
		{21, 178, 59, 110, 71, 86, 75, 85, 84, 83, 91, 66, 88, 73, 87, 72, 92, 75, 98, 72, 105, 58, 107, 54, 115, 52, 114, 55, 112, 56, 129, 51, 132, 40, 150, 33, 140, 29, 98, 35, 77, 42},
	},
	{
		{42, 121, 96, 66, 108, 43, 111, 40, 117, 44, 123, 32, 120, 36, 119, 33, 127, 33, 134, 34, 139, 21, 147, 23, 152, 20, 158, 25, 154, 26, 166, 21, 173, 16, 184, 13, 184, 10, 150, 13, 139, 15},
		{22, 178, 63, 114, 74, 82, 84, 83, 92, 82, 103, 62, 96, 72, 96, 67, 101, 73, 107, 72, 113, 55, 118, 52, 125, 52, 118, 52, 117, 55, 135, 49, 137, 39, 157, 32, 145, 29, 97, 33, 77, 40},
	},
}

// emphasis is what a band counts for, as a factor of its energy: CELT codes the signal after an emphasis of high frequencies, 1 - 0.85 z⁻¹.
var emphasis = func() (table [celtBands]float64) {
	for i := range table {
		centre := 200 * (bandEdges[i] + bandEdges[i+1]) / 2
		table[i] = 1 / (1 + 0.85*0.85 - 2*0.85*math.Cos(2*math.Pi*centre/clockRate))
	}
	return table
}()

// celtEnergy follows the coarse band energies of a stream's CELT-only frames, in 6 dB and by channel. They are predicted from the frame before,
// so after a loss they need some frames to be right again.
type celtEnergy struct{ bands [2][celtBands]float64 }

func (e *celtEnergy) reset() { *e = celtEnergy{} }

// level reads the head of a frame (section 4.3, table 56) and tells how loud it is in dBov.
func (e *celtEnergy) level(t toc, frame []byte) int {
	size, bits := int(t>>3&3), 8*len(frame)
	d := newRangeDecoder(frame)
	if d.rare(15) {
		for c := range e.bands {
			for i := range e.bands[c] {
				e.bands[c][i] = -28
			}
		}
		return codec.Silence
	}
	harmonics := 0.0
	if d.tell()+16 <= bits && d.rare(1) {
		harmonics = d.postFilter(frame)
	}
	if size > 0 && d.tell()+3 <= bits {
		d.rare(3) // transient
	}
	intra := d.tell()+3 <= bits && d.rare(3)
	e.read(&d, size, intra, t, bits)
	return e.sum(t, harmonics)
}

// read is section 4.3.2.1.
func (e *celtEnergy) read(d *rangeDecoder, size int, intra bool, t toc, bits int) {
	model, inTime, inBand := &energyModel[size][0], predictTime[size], predictBand[size]
	if intra {
		model, inTime, inBand = &energyModel[size][1], 0, predictIntra
	}
	below := [2]float64{}
	for i := range t.celtBands() {
		for c := range t.channels() {
			q := float64(d.coarse(uint32(model[2*i])<<7, uint32(model[2*i+1])<<6, bits))
			e.bands[c][i] = inTime*max(-9, e.bands[c][i]) + below[c] + q
			below[c] += q - inBand*q
		}
	}
	if !t.stereo() {
		e.bands[1] = e.bands[0]
	}
}

// coarse reads one step of 6 dB, in as few bits as there are.
func (d *rangeDecoder) coarse(zero, decay uint32, bits int) int {
	switch left := bits - d.tell(); {
	case left >= 15:
		return d.laplace(zero, decay)
	case left >= 2:
		q := d.symbolIn(smallSteps, 2)
		return q>>1 ^ -(q & 1)
	case left >= 1 && d.rare(1):
		return -1
	case left >= 1:
		return 0
	}
	return -1
}

// sum adds the bands up. What is above the last band of a narrower frame is as good as silent.
func (e *celtEnergy) sum(t toc, harmonics float64) int {
	total := 0.0
	for c := range t.channels() {
		for i := range t.celtBands() {
			total += emphasis[i] * math.Exp2(2*(e.bands[c][i]+bandMeans[i]))
		}
	}
	dB := 10*math.Log10(total/float64(t.channels())) + harmonics - celtFullScale
	return int(max(codec.Silence, min(0, math.Round(dB))))
}

// celtBands is how many bands a CELT-only frame has, by its bandwidth (section 4.3 and table 2).
func (t toc) celtBands() int { return [4]int{13, 17, 19, 21}[t>>5&3] }

func (t toc) channels() int {
	if t.stereo() {
		return 2
	}
	return 1
}

// postFilter tells by how many dB the filter will raise what repeats itself: the encoder has lowered it by as much (section 4.3.7.1). The
// period and the gain are raw bits at the frame's other end.
func (d *rangeDecoder) postFilter(frame []byte) (dB float64) {
	octave := d.uniform(6)
	last := uint32(0)
	for i := range min(3, len(frame)) {
		last |= uint32(frame[len(frame)-1-i]) << (8 * i)
	}
	d.raw += 4 + octave + 3
	if d.tell()+2 <= 8*len(frame) {
		d.symbolIn(tapsets, 2)
	}
	gain := 3. / 32 * float64(last>>(4+octave)&7+1)
	return -20 * math.Log10(1-gain)
}
