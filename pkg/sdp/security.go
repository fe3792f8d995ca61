package sdp

import "strings"

// Security is how the media of a line is protected. The zero value is Clear.
type Security uint8

// The three kinds, in the order in which more is proved to the peer.
const (
	Clear Security = iota // plain RTP
	SDES                  // SRTP, keys in the session description (RFC 4568)
	DTLS                  // SRTP, keys agreed by a handshake on the media path (RFC 5763, 5764)
)

// String returns "clear", "sdes" or "dtls".
func (s Security) String() string {
	return [...]string{Clear: "clear", SDES: "sdes", DTLS: "dtls"}[min(s, DTLS)]
}

// Policy is whether media may, must or must not be encrypted. The zero value is Preferred.
type Policy uint8

// The three policies.
const (
	Preferred Policy = iota // encrypted with whoever can
	Required                // encrypted, or no call
	None                    // never encrypted
)

// String returns "preferred", "required" or "none".
func (p Policy) String() string {
	return [...]string{Preferred: "preferred", Required: "required", None: "none"}[min(p, None)]
}

// profile is what a <proto> field of ours or the peer's asks for.
type profile struct {
	secure   bool // SRTP is not a choice
	tls      bool // its keys come from DTLS (RFC 5764 section 8)
	feedback bool // RTCP as RFC 4585 has it
}

// profileOf knows the profiles that run over UDP: RFC 3551, 4585, 3711, 5124 and 5764.
func profileOf(protocol string) (profile, bool) {
	known := map[string]profile{
		"RTP/AVP":           {},
		"RTP/AVPF":          {feedback: true},
		"RTP/SAVP":          {secure: true},
		"RTP/SAVPF":         {secure: true, feedback: true},
		"UDP/TLS/RTP/SAVP":  {secure: true, tls: true},
		"UDP/TLS/RTP/SAVPF": {secure: true, tls: true, feedback: true},
	}
	p, ok := known[protocol]
	return p, ok
}

// protos is the <proto> field as the fields of pion's m-line.
func (p profile) protos() []string {
	text := "AVP"
	if p.secure {
		text = "SAVP"
	}
	if p.feedback {
		text += "F"
	}
	if p.tls {
		return []string{"UDP", "TLS", "RTP", text}
	}
	return []string{"RTP", text}
}

// answers says whether a line of profile p may answer one that was offered as offered. RFC 3264 section 6 has them equal. An
// answerer may leave feedback out, and may make a must of the optional encryption that was offered, as SIPE does; it may never
// take encryption away.
func (p profile) answers(offered profile, s Security) bool {
	switch {
	case p.feedback && !offered.feedback:
		return false
	case p.secure == offered.secure && p.tls == offered.tls:
		return true
	}
	return !offered.secure && p.secure && (s == SDES && !p.tls || s == DTLS)
}

// Texts of the refusals that have to do with encryption. Their code is 304: the transport, UDP, would do; what is not there is
// media with, or without, encryption.
const (
	textMustEncrypt = "Media must be encrypted"
	textNoClear     = "The offered media encryption is not available"
)

func (caps Capabilities) notProtected(p profile) *NotAcceptableError {
	refused := notAcceptable(WarnMediaType)
	refused.Encryption, refused.Offered = true, p.secure
	switch {
	case caps.Policy == Required && !p.secure:
		refused.Text = textMustEncrypt
	case caps.Policy != None && (caps.SDES || caps.DTLS):
		refused.Text = textNoClear
	}
	return refused
}

// encryption is a=encryption of [MS-SDPEXT]: what OCS clients say of their policy. The zero value is "not said".
type encryption string

const (
	encryptionRequired encryption = "required"
	encryptionOptional encryption = "optional"
	encryptionRejected encryption = "rejected"
)

func (l line) encryption() encryption {
	for _, value := range l.values("encryption") {
		switch e := encryption(strings.ToLower(strings.TrimSpace(value))); e {
		case encryptionRequired, encryptionOptional, encryptionRejected:
			return e
		}
	}
	return ""
}

// encryption is how the policy is said to who understands a=encryption.
func (p Policy) encryption() encryption {
	return [...]encryption{Preferred: encryptionOptional, Required: encryptionRequired, None: encryptionRejected}[min(p, None)]
}
