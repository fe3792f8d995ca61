package sdp

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	pion "github.com/pion/sdp/v3"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
)

// Local is our end of the audio.
type Local struct {
	Addr      netip.AddrPort // where we receive RTP
	RTCPPort  uint16         // where we receive RTCP without multiplexing; 0 is the RTP port + 1
	Direction Direction      // what we want at most; zero is sendrecv
	SessionID uint64         // <sess-id> of our o= line
	Version   uint64         // <sess-version> of our o= line; a Session counts it

	Crypto      []Crypto    // keys to send with, one for each suite, best first; their tags do not count
	Rekey       bool        // Crypto replaces the keys in use; else a Session keeps those that it has
	Fingerprint Fingerprint // of our certificate
	Setup       Setup       // the role we like in answers: Active, unless it is Passive
	ICE         *ICE        // ours; nil: without. Addr is the default candidate then (RFC 8445 section 5.1.4)

	SSRC  uint32 // of what we send; 0: not said
	CNAME string // RFC 3550 section 6.5.1; "": not said
}

// Capabilities is what we can do.
type Capabilities struct {
	Codecs       []*codec.Codec // best first
	PreferOurs   bool           // our order decides in answers, not the offerer's
	RTCPMux      bool           // RTP and RTCP may share a port (RFC 5761)
	ComfortNoise bool           // we understand CN (RFC 3389)
	Ptime        time.Duration  // what we like to receive; zero is 20 ms

	Policy Policy // zero is Preferred
	SDES   bool   // keys may stand in descriptions: the signalling is secure (RFC 4568 section 8)
	DTLS   bool   // we can do DTLS-SRTP; needs Local.Fingerprint
	WebRTC bool   // our offers are for a browser

	RTCPRsize   bool // reduced-size RTCP (RFC 5506)
	NACK        bool // generic NACK (RFC 4585)
	TransportCC bool // transport-wide congestion feedback
	AudioLevel  bool // RFC 6464
	XR          XR   // RFC 3611
}

// Negotiated is what an offer and its answer agreed on.
type Negotiated struct {
	Audio *Stream
}

// Stream is one agreed RTP stream, seen from our side. It does not change once it is made.
type Stream struct {
	Index      int            // of its m-line, from 0
	MID        string         // a=mid, when the peer said one
	Remote     netip.AddrPort // where RTP goes; its address may be 0.0.0.0 while the direction does not send
	RemoteRTCP netip.AddrPort // where RTCP goes; invalid when there is no such port
	RTCPMux    bool           // RTP and RTCP share a port, at both ends
	Direction  Direction      // ours
	Send       Send
	Receive    map[uint8]*codec.Codec // payload types the peer may send

	TelephoneEvent uint8  // payload type, both ways; 0: not agreed
	TelephoneClock uint32 // its clock rate in Hz
	Digits         uint16 // events 0 to 15 the peer takes, bit n for event n
	ComfortNoise   uint8  // payload type, both ways; 0: not agreed
	RTX            uint8  // payload type in which packets are sent again (RFC 4588); 0: not agreed

	Ptime    time.Duration // of the packets we send: 10, 20, 30, 40 or 60 ms
	MaxPtime time.Duration // most audio per packet the peer takes; zero: not said

	Security           Security
	LocalCrypto        Crypto        // what we send with; SDES
	RemoteCrypto       Crypto        // what the peer sends with; SDES. Same suite and tag
	LocalFingerprint   Fingerprint   // DTLS
	RemoteFingerprints []Fingerprint // the peer's certificate has one of them; DTLS
	Setup              Setup         // our role: Active or Passive; DTLS
	NewDTLS            bool          // a new association is needed (RFC 8842 section 3); DTLS
	tlsID              string        // of the peer

	RemoteICE  *ICE // nil: one of the two has no ICE
	ICERestart bool // RemoteICE is not that of before

	Feedback    Feedback
	RTCPRsize   bool // reduced-size RTCP, both ways
	XR          XR
	Extensions  Extensions
	RemoteSSRCs SSRCRange // what the peer says that it will use
}

// Send is how we encode for the peer.
type Send struct {
	Codec       *codec.Codec
	PayloadType uint8
	Params      codec.Params
}

const (
	defaultPtime = 20 * time.Millisecond
	maxPtime     = 60 * time.Millisecond // what we take
)

// ptimes are the packet lengths we can send.
var ptimes = [...]time.Duration{60, 40, 30, 20, 10} // ms, longest first

