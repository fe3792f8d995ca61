package g722

import (
	"fmt"
	"slices"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
)

const rate = 16000 // Hz, of the samples

// G722 is the row of the codec. RFC 3551 section 4.5.2: "Even though the actual
// sampling rate for G.722 audio is 16,000 Hz, the RTP clock rate for the G722
// payload format is 8,000 Hz".
var G722 = &codec.Codec{
	Name:        "G722",
	PayloadType: 9,
	ClockRate:   8000,
	Channels:    1,
	Rates:       []int{rate},
	ParseFmtp:   func(string) (codec.Params, error) { return codec.Params{}, nil },
	Duration:    func(payload []byte) int { return len(payload) },
	NewEncoder:  newEncoder,
	NewDecoder:  newDecoder,
	WarmUp:      160 * time.Millisecond,
	NewMeter:    func() codec.Meter { return new(meter) },
}

// encoder is figure 4 of the Recommendation.
type encoder struct {
	qmf    analysis
	lower  lowerBand
	higher higherBand
}

func newEncoder(hz int, _ codec.Params) (codec.Encoder, error) {
	if hz != rate {
		return nil, fmt.Errorf("G722 encoder at %d Hz: %w", hz, codec.ErrRate)
	}
	e := new(encoder)
	e.Reset()
	return e, nil
}

// Encode makes a byte of each pair of samples.
func (e *encoder) Encode(dst []byte, pcm []int16) ([]byte, error) {
	if len(pcm)%2 != 0 {
		return dst, fmt.Errorf("G722: %d samples are not pairs: %w", len(pcm), codec.ErrFrame)
	}
	dst = slices.Grow(dst, len(pcm)/2)
	for len(pcm) > 0 {
		n := e.qmf.fill(pcm)
		pcm = pcm[2*n:]
		for i := range n {
			low, high := e.qmf.bands(i)
			dst = append(dst, e.higher.encode(high)<<6|e.lower.encode(low))
		}
		e.qmf.forget(n)
	}
	return dst, nil
}

func (e *encoder) Reset() { *e = encoder{lower: newLowerBand(), higher: newHigherBand()} }

func (e *encoder) Close() {}

// CopyFrom makes e go on where another G.722 encoder stands.
func (e *encoder) CopyFrom(from codec.Encoder) bool {
	other, ok := from.(*encoder)
	if ok {
		*e = *other
	}
	return ok
}

// decoder is figure 5 of the Recommendation. One that starts in the middle of a
// stream begins softly and fades in: the signal to noise ratio, against a decoder
// that never slept, is 0 dB in the first packet of 20 ms, 10 dB after 4 packets and
// 20 dB after 7 (median of speech; 10 packets at worst).
type decoder struct {
	qmf    synthesis
	lower  lowerBand
	higher higherBand
}

func newDecoder(hz int) (codec.Decoder, error) {
	if hz != rate {
		return nil, fmt.Errorf("G722 decoder at %d Hz: %w", hz, codec.ErrRate)
	}
	d := new(decoder)
	d.Reset()
	return d, nil
}

// Decode makes two samples of each byte.
func (d *decoder) Decode(dst []int16, payload []byte) ([]int16, error) {
	if len(payload) == 0 {
		return dst, fmt.Errorf("G722: empty: %w", codec.ErrPayload)
	}
	n := len(dst)
	dst = slices.Grow(dst, 2*len(payload))[:n+2*len(payload)]
	out := dst[n:]
	for len(payload) > 0 {
		codes := payload[:min(chunk, len(payload))]
		for i, code := range codes {
			d.qmf.put(i, d.lower.decode(code&63), d.higher.decode(code>>6))
		}
		d.qmf.samples(out[:2*len(codes)])
		out, payload = out[2*len(codes):], payload[len(codes):]
	}
	return dst, nil
}

func (d *decoder) Reset() { *d = decoder{lower: newLowerBand(), higher: newHigherBand()} }

func (d *decoder) Close() {}
