package sdp

import (
	"fmt"

	pion "github.com/pion/sdp/v3"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
)

// Offer offers one audio line with all our codecs, best first.
func Offer(local Local, caps Capabilities) *Description {
	return offer(local, caps, numbers{}, nil, -1)
}

// offer writes an offer that keeps the numbers, and the m-lines of before with the audio at the given index (RFC 3264
// section 8: "if the previous SDP had N "m=" lines, the new SDP MUST have at least N "m=" lines").
func offer(local Local, caps Capabilities, known numbers, before []line, index int) *Description {
	ptime := packetLength(caps.Ptime, 0)
	protos := []string{"RTP", "AVP"}
	if index >= 0 {
		protos = before[index].MediaName.Protos
	}
	audio := local.audio(protos, ourFormats(caps, known), ptime, local.Direction)
	if caps.RTCPMux {
		add(audio, "rtcp-mux", "")
	}
	var media []*pion.MediaDescription
	for _, l := range before {
		media = append(media, refuse(l))
	}
	if index < 0 {
		return local.describe(nil, append(media, audio))
	}
	if mid, ok := before[index].Attribute("mid"); ok {
		add(audio, "mid", mid)
	}
	media[index] = audio
	return local.describe(nil, media)
}

// ourFormats are all our codecs, a telephone-event for each of their clock rates, and comfort noise. What finds no free number
// is left out.
func ourFormats(caps Capabilities, known numbers) (formats []format) {
	clocks := map[uint32]bool{}
	var events []format
	for _, c := range caps.Codecs {
		f := format{name: c.Name, clock: c.ClockRate, channels: c.Channels, fmtp: c.Fmtp}
		formats = known.appendTo(formats, f, c.PayloadType)
		if !clocks[c.ClockRate] {
			clocks[c.ClockRate] = true
			events = append(events, format{name: telephoneEvent, clock: c.ClockRate, fmtp: ourEvents})
		}
	}
	if caps.ComfortNoise && clocks[8000] {
		formats = known.appendTo(formats, format{name: comfortNoise, clock: 8000}, staticCN)
	}
	for _, f := range events {
		preferred := codec.Dynamic
		if f.clock == 8000 {
			preferred = usualEvents
		}
		formats = known.appendTo(formats, f, preferred)
	}
	return formats
}

// usualEvents is the number everybody else gives telephone-event at 8000 Hz.
const usualEvents = 101

// numbers remembers what payload type stands for what. RFC 3264 section 8.3.2: "The mapping from a particular dynamic payload
// type number to a particular codec within that media stream MUST NOT change for the duration of a session."
type numbers map[string]uint8

// appendTo adds a format with the number it has, else the preferred one, else the next free dynamic one.
func (n numbers) appendTo(formats []format, f format, preferred uint8) []format {
	number, ok := n[f.key()]
	if !ok {
		if number, ok = n.free(preferred); !ok {
			return formats
		}
		n[f.key()] = number
	}
	f.number = number
	return append(formats, f)
}

func (n numbers) free(preferred uint8) (uint8, bool) {
	if preferred != codec.Dynamic && !n.taken(preferred) {
		return preferred, true
	}
	for number := uint8(96); number <= 127; number++ {
		if number != usualEvents && !n.taken(number) {
			return number, true
		}
	}
	return 0, false
}

func (n numbers) taken(number uint8) bool {
	for _, other := range n {
		if other == number {
			return true
		}
	}
	return false
}

// learn takes over the numbers of a line of the peer's.
func (n numbers) learn(formats []format) {
	for _, f := range formats {
		if _, known := n[f.key()]; !known && !n.taken(f.number) {
			n[f.key()] = f.number
		}
	}
}

// Complete reads the answer to our offer. We send with the payload types of the answer and receive with those of our offer
// (RFC 3264 section 5.1): both are in Receive.
func Complete(offer, answer *Description, caps Capabilities) (*Negotiated, error) {
	ours, theirs := offer.lines(), answer.lines()
	if len(ours) != len(theirs) {
		return nil, fmt.Errorf("%w: %d m= lines for %d", ErrAnswer, len(theirs), len(ours))
	}
	for i, l := range ours {
		if l.isAudio() && l.port() != 0 {
			return complete(l, theirs[i], caps)
		}
	}
	return nil, fmt.Errorf("%w: no audio was offered", ErrAnswer)
}

func complete(ours, theirs line, caps Capabilities) (*Negotiated, error) {
	if !theirs.isAudio() {
		return nil, fmt.Errorf("%w: m= line %d is not audio", ErrAnswer, theirs.index+1)
	}
	if theirs.port() == 0 {
		return nil, notAcceptable(WarnMediaType)
	}
	stream, notOK := theirs.remote()
	if notOK != nil {
		return nil, notOK
	}
	formats := theirs.formats(caps.Codecs)
	caps.PreferOurs = false // the order of the answer is the answerer's choice
	if _, ok := stream.pickCodec(formats, caps); !ok {
		return nil, notAcceptable(WarnMediaFormat)
	}
	stream.pickOthers(formats, caps)
	stream.Direction = stream.Direction.And(ours.direction())
	if ours.has("rtcp-mux") && theirs.has("rtcp-mux") {
		stream.multiplex()
	}
	stream.Receive = receivable(ours.formats(caps.Codecs), formats, caps)
	return &Negotiated{Audio: stream}, nil
}

// receivable maps the numbers of our offer, and those of the answer that mean nothing else, to the codecs of the answer.
func receivable(ours, theirs []format, caps Capabilities) map[uint8]*codec.Codec {
	receive := map[uint8]*codec.Codec{}
	for _, c := range caps.Codecs {
		for _, f := range theirs {
			if !f.carries(c) {
				continue
			}
			for _, own := range ours {
				if own.carries(c) {
					receive[own.number] = c
				}
			}
		}
	}
	meant := map[uint8]bool{}
	for _, own := range ours {
		meant[own.number] = true
	}
	for _, f := range theirs {
		for _, c := range caps.Codecs {
			if f.carries(c) && !meant[f.number] {
				receive[f.number] = c
			}
		}
	}
	return receive
}