// remote fills in what the peer's line says on its own: addresses, direction, packet lengths; and ICE, if we have it too.
func (l line) remote(local bool) (*Stream, *NotAcceptableError) {
	s := &Stream{Index: l.index, MID: l.mid(), RemoteSSRCs: l.ssrcRange()}
	if local {
		s.RemoteICE = l.ice()
	}
	transport := l.transport()
	addr, err := transport.addr()
	direction := l.direction()
	switch {
	case s.RemoteICE != nil: // the candidates count: 0.0.0.0 is no hold, and a host name is no obstacle
		if err != nil {
			addr = unspecified
		}
	case err != nil:
		return nil, err
	case addr.IsUnspecified(): // RFC 3264 section 8.4: hold as RFC 2543 had it
		direction = direction.And(SendOnly)
	}
	s.Remote, s.Direction = netip.AddrPortFrom(addr, transport.port()), direction.Reverse()
	s.RemoteRTCP = transport.rtcp(s.Remote)
	s.MaxPtime = l.milliseconds("maxptime")
	s.Ptime = packetLength(l.milliseconds("ptime"), s.MaxPtime)
	return s, nil
}

// rtcp is where the peer wants RTCP. RFC 3605 section 2.1: a=rtcp:PORT [IN IP4 ADDRESS]; without it, the next port.
func (l line) rtcp(rtp netip.AddrPort) netip.AddrPort {
	value, _ := l.Attribute("rtcp")
	fields := strings.Fields(value)
	if len(fields) > 0 {
		port, err := strconv.ParseUint(fields[0], 10, 16)
		addr := rtp.Addr()
		if len(fields) == 4 && err == nil {
			if said, bad := parseAddr(fields[3]); bad == nil && !said.IsUnspecified() {
				addr = said
			}
		}
		if err == nil && port != 0 {
			return netip.AddrPortFrom(addr, uint16(port))
		}
	}
	if rtp.Port() == 65535 {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(rtp.Addr(), rtp.Port()+1)
}

func (l line) mid() string {
	mid, _ := l.Attribute("mid")
	return mid
}

func (s *Stream) multiplex() { s.RTCPMux, s.RemoteRTCP = true, s.Remote }

func (l line) milliseconds(attribute string) time.Duration {
	value, _ := l.Attribute(attribute)
	n, err := strconv.ParseFloat(strings.TrimSpace(value), 32) // "2.5" is legal
	if err != nil || !(n > 0 && n <= 10_000) {
		return 0
	}
	return time.Duration(n * float64(time.Millisecond))
}

// packetLength is the longest we can send that is neither longer than wanted nor than most; zero is not said.
func packetLength(wanted, most time.Duration) time.Duration {
	if wanted == 0 {
		wanted = defaultPtime
	}
	if most != 0 {
		wanted = min(wanted, most)
	}
	for _, ms := range ptimes {
		if ms*time.Millisecond <= wanted {
			return ms * time.Millisecond
		}
	}
	return 10 * time.Millisecond
}

// audio writes our m-line.
func (local Local) audio(protos []string, formats []format, ptime time.Duration, direction Direction) *pion.MediaDescription {
	m := &pion.MediaDescription{MediaName: pion.MediaName{Media: "audio", Port: pion.RangedPort{Value: int(local.Addr.Port())}, Protos: protos}}
	for _, f := range formats {
		m.MediaName.Formats = append(m.MediaName.Formats, strconv.Itoa(int(f.number)))
		add(m, "rtpmap", f.rtpmap())
		if f.fmtp != "" {
			add(m, "fmtp", strconv.Itoa(int(f.number))+" "+f.fmtp)
		}
	}
	add(m, "ptime", strconv.FormatInt(ptime.Milliseconds(), 10))
	add(m, "maxptime", strconv.FormatInt(maxPtime.Milliseconds(), 10))
	add(m, direction.String(), "")
	if local.RTCPPort != 0 && local.RTCPPort != local.Addr.Port()+1 {
		add(m, "rtcp", strconv.Itoa(int(local.RTCPPort)))
	}
	return m
}

func add(m *pion.MediaDescription, key, value string) {
	m.Attributes = append(m.Attributes, pion.NewAttribute(key, value))
}

var unspecified = netip.IPv4Unspecified()

func origin(id, version uint64, addr netip.Addr) pion.Origin {
	return pion.Origin{Username: "-", SessionID: id, SessionVersion: version,
		NetworkType: "IN", AddressType: family(addr), UnicastAddress: addr.String()}
}

func family(addr netip.Addr) string {
	if addr.Is4() {
		return "IP4"
	}
	return "IP6"
}

// describe is a description of ours around its m-lines.
func (local Local) describe(times []pion.TimeDescription, attributes []pion.Attribute, media []*pion.MediaDescription) *Description {
	addr := local.Addr.Addr().Unmap()
	if len(times) == 0 {
		times = []pion.TimeDescription{{}}
	}
	return &Description{session: pion.SessionDescription{
		Origin: origin(local.SessionID, local.Version, addr),
		// RFC 3264 section 5: "it is RECOMMENDED that it consist of a single space character (0x20) or a dash (-)."
		SessionName: "-",
		ConnectionInformation: &pion.ConnectionInformation{NetworkType: "IN", AddressType: family(addr),
			Address: &pion.Address{Address: addr.String()}},
		TimeDescriptions:  times,
		Attributes:        attributes,
		MediaDescriptions: media,
	}}
}
