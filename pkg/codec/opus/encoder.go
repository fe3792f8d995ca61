//go:build cgo

package opus

/*
#include <opus.h>
#cgo noescape opus_encode
#cgo nocallback opus_encode

// cgo does not call variadic functions.
static int encoder_ctl(OpusEncoder *e, int request, opus_int32 value) {
	return opus_encoder_ctl(e, request, value);
}
#cgo noescape encoder_ctl
#cgo nocallback encoder_ctl
*/
import "C"

import (
	"fmt"
	"slices"
	"unsafe"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
)

// maxPayload keeps a packet with all its headers inside one Ethernet frame.
const maxPayload = 1200

// defaultComplexity costs half of libopus' own 10 and is hard to tell from it.
const defaultComplexity = 5

type encoder struct {
	state state // nil once closed
	rate  int
	loss  int // per cent
}

func newEncoder(rate int, p codec.Params) (codec.Encoder, error) {
	if err := checkRate(rate); err != nil {
		return nil, err
	}
	e := &encoder{newState(C.opus_encoder_get_size(1)), rate, percent(p.PacketLoss)}
	if code := C.opus_encoder_init(e.c(), C.opus_int32(rate), 1, application(rate, p)); code != C.OPUS_OK {
		return nil, failure("making an encoder", code, codec.ErrRate)
	}
	if err := e.configure(p); err != nil {
		return nil, err
	}
	return e, nil
}

func (e *encoder) c() *C.OpusEncoder { return (*C.OpusEncoder)(unsafe.Pointer(&e.state[0])) }

func (e *encoder) configure(p codec.Params) error {
	for _, setting := range []struct {
		name    string
		request C.int
		value   int
	}{
		{"bit rate", C.OPUS_SET_BITRATE_REQUEST, bitrate(e.rate, p)},
		{"complexity", C.OPUS_SET_COMPLEXITY_REQUEST, complexity(p)},
		{"VBR", C.OPUS_SET_VBR_REQUEST, number(!p.CBR)},
		{"FEC", C.OPUS_SET_INBAND_FEC_REQUEST, number(p.FEC)},
		{"packet loss", C.OPUS_SET_PACKET_LOSS_PERC_REQUEST, e.loss},
		{"DTX", C.OPUS_SET_DTX_REQUEST, number(p.DTX)},
		{"bandwidth", C.OPUS_SET_MAX_BANDWIDTH_REQUEST, bandwidth(p.MaxPlaybackRate)},
	} {
		if code := C.encoder_ctl(e.c(), setting.request, C.opus_int32(setting.value)); code != C.OPUS_OK {
			return failure(fmt.Sprintf("setting %s to %d", setting.name, setting.value), code, codec.ErrFmtp)
		}
	}
	return nil
}

// celtBitrate is from where the transform layer alone carries full band speech well. RFC 6716 section 2.1.1 puts it within the
// "sweet spot" of full band speech, 28 to 40 kbit/s.
const celtBitrate = 40000

// application leaves the SILK layer out where there are bits enough to do without: it is two thirds of the work of an encode (139
// against 47 µs) and a third of a decode, and its one pitch predictor fits one voice better than a mix of several. libopus comes back to
// SILK by itself when in-band FEC is on and more than 5 % of packets get lost. DTX for other than digital silence is SILK's alone.
func application(rate int, p codec.Params) C.int {
	if rate == 48000 && !p.DTX && bitrate(rate, p) >= celtBitrate {
		return C.OPUS_APPLICATION_AUDIO
	}
	return C.OPUS_APPLICATION_VOIP
}

// bitrate defaults to the upper end of what RFC 7587 section 3.1.1 recommends for
// mono speech: 8-12 kbit/s narrowband, 16-20 wideband, 28-40 full band; a little
// above it for the lower two, where a bit buys most.
func bitrate(rate int, p codec.Params) int {
	if p.Bitrate != 0 {
		return max(minBitrate, min(p.Bitrate, maxBitrate))
	}
	if p.MaxPlaybackRate != 0 {
		rate = min(rate, p.MaxPlaybackRate)
	}
	switch {
	case rate > 16000:
		return celtBitrate
	case rate > 8000:
		return 24000
	}
	return 16000
}

