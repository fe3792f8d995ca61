package sdp

import (
	"strconv"
	"strings"

	pion "github.com/pion/sdp/v3"
)

// Feedback is RTCP feedback, for what we send and for what we receive alike (RFC 4585).
type Feedback struct {
	AVPF        bool // the profile has it: RTCP may be sent early
	NACK        bool // generic NACK (section 6.2.1)
	TransportCC bool // transport-wide congestion feedback; also needs Extensions.TransportCC
}

// XR are the extended reports of RFC 3611 that are sent both ways.
type XR struct {
	ReceiverRTT bool // receiver reference time and DLRR: "rcvr-rtt=all"
	VoIPMetrics bool // "voip-metrics"
}

// Extensions are the ids of RTP header extensions in the one-byte form (RFC 8285), 1 to 14; 0: not agreed.
type Extensions struct {
	AudioLevel  uint8 // RFC 6464
	TransportCC uint8 // transport-wide sequence numbers
}

const (
	audioLevelURI  = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
	transportCCURI = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
)

// feedback is what the line says of a payload type. Other kinds, such as ccm and trr-int, are not ours.
func (l line) feedback(number uint8, p profile) Feedback {
	f := Feedback{AVPF: p.feedback}
	if !p.feedback {
		return f
	}
	for _, value := range l.values("rtcp-fb") {
		fields := strings.Fields(value)
		if len(fields) != 2 || fields[0] != "*" && fields[0] != strconv.Itoa(int(number)) {
			continue
		}
		f.NACK = f.NACK || fields[1] == "nack"
		f.TransportCC = f.TransportCC || fields[1] == "transport-cc"
	}
	return f
}

// xr is what the line, else the session, says (RFC 3611 section 5.1).
func (l line) xr() (xr XR) {
	values := l.values("rtcp-xr")
	if len(values) == 0 {
		values = valuesOf(l.session.Attributes, "rtcp-xr")
	}
	for _, value := range values {
		for _, format := range strings.Fields(value) {
			mode, _, _ := strings.Cut(strings.TrimPrefix(format, "rcvr-rtt="), ":")
			xr.ReceiverRTT = xr.ReceiverRTT || strings.HasPrefix(format, "rcvr-rtt=") && (mode == "all" || mode == "sender")
			xr.VoIPMetrics = xr.VoIPMetrics || format == "voip-metrics"
		}
	}
	return xr
}

// extensions are the ids of those we know, and of those that the peer does not want just now, 0.
func (l line) extensions() (e Extensions) {
	values := l.values("extmap")
	if len(values) == 0 {
		values = valuesOf(l.session.Attributes, "extmap")
	}
	taken := map[uint64]bool{}
	for _, value := range values {
		fields := strings.Fields(value)
		if len(fields) < 2 {
			continue
		}
		id, direction, _ := strings.Cut(fields[0], "/")
		n, err := strconv.ParseUint(id, 10, 8)
		if err != nil || n < 1 || n > 14 || taken[n] {
			continue
		}
		taken[n] = true
		e.learn(fields[1], uint8(n), direction)
	}
	return e
}

// learn takes an id for what flows both ways: one direction is of no use to a mixer that reads and writes both.
func (e *Extensions) learn(uri string, id uint8, direction string) {
	if direction != "" && direction != "sendrecv" {
		return
	}
	switch {
	case uri == audioLevelURI && e.AudioLevel == 0:
		e.AudioLevel = id
	case uri == transportCCURI && e.TransportCC == 0:
		e.TransportCC = id
	}
}

// control is what of RTCP and of header extensions the line's side and ours have in common.
func (s *Stream) control(l line, p profile, caps Capabilities) {
	s.Feedback = l.feedback(s.Send.PayloadType, p)
	s.Feedback.NACK = s.Feedback.NACK && caps.NACK
	s.Feedback.TransportCC = s.Feedback.TransportCC && caps.TransportCC
	s.RTCPRsize = p.feedback && caps.RTCPRsize && l.has("rtcp-rsize") // RFC 5506 changes the rules of RFC 4585
	xr := l.xr()
	s.XR = XR{ReceiverRTT: xr.ReceiverRTT && caps.XR.ReceiverRTT, VoIPMetrics: xr.VoIPMetrics && caps.XR.VoIPMetrics}
	s.Extensions = l.extensions()
	if !caps.AudioLevel {
		s.Extensions.AudioLevel = 0
	}
	if !s.Feedback.TransportCC {
		s.Extensions.TransportCC = 0
	}
	s.Feedback.TransportCC = s.Extensions.TransportCC != 0
}

// agreedWith leaves what both the answer and our offer say.
func (s *Stream) agreedWith(ours line) {
	if e := ours.extensions(); s.Extensions.AudioLevel != e.AudioLevel {
		s.Extensions.AudioLevel = 0
	}
	if e := ours.extensions(); s.Extensions.TransportCC != e.TransportCC {
		s.Extensions.TransportCC, s.Feedback.TransportCC = 0, false
	}
	p, _ := profileOf(ours.protocol())
	offered := ours.feedback(s.Send.PayloadType, p)
	s.Feedback.NACK = s.Feedback.NACK && offered.NACK
	s.RTCPRsize = s.RTCPRsize && ours.has("rtcp-rsize")
	xr := ours.xr()
	s.XR = XR{ReceiverRTT: s.XR.ReceiverRTT && xr.ReceiverRTT, VoIPMetrics: s.XR.VoIPMetrics && xr.VoIPMetrics}
}

// writeControl says what was agreed, or is offered; number is the payload type of the feedback, "*" for all.
func writeControl(m *pion.MediaDescription, number string, f Feedback, rsize bool, xr XR, e Extensions) {
	if rsize {
		add(m, "rtcp-rsize", "")
	}
	if f.NACK {
		add(m, "rtcp-fb", number+" nack")
	}
	if f.TransportCC {
		add(m, "rtcp-fb", number+" transport-cc")
	}
	if xr != (XR{}) {
		add(m, "rtcp-xr", xr.String())
	}
	if e.AudioLevel != 0 {
		add(m, "extmap", strconv.Itoa(int(e.AudioLevel))+" "+audioLevelURI)
	}
	if e.TransportCC != 0 {
		add(m, "extmap", strconv.Itoa(int(e.TransportCC))+" "+transportCCURI)
	}
}

// String is the value of a=rtcp-xr.
func (xr XR) String() string {
	var formats []string
	if xr.ReceiverRTT {
		formats = append(formats, "rcvr-rtt=all")
	}
	if xr.VoIPMetrics {
		formats = append(formats, "voip-metrics")
	}
	return strings.Join(formats, " ")
}
