package badnet_test

import (
	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/media"
)

// armed is a codec whose encoder has heard of loss before the call begins, and stays as it is: so it sends the same packets over a good network
// and over a bad one. Codecs without in-band FEC are what they were.
func armed(c *codec.Codec) *codec.Codec {
	row := *c
	row.NewEncoder = func(rate int, p codec.Params) (codec.Encoder, error) {
		p.PacketLoss = media.ArmedLoss
		e, err := c.NewEncoder(rate, p)
		return struct{ codec.Encoder }{e}, err
	}
	return &row
}
