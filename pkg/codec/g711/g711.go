package g711

import (
	"fmt"
	"math"
	"slices"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
)

const rate = 8000 // Hz; RTP clock and sampling rate are the same

// PCMU is µ-law, PCMA is A-law (RFC 3551 section 4.5.14).
var (
	PCMU = row("PCMU", 0, muLaw)
	PCMA = row("PCMA", 8, aLaw)
)

func row(name string, payloadType uint8, l *law) *codec.Codec {
	return &codec.Codec{
		Name:        name,
		PayloadType: payloadType,
		ClockRate:   rate,
		Channels:    1,
		Rates:       []int{rate},
		ParseFmtp:   func(string) (codec.Params, error) { return codec.Params{}, nil },
		Duration:    func(payload []byte) int { return len(payload) },
		NewEncoder: func(hz int, _ codec.Params) (codec.Encoder, error) {
			if hz != rate {
				return nil, fmt.Errorf("%s encoder at %d Hz: %w", name, hz, codec.ErrRate)
			}
			return encoder{l}, nil
		},
		NewDecoder: func(hz int) (codec.Decoder, error) {
			if hz != rate {
				return nil, fmt.Errorf("%s decoder at %d Hz: %w", name, hz, codec.ErrRate)
			}
			return decoder{l}, nil
		},
		NewMeter: func() codec.Meter { return meter{l} },
	}
}

type encoder struct{ law *law }

// Encode makes one byte of each sample; pcm may have any length.
func (e encoder) Encode(dst []byte, pcm []int16) ([]byte, error) {
	n := len(dst)
	dst = slices.Grow(dst, len(pcm))[:n+len(pcm)]
	out, table := dst[n:], &e.law.compress
	for i, sample := range pcm {
		out[i] = table[uint16(sample)>>2]
	}
	return dst, nil
}

func (encoder) Reset() {} // there is no past to forget
func (encoder) Close() {}

// CopyFrom has nothing to copy.
func (e encoder) CopyFrom(from codec.Encoder) bool { return from == codec.Encoder(e) }

type decoder struct{ law *law }

// Decode makes one sample of each byte.
func (d decoder) Decode(dst []int16, payload []byte) ([]int16, error) {
	if len(payload) == 0 {
		return dst, fmt.Errorf("empty: %w", codec.ErrPayload)
	}
	n := len(dst)
	dst = slices.Grow(dst, len(payload))[:n+len(payload)]
	out, table := dst[n:], &d.law.expand
	for i, code := range payload {
		out[i] = table[code]
	}
	return dst, nil
}

func (decoder) Reset() {}
func (decoder) Close() {}

type meter struct{ law *law }

// Level is exact: the root mean square of what decoding would give. A-law has no
// zero, its idle channel is -72 dBov.
func (m meter) Level(payload []byte) (int, codec.Voice) {
	var sum uint64
	table := &m.law.power
	for _, code := range payload {
		sum += uint64(table[code])
	}
	if sum == 0 {
		return codec.Silence, codec.VoiceUnknown
	}
	power := float64(sum) / float64(len(payload)) / (1 << 30)
	dBov := int(math.Round(10 * math.Log10(power)))
	return max(codec.Silence, min(dBov, 0)), codec.VoiceUnknown
}