func complexity(p codec.Params) int {
	if p.Complexity == 0 {
		return defaultComplexity
	}
	return max(1, min(p.Complexity, 10))
}

// bandwidth is the widest audio bandwidth a receiver of this sampling rate can
// play: RFC 7587 section 6.1, "an encoder SHOULD NOT encode frequencies above
// the audio bandwidth specified by maxplaybackrate". 0 is unlimited.
func bandwidth(playback int) int {
	switch {
	case playback == 0 || playback >= 40000:
		return C.OPUS_BANDWIDTH_FULLBAND
	case playback >= 24000:
		return C.OPUS_BANDWIDTH_SUPERWIDEBAND
	case playback >= 16000:
		return C.OPUS_BANDWIDTH_WIDEBAND
	case playback >= 12000:
		return C.OPUS_BANDWIDTH_MEDIUMBAND
	}
	return C.OPUS_BANDWIDTH_NARROWBAND
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Encode takes 10, 20, 40 or 60 ms and makes one Opus frame of it.
func (e *encoder) Encode(dst []byte, pcm []int16) ([]byte, error) {
	if e.state == nil {
		return dst, fmt.Errorf("opus: encoding: %w", codec.ErrClosed)
	}
	switch len(pcm) * 100 {
	case e.rate, 2 * e.rate, 4 * e.rate, 6 * e.rate:
	default:
		return dst, fmt.Errorf("opus: encoding %d samples at %d Hz: %w", len(pcm), e.rate, codec.ErrFrame)
	}
	dst = slices.Grow(dst, maxPayload)
	out := dst[len(dst) : len(dst)+maxPayload]
	n := C.opus_encode(e.c(), (*C.opus_int16)(unsafe.Pointer(&pcm[0])), C.int(len(pcm)),
		(*C.uchar)(unsafe.Pointer(&out[0])), maxPayload)
	if n < 0 {
		return dst, failure("encoding", C.int(n), codec.ErrFrame)
	}
	return dst[:len(dst)+int(n)], nil
}

// Independent makes the following frames decodable without the frames before
// them, at some cost in quality, until it is switched off again.
func (e *encoder) Independent(on bool) { e.control(C.OPUS_SET_PREDICTION_DISABLED_REQUEST, number(on)) }

// CopyFrom makes e go on where another Opus encoder stands. opus.h: "the encoder
// state is always continuous in memory and only a shallow copy is sufficient to
// copy it".
func (e *encoder) CopyFrom(from codec.Encoder) bool {
	other, ok := from.(*encoder)
	if !ok || e.rate != other.rate || e.state == nil || other.state == nil {
		return false
	}
	copy(e.state, other.state)
	e.control(C.OPUS_SET_PACKET_LOSS_PERC_REQUEST, e.loss)
	return true
}

// SetPacketLoss arms the following frames against so much loss. With in-band FEC that brings their copies, and the SILK layer that has them.
func (e *encoder) SetPacketLoss(loss int) {
	if loss = percent(loss); loss != e.loss {
		e.loss = loss
		e.control(C.OPUS_SET_PACKET_LOSS_PERC_REQUEST, loss)
	}
}

func percent(n int) int { return max(0, min(n, 100)) }

// Reset forgets the past and keeps the settings.
func (e *encoder) Reset() { e.control(C.OPUS_RESET_STATE, 0) }

// control makes a request that cannot fail.
func (e *encoder) control(request C.int, value int) {
	if e.state != nil {
		C.encoder_ctl(e.c(), request, C.opus_int32(value))
	}
}

func (e *encoder) Close() { e.state = nil }
