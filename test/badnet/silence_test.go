package badnet_test

import (
	"github.com/seed-f3cefc8c/focus/pkg/codec"
)

// silencing is a codec whose decoder fills with silence what is lost, and is otherwise the same.
func silencing(c *codec.Codec) *codec.Codec {
	row := *c
	row.NewDecoder = func(rate int) (codec.Decoder, error) {
		d, err := c.NewDecoder(rate)
		return silent{d}, err
	}
	return &row
}

type silent struct{ codec.Decoder }

// Conceal makes it a codec.Concealer.
func (silent) Conceal(dst []int16, samples int) ([]int16, error) {
	return append(dst, make([]int16, samples)...), nil
}
