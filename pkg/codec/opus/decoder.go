//go:build cgo

package opus

/*
#include <opus.h>
#cgo noescape opus_decode
#cgo nocallback opus_decode

// cgo does not call variadic functions.
static int decoder_reset(OpusDecoder *d) { return opus_decoder_ctl(d, OPUS_RESET_STATE); }
*/
import "C"

import (
	"fmt"
	"slices"
	"unsafe"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
)

type decoder struct {
	state state // nil once closed
	rate  int
}

// newDecoder makes a mono decoder; libopus mixes a stereo stream down itself.
func newDecoder(rate int) (codec.Decoder, error) {
	if err := checkRate(rate); err != nil {
		return nil, err
	}
	d := &decoder{newState(C.opus_decoder_get_size(1)), rate}
	if code := C.opus_decoder_init(d.c(), C.opus_int32(rate), 1); code != C.OPUS_OK {
		return nil, failure("making a decoder", code, codec.ErrRate)
	}
	return d, nil
}

func (d *decoder) c() *C.OpusDecoder { return (*C.OpusDecoder)(unsafe.Pointer(&d.state[0])) }

// Decode appends what the packet holds: 2.5 to 120 ms.
func (d *decoder) Decode(dst []int16, payload []byte) ([]int16, error) {
	samples := duration(payload) * d.rate / clockRate
	if samples == 0 {
		return dst, errMalformed
	}
	return d.decode(dst, payload, samples, 0)
}

// Conceal continues the signal for samples samples, a multiple of 2.5 ms up to
// 120 ms. It fades out when it is called over and over.
func (d *decoder) Conceal(dst []int16, samples int) ([]int16, error) {
	if err := d.checkGap(samples); err != nil {
		return dst, err
	}
	return d.decode(dst, nil, samples, 0)
}

// Recover decodes the redundant copy (LBRR) of the lost packet out of next. The
// copy is of the length of one Opus frame of next; a longer gap is concealed up to it.
func (d *decoder) Recover(dst []int16, next []byte, samples int) ([]int16, error) {
	if err := d.checkGap(samples); err != nil {
		return dst, err
	}
	if !redundant(next) {
		return d.decode(dst, nil, samples, 0)
	}
	return d.decode(dst, next, samples, 1)
}

func (d *decoder) checkGap(samples int) error {
	if unit := d.rate / 400; samples <= 0 || samples%unit != 0 || samples > 48*unit {
		return fmt.Errorf("opus: concealing %d samples at %d Hz: %w", samples, d.rate, codec.ErrFrame)
	}
	return nil
}

// decode calls libopus; without a payload it conceals.
func (d *decoder) decode(dst []int16, payload []byte, samples int, fec C.int) ([]int16, error) {
	if d.state == nil {
		return dst, fmt.Errorf("opus: decoding: %w", codec.ErrClosed)
	}
	dst = slices.Grow(dst, samples)
	out := dst[len(dst) : len(dst)+samples]
	n := C.opus_decode(d.c(), (*C.uchar)(unsafe.SliceData(payload)), C.opus_int32(len(payload)),
		(*C.opus_int16)(unsafe.Pointer(&out[0])), C.int(samples), fec)
	if n < 0 {
		return dst, failure("decoding", n, codec.ErrPayload)
	}
	return dst[:len(dst)+int(n)], nil
}

func (d *decoder) Reset() {
	if d.state != nil {
		C.decoder_reset(d.c())
	}
}

func (d *decoder) Close() { d.state = nil }
