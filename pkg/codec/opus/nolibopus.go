//go:build !cgo

package opus

import "github.com/seed-f3cefc8c/focus/pkg/codec"

// Available tells whether this build can encode and decode.
const Available = false

func newEncoder(int, codec.Params) (codec.Encoder, error) { return nil, ErrUnavailable }
func newDecoder(int) (codec.Decoder, error)               { return nil, ErrUnavailable }
