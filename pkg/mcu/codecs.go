package mcu

import (
	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/codec/g711"
	"github.com/seed-f3cefc8c/focus/pkg/codec/g722"
	"github.com/seed-f3cefc8c/focus/pkg/codec/opus"
)

// Codecs is what is offered and taken, best first. Without libopus in the build there is no Opus.
func Codecs() []*codec.Codec {
	codecs := []*codec.Codec{g722.G722, g711.PCMU, g711.PCMA}
	if opus.Available {
		codecs = append([]*codec.Codec{opus.Opus}, codecs...)
	}
	return codecs
}
