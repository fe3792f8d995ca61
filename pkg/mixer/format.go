package mixer

import (
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
)

// FrameDuration is the time between two ticks, and the length of every frame.
const FrameDuration = 20 * time.Millisecond

// framesPerSecond is rate/framesPerSecond samples in a frame.
const framesPerSecond = int(time.Second / FrameDuration)

// Format is what a sink wants. Sinks of equal Format share one encode of the common mix.
type Format struct {
	Codec  *codec.Codec
	Params codec.Params
	Ptime  time.Duration // 10, 20, 30, 40 or 60 ms; anything else is 20
}

// Rate is the sample rate in Hz that the encoders of this format are made for: the best the codec has, or the lowest that serves a
// receiver who says that more would be wasted.
func (f Format) Rate() int {
	rate := f.Codec.Rates[0]
	limit := f.Params.MaxPlaybackRate
	if limit <= 0 {
		return rate
	}
	for _, candidate := range f.Codec.Rates {
		if candidate >= limit && candidate < rate {
			rate = candidate
		}
	}
	return rate
}

// normal has a Ptime of those there are, so that equal wishes compare equal.
func (f Format) normal() Format {
	switch f.Ptime {
	case 10 * time.Millisecond, 20 * time.Millisecond, 30 * time.Millisecond, 40 * time.Millisecond, 60 * time.Millisecond:
	default:
		f.Ptime = FrameDuration
	}
	return f
}

// samples of PCM in one packet.
func (f Format) samples() int { return int(int64(f.Rate()) * int64(f.Ptime) / int64(time.Second)) }

// duration of one packet in RTP clock units.
func (f Format) duration() uint32 {
	return uint32(int64(f.Codec.ClockRate) * int64(f.Ptime) / int64(time.Second))
}
