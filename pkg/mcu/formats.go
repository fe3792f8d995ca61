package mcu

import (
	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/sdp"
)

// formats are the payload types a peer may send, telephone-event and comfort noise included.
func formats(audio *sdp.Stream) map[uint8]*codec.Codec {
	all := make(map[uint8]*codec.Codec, len(audio.Receive)+2)
	for number, c := range audio.Receive {
		all[number] = c
	}
	if audio.TelephoneEvent != 0 {
		all[audio.TelephoneEvent] = &codec.Codec{Name: "telephone-event", PayloadType: codec.Dynamic, ClockRate: audio.TelephoneClock, Channels: 1}
	}
	if audio.ComfortNoise != 0 {
		all[audio.ComfortNoise] = &comfortNoise
	}
	return all
}

// comfortNoise is the row of RFC 3389.
var comfortNoise = codec.Codec{Name: "CN", PayloadType: 13, ClockRate: 8000, Channels: 1}
