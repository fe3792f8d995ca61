package opus

import (
	"errors"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
)

// ErrUnavailable is returned by the constructors of a build without cgo.
var ErrUnavailable = errors.New("opus: built without libopus")

// clockRate is fixed: RFC 7587 section 4.1, "the RTP timestamp is incremented
// with a 48000 Hz clock rate for all modes of Opus and all sampling rates".
const clockRate = 48000

// What an encoder can be set to, bit/s (RFC 7587 section 6.1, maxaveragebitrate).
const minBitrate, maxBitrate = 6000, 510000

// rates are those of the sampling rates of libopus that the mixer works with.
var rates = [...]int{48000, 16000, 8000}

// Opus is the row of the codec. RFC 7587 section 7: "the number of channels MUST
// be 2", whatever is sent.
var Opus = &codec.Codec{
	Name:        "opus",
	PayloadType: codec.Dynamic,
	ClockRate:   clockRate,
	Channels:    2,
	Rates:       rates[:],
	Fmtp:        "minptime=10;useinbandfec=1",
	ParseFmtp:   parseFmtp,
	Duration:    duration,
	Redundant:   redundant,
	NewEncoder:  newEncoder,
	NewDecoder:  newDecoder,
	WarmUp:      160 * time.Millisecond,
	NewMeter:    func() codec.Meter { return new(meter) },
}
