package sdp

import (
	"fmt"

	pion "github.com/pion/sdp/v3"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
)

// Offer offers one audio line with all our codecs, best first. How it is protected is chosen by the policy of caps, and by what
// local has the keys for.
func Offer(local Local, caps Capabilities) *Description {
	return proposal{local: local, caps: caps, known: numbers{}, index: -1}.offer()
}

// proposal is what an offer is made of. A further one keeps the numbers, the protection, and the m-lines of before with the
// audio at the given index (RFC 3264 section 8: "if the previous SDP had N "m=" lines, the new SDP MUST have at least N "m="
// lines").
type proposal struct {
	local  Local
	caps   Capabilities
	known  numbers
	before []line  // our lines; none in a first offer
	index  int     // of the audio in before; -1 in a first offer
	past   *Stream // what is agreed; nil in a first offer
}

func (o proposal) offer() *Description {
	audio := o.audio()
	attributes := o.attributes(audio)
	var media []*pion.MediaDescription
	for _, l := range o.before {
		media = append(media, refuse(l))
	}
	if o.index < 0 {
		return o.local.describe(nil, attributes, append(media, audio))
	}
	media[o.index] = audio
	return o.local.describe(nil, attributes, media)
}

// audio is the m-line.
func (o proposal) audio() *pion.MediaDescription {
	local, caps, shield := o.local, o.caps, o.shield()
	m := local.audio(shield.profile.protos(), ourFormats(caps, o.known), packetLength(caps.Ptime, 0), local.Direction)
	if caps.RTCPMux {
		add(m, "rtcp-mux", "")
	}
	if mid := o.mid(); mid != "" {
		add(m, "mid", mid)
	}
	shield.write(m, local.Fingerprint)
	if o.had("encryption") {
		add(m, "encryption", string(caps.Policy.encryption()))
	}
	if local.ICE != nil {
		local.ICE.write(m)
	}
	feedback := Feedback{NACK: caps.NACK && shield.profile.feedback, TransportCC: caps.TransportCC && shield.profile.feedback}
	writeControl(m, "*", feedback, caps.RTCPRsize && shield.profile.feedback, caps.XR, o.extensions(feedback))
	local.source(m, caps.WebRTC || o.had("msid"), o.had("x-ssrc-range"))
	return m
}

// had says whether our line of before has an attribute.
func (o proposal) had(attribute string) bool { return o.index >= 0 && o.before[o.index].has(attribute) }

// mid is that of before. A browser takes only a line that has one.
func (o proposal) mid() string {
	switch {
	case o.index >= 0:
		return o.before[o.index].mid()
	case o.caps.WebRTC:
		return "0"
	}
	return ""
}

// attributes are those of the session: the group of our one line, and ICE-lite.
func (o proposal) attributes(audio *pion.MediaDescription) (attributes []pion.Attribute) {
	mid, _ := audio.Attribute("mid")
	if mid != "" && (o.caps.WebRTC || o.index >= 0 && o.before[o.index].bundle() != nil) {
		attributes = append(attributes, pion.NewAttribute("group", "BUNDLE "+mid))
	}
	if o.local.ICE != nil && o.local.ICE.Lite {
		attributes = append(attributes, pion.NewAttribute("ice-lite", ""))
	}
	return attributes
}

// extensions are those in use, or all of ours, numbered as browsers do. RFC 8285 section 5: an id keeps its meaning.
func (o proposal) extensions(f Feedback) Extensions {
	e := Extensions{AudioLevel: 1, TransportCC: 3}
	if o.past != nil {
		e = o.past.Extensions
	}
	if !o.caps.AudioLevel {
		e.AudioLevel = 0
	}
	if !f.TransportCC {
		e.TransportCC = 0
	}
	return e
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
//
// An answer that takes what was not offered, such as another key, profile or role, is an ErrAnswer.
func Complete(offer, answer *Description, caps Capabilities) (*Negotiated, error) {
	return completeAfter(offer, answer, caps, nil)
}

// completeAfter knows what was agreed before; nil at first.
func completeAfter(offer, answer *Description, caps Capabilities, past *Stream) (*Negotiated, error) {
	ours, theirs := offer.lines(), answer.lines()
	if len(ours) != len(theirs) {
		return nil, fmt.Errorf("%w: %d m= lines for %d", ErrAnswer, len(theirs), len(ours))
	}
	for i, l := range ours {
		if l.isAudio() && l.port() != 0 {
			return complete(l, theirs[i], caps, past)
		}
	}
	return nil, fmt.Errorf("%w: no audio was offered", ErrAnswer)
}

func complete(ours, theirs line, caps Capabilities, past *Stream) (*Negotiated, error) {
	if !theirs.isAudio() {
		return nil, fmt.Errorf("%w: m= line %d is not audio", ErrAnswer, theirs.index+1)
	}
	if theirs.port() == 0 {
		return nil, notAcceptable(WarnMediaType)
	}
	stream, notOK := theirs.remote(ours.ice() != nil)
	if notOK != nil {
		return nil, notOK
	}
	if err := stream.protectedBy(ours, theirs); err != nil {
		return nil, err
	}
	profile, _ := profileOf(theirs.protocol())
	if stream.Security == Clear && caps.Policy == Required {
		return nil, caps.notProtected(profile)
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
	stream.control(theirs, profile, caps)
	stream.agreedWith(ours)
	stream.follow(past)
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
