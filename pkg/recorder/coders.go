package recorder

import (
	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/codec/opus"
)

// encoderPreSkip is libopus' look-ahead at every rate, in samples at 48 kHz: what comes out of a fresh decoder starts that much late.
const encoderPreSkip = 312

// maxIdleEncoders is how many encoders wait for the next voice. A track has one only while somebody speaks on it.
const maxIdleEncoders = 8

// encoders lends out Opus encoders by sampling rate. It belongs to the writer goroutine.
type encoders struct{ idle map[int][]codec.Encoder }

// take returns an encoder without a past.
func (e *encoders) take(rate int) (codec.Encoder, error) {
	if n := len(e.idle[rate]); n > 0 {
		enc := e.idle[rate][n-1]
		e.idle[rate] = e.idle[rate][:n-1]
		enc.Reset()
		return enc, nil
	}
	return opus.Opus.NewEncoder(rate, encoderParams(rate))
}

func encoderParams(rate int) codec.Params {
	return codec.Params{Bitrate: bitrate(rate), Complexity: 5}
}

// give takes an encoder back.
func (e *encoders) give(rate int, enc codec.Encoder) {
	if len(e.idle[rate]) >= maxIdleEncoders {
		enc.Close()
		return
	}
	if e.idle == nil {
		e.idle = make(map[int][]codec.Encoder)
	}
	e.idle[rate] = append(e.idle[rate], enc)
}

func (e *encoders) close() {
	for _, list := range e.idle {
		for _, enc := range list {
			enc.Close()
		}
	}
	e.idle = nil
}

// bitrate is generous for one voice, so that what is recorded is not the weakest link.
func bitrate(rate int) int {
	switch {
	case rate <= 8000:
		return 16000
	case rate <= 16000:
		return 24000
	}
	return 32000
}
