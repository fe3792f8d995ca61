package badnet_test

import (
	"encoding/binary"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
)

// linear is L16 of RFC 3551 §4.5.11 with one channel: what it brings is what the server has mixed, to the bit.
func linear(rate int) *codec.Codec {
	return &codec.Codec{
		Name: "L16", PayloadType: codec.Dynamic, ClockRate: uint32(rate), Channels: 1, Rates: []int{rate},
		ParseFmtp:  func(string) (codec.Params, error) { return codec.Params{}, nil },
		Duration:   func(payload []byte) int { return len(payload) / 2 },
		NewEncoder: func(int, codec.Params) (codec.Encoder, error) { return linearCoder{}, nil },
		NewDecoder: func(int) (codec.Decoder, error) { return linearCoder{}, nil },
	}
}

type linearCoder struct{}

func (linearCoder) Encode(dst []byte, pcm []int16) ([]byte, error) {
	for _, s := range pcm {
		dst = binary.BigEndian.AppendUint16(dst, uint16(s))
	}
	return dst, nil
}

func (linearCoder) Decode(dst []int16, payload []byte) ([]int16, error) {
	for ; len(payload) >= 2; payload = payload[2:] {
		dst = append(dst, int16(binary.BigEndian.Uint16(payload)))
	}
	return dst, nil
}

func (linearCoder) Reset() {}
func (linearCoder) Close() {}
