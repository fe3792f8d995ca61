package mcu

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/mixer"
	"github.com/seed-f3cefc8c/focus/pkg/sdp"
)

// negotiated is an agreed session, and the coder made for it off the clock.
type negotiated struct {
	audio      *sdp.Stream
	format     mixer.Format
	encoder    codec.Encoder
	protection protection
}

// capabilities are what every leg can do.
func (s *Server) capabilities() sdp.Capabilities {
	return sdp.Capabilities{
		Codecs: s.config.Codecs, RTCPMux: true, ComfortNoise: true,
		RTCPRsize: true, NACK: true, TransportCC: true, XR: sdp.XR{ReceiverRTT: true, VoIPMetrics: true},
	}
}

// negotiate takes one step of offer/answer (RFC 3264): it reads what came and returns what to send back, which is nil after an
// answer, and what was agreed, which is nil after an offer of ours.
func (l *Leg) negotiate(in *confinfo.SDP) (out *confinfo.SDP, agreed *negotiated, err error) {
	out, agreed, err = l.step(in)
	return out, agreed, l.advise(err)
}

func (l *Leg) step(in *confinfo.SDP) (out *confinfo.SDP, agreed *negotiated, err error) {
	if in == nil || in.Type == sdpRequest {
		if err := l.beginICE(); err != nil {
			return nil, nil, err
		}
		return &confinfo.SDP{Type: confinfo.SDPOffer, Text: l.session.Offer(l.local(), l.capabilities()).String()}, nil, nil
	}
	description, err := sdp.Parse(in.Text)
	if err != nil {
		return nil, nil, err
	}
	if in.Type == confinfo.SDPAnswer {
		stream, err := l.session.Complete(description, l.capabilities())
		if err != nil {
			return nil, nil, err
		}
		agreed, err = l.begin(stream.Audio, true)
		return nil, agreed, err
	}
	return l.answer(description)
}

// answer answers an offer.
func (l *Leg) answer(offer *sdp.Description) (out *confinfo.SDP, agreed *negotiated, err error) {
	undo, err := l.answerICE(offer)
	if err != nil {
		return nil, nil, err
	}
	answer, stream, err := l.session.Answer(offer, l.local(), l.capabilities())
	if err == nil {
		agreed, err = l.begin(stream.Audio, false)
	}
	if err != nil {
		undo()
		return nil, nil, err
	}
	return &confinfo.SDP{Type: confinfo.SDPAnswer, Text: answer.String()}, agreed, nil
}

// begin prepares what was agreed on, and looks for the path to the peer; offered is whether the offer was ours.
func (l *Leg) begin(audio *sdp.Stream, offered bool) (*negotiated, error) {
	agreed, err := prepare(audio, !offered)
	if err != nil {
		return nil, err
	}
	if err := l.startICE(audio, offered); err != nil {
		agreed.encoder.Close()
		return nil, err
	}
	return agreed, nil
}

// sdpRequest asks for a new offer, as a re-INVITE without a body does.
const sdpRequest = "request"

func (l *Leg) capabilities() sdp.Capabilities {
	caps := l.conference.server.capabilities()
	caps.Policy, caps.SDES, caps.DTLS, caps.WebRTC = l.policy(), l.tellsKeys(), true, l.browser
	return caps
}

func (l *Leg) local() sdp.Local {
	local := l.located()
	local.Crypto, local.Fingerprint, local.Setup = l.freshKeys(), l.fingerprint(), likedSetup
	return local
}

// prepare makes the leg's own encoder, which is needed from the first moment in which the leg is heard, and reads its keys. answered says that
// what was agreed is our answer.
func prepare(audio *sdp.Stream, answered bool) (*negotiated, error) {
	protection, err := protectionOf(audio, answered)
	if err != nil {
		return nil, err
	}
	c := audio.Send.Codec
	format := mixer.Format{Codec: c, Params: audio.Send.Params, Ptime: audio.Ptime}
	encoder, err := c.NewEncoder(format.Rate(), audio.Send.Params)
	if err != nil {
		return nil, fmt.Errorf("encoder of %s: %w", c.Name, err)
	}
	return &negotiated{audio: audio, format: format, encoder: encoder, protection: protection}, nil
}

// signallingHosts reads the host out of the URI that the focus names the endpoint's signalling by, such as sip:192.0.2.7. A
// phone behind NAT sends its media from there.
func signallingHosts(uri string) []netip.Addr {
	_, host, ok := strings.Cut(uri, ":")
	if !ok {
		return nil
	}
	if at := strings.LastIndexByte(host, '@'); at >= 0 {
		host = host[at+1:]
	}
	host, _, _ = strings.Cut(host, ";")
	if addr, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return []netip.Addr{addr.Unmap()}
	}
	if ap, err := netip.ParseAddrPort(host); err == nil {
		return []netip.Addr{ap.Addr().Unmap()}
	}
	return nil
}

// locate changes where the leg's signalling comes from, if it is said.
func (l *Leg) locate(uri string) {
	if hosts := signallingHosts(uri); hosts != nil {
		l.hosts = hosts
	}
}

// mediaOf is the roster's view of a leg's audio. Its status and its codecs are seen from the client.
func (l *Leg) mediaOf() []confinfo.Media {
	m := confinfo.Media{
		ID: audioMedia, Type: "audio", Label: "main-audio", SrcID: fmt.Sprint(l.sender.SSRC()),
		Status:        l.direction.Reverse().String(),
		IngressFilter: filter(l.muted), EgressFilter: filter(l.deaf), Protection: l.protection, Sends: l.sends,
	}
	if l.format.Codec != nil {
		m.Receives = l.format.Codec.Name
	}
	return []confinfo.Media{m}
}

// expected is the codec in which the client will send: the only one that was agreed, or of several the one in which it is sent to, as most do.
func expected(audio *sdp.Stream) string {
	name := audio.Send.Codec.Name
	if len(audio.Receive) == 1 {
		for _, c := range audio.Receive {
			name = c.Name
		}
	}
	return name
}

// audioMedia is the id of the one audio stream of an endpoint.
const audioMedia = "1"

func filter(blocked bool) string {
	if blocked {
		return confinfo.Block
	}
	return confinfo.Unblock
}

// described is what a response says of a leg.
func (l *Leg) described(out *confinfo.SDP) confinfo.Endpoint {
	return confinfo.Endpoint{
		Entity: l.endpoint, SessionType: confinfo.SessionAudioVideo, Status: confinfo.StatusConnected,
		JoiningMethod: confinfo.DialedIn, Media: l.mediaOf(), SDP: out,
	}
}
