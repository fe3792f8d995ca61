package sdp

import (
	"strconv"

	pion "github.com/pion/sdp/v3"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
)

// Answer answers an offer with one audio line: the first that we can take, in one codec. RFC 3264 section 6: "For each "m="
// line in the offer, there MUST be a corresponding "m=" line in the answer"; all others get port 0. An offer without audio we
// can take is a *NotAcceptableError.
//
// How the media is protected is chosen by the policy of caps, and what the offer has: see Stream.Security. Required with an
// offer that cannot be protected, None with one that must be, are a *NotAcceptableError too.
func Answer(offer *Description, local Local, caps Capabilities) (*Description, *Negotiated, error) {
	return answerAfter(offer, local, caps, nil)
}

// answerAfter knows what was agreed before; nil at first.
func answerAfter(offer *Description, local Local, caps Capabilities, past *Stream) (*Description, *Negotiated, error) {
	lines := offer.lines()
	chosen, err := choose(lines, local, caps, past)
	if err != nil {
		return nil, nil, err
	}
	chosen.stream.follow(past)
	media := make([]*pion.MediaDescription, len(lines))
	for i, l := range lines {
		media[i] = refuse(l)
	}
	offered := lines[chosen.stream.Index]
	media[chosen.stream.Index] = chosen.line(local, offered, caps)
	attributes := chosen.stream.group(offered)
	if chosen.stream.RemoteICE != nil && local.ICE.Lite {
		attributes = append(attributes, pion.NewAttribute("ice-lite", ""))
	}
	// RFC 3264 section 6: "The "t=" line in the answer MUST equal that of the offer."
	return local.describe(offer.session.TimeDescriptions, attributes, media), &Negotiated{Audio: chosen.stream}, nil
}

// agreed is an offered line we take, and the formats of our answer to it.
type agreed struct {
	stream  *Stream
	formats []format
	protos  []string
}

// choose takes the first audio line we can use with encryption, else the first we can use: some telephones offer both as two
// lines. When there is none, the first one in use says why.
func choose(lines []line, local Local, caps Capabilities, past *Stream) (clear *agreed, _ error) {
	var why *NotAcceptableError
	for _, l := range lines {
		if !l.isAudio() || !l.open() {
			continue
		}
		a, err := agree(l, local, caps, past)
		switch {
		case err == nil && a.stream.Security != Clear:
			return a, nil
		case err == nil && clear == nil:
			clear = a
		case err != nil && why == nil:
			why = err
		}
	}
	if clear != nil {
		return clear, nil
	}
	if why == nil {
		why = notAcceptable(WarnMediaType)
	}
	return nil, why
}

func agree(l line, local Local, caps Capabilities, past *Stream) (*agreed, *NotAcceptableError) {
	profile, ok := profileOf(l.protocol())
	if !ok {
		return nil, notAcceptable(WarnTransportProtocol)
	}
	stream, err := l.remote(local.ICE != nil)
	if err != nil {
		return nil, err
	}
	if addr := stream.Remote.Addr(); stream.RemoteICE == nil && addr.Is4() != local.Addr.Addr().Unmap().Is4() && !addr.IsUnspecified() {
		return nil, notAcceptable(WarnNetworkAddress)
	}
	if err := stream.protect(l, profile, local, caps, past); err != nil {
		return nil, err
	}
	formats := l.formats(caps.Codecs)
	audio, ok := stream.pickCodec(formats, caps)
	if !ok {
		return nil, notAcceptable(WarnMediaFormat)
	}
	stream.Direction = stream.Direction.And(local.Direction)
	if caps.RTCPMux && l.transport().has("rtcp-mux") {
		stream.multiplex()
	}
	stream.control(l, profile, caps)
	stream.Receive = map[uint8]*codec.Codec{audio.number: stream.Send.Codec}
	audio.fmtp = stream.Send.Codec.Fmtp
	return &agreed{stream: stream, formats: append([]format{audio}, stream.pickOthers(formats, caps)...), protos: l.MediaName.Protos}, nil
}

// pickCodec chooses what both can do. RFC 3264 section 6.1: "it is RECOMMENDED that unless there is a specific reason, the
// answerer list formats in the same relative order they were present in the offer." So the offerer's first is taken, unless
// our order is to decide.
func (s *Stream) pickCodec(formats []format, caps Capabilities) (picked format, ok bool) {
	best := len(caps.Codecs)
	for _, f := range formats {
		for rank, c := range caps.Codecs {
			if rank >= best || !f.carries(c) {
				continue
			}
			params, err := c.ParseFmtp(f.fmtp)
			if err != nil {
				continue
			}
			picked, ok, best = f, true, rank
			s.Send = Send{Codec: c, PayloadType: f.number, Params: params}
		}
		if ok && !caps.PreferOurs {
			break
		}
	}
	return picked, ok
}

// pickOthers chooses what goes with the codec: telephone-event and comfort noise.
func (s *Stream) pickOthers(formats []format, caps Capabilities) (others []format) {
	clock := s.Send.Codec.ClockRate
	if f, ok := pickTelephoneEvent(formats, clock); ok {
		s.TelephoneEvent, s.TelephoneClock, s.Digits = f.number, f.clock, digits(f.fmtp)
		f.fmtp = ourEvents
		others = append(others, f)
	}
	if f, ok := pickComfortNoise(formats, clock); ok && caps.ComfortNoise {
		s.ComfortNoise = f.number
		f.fmtp = ""
		others = append(others, f)
	}
	if f, ok := pickRTX(formats, s.Send); ok && s.Feedback.NACK {
		s.RTX = f.number
		f.fmtp = apt(s.Send.PayloadType)
		others = append(others, f)
	}
	return others
}

// ourEvents are the events we take: the sixteen keys (RFC 4733 section 3.2).
const ourEvents = "0-15"

// line is our m-line in the answer: the offerer's payload types, protocol and mid.
func (a *agreed) line(local Local, offered line, caps Capabilities) *pion.MediaDescription {
	s := a.stream
	m := local.audio(a.protos, a.formats, s.Ptime, s.Direction)
	m.MediaName.Media = offered.MediaName.Media
	if s.RTCPMux {
		add(m, "rtcp-mux", "")
	}
	if s.MID != "" {
		add(m, "mid", s.MID)
	}
	s.write(m)
	if offered.encryption() != "" {
		add(m, "encryption", string(caps.Policy.encryption()))
	}
	if s.RemoteICE != nil {
		local.ICE.write(m)
	}
	writeControl(m, strconv.Itoa(int(s.Send.PayloadType)), s.Feedback, s.RTCPRsize, s.XR, s.Extensions)
	local.source(m, offered.isBrowser(), offered.has("x-ssrc-range"))
	return m
}

// refuse is the m-line that declines. RFC 3264 section 6: "To reject an offered stream, the port number in the corresponding
// stream in the answer MUST be set to zero. Any media formats listed are ignored. At least one MUST be present, as specified by
// SDP."
func refuse(l line) *pion.MediaDescription {
	m := &pion.MediaDescription{MediaName: pion.MediaName{Media: l.MediaName.Media, Protos: l.MediaName.Protos, Formats: l.MediaName.Formats[:1]}}
	if mid := l.mid(); mid != "" {
		add(m, "mid", mid)
	}
	return m
}
