package g722

import (
	"math"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
)

// meter follows the scale factor of the lower band, which the four upper bits of
// its code words determine: no predictor, no filter, a twentieth of decoding.
//
// The scale factor tells how large the prediction errors are. How much louder the
// signal is depends on how well it can be predicted; the constants are those of
// voices. Against decoding: voices within 5 dB most of the time, white noise (not
// to be predicted at all) 6 to 10 dB too loud, a steady tone (predicted best) 9 to
// 25 dB too soft. It forgets 1/128 with each code word, so a gap is
// forgotten within three packets.
type meter struct{ log int32 }

const (
	decibels = 6.0206 / 2048 // of one unit of the logarithmic scale factor
	offset   = -63.5         // dBov of a voice of scale factor 2^0
	knee     = 14            // dB above that; below, rounding to whole steps props the factor up
)

// Level is the loudness of the lower band, 0 to 4 kHz.
func (m *meter) Level(payload []byte) (int, codec.Voice) {
	sum, log := 0, m.log
	for _, code := range payload {
		log = nextLowerLog(log, code>>2&15)
		sum += int(log)
	}
	m.log = log
	if sum == 0 {
		return codec.Silence, codec.VoiceUnknown
	}
	gain := decibels * float64(sum) / float64(len(payload))
	level := offset + gain + min(0, gain-knee)
	return max(codec.Silence, min(int(math.Round(level)), 0)), codec.VoiceUnknown
}
