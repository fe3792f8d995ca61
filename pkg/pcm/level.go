package pcm

import "math"

// Silence is the level of a frame of zeros: "values from 0 to 127 … representing 0 to -127 dBov" (RFC 6464 section 3).
const Silence = -127

// Level is how loud a voice is in one frame, and whether it is taken for speech.
type Level struct {
	DBov  int  // 0 is the loudest a codec can say, Silence (-127) is nothing
	Voice bool // speech, as far as anybody can tell
}

// LevelOf returns the root mean square of frame in dBov, 0 … -127. "The audio level is the RMS value of the samples, expressed in
// -dBov" (RFC 6465 section 3); the overload point is 32768, so a full-scale sine is -3.
func LevelOf(frame []int16) int {
	energy := energyOf(frame)
	if energy == 0 {
		return Silence
	}
	mean := float64(energy) / float64(len(frame)) / (1 << 30)
	return max(Silence, min(0, int(math.Round(10*math.Log10(mean)))))
}

// energyOf adds the squares in two independent chains, so that the processor can work on both.
func energyOf(frame []int16) uint64 {
	var a, b int64
	for len(frame) >= 2 {
		x, y := int64(frame[0]), int64(frame[1])
		a += x * x
		b += y * y
		frame = frame[2:]
	}
	for _, x := range frame {
		a += int64(x) * int64(x)
	}
	return uint64(a + b)
}
