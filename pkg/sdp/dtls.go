package sdp

import (
	"slices"
	"strings"

	pion "github.com/pion/sdp/v3"
)

// Fingerprint is of a certificate: a=fingerprint (RFC 8122 section 5). The zero value is none.
type Fingerprint struct {
	Hash  string // "sha-256", "sha-384" or "sha-512"
	Value string // pairs of upper-case hexadecimal digits with colons between them
}

// String is the value of the attribute.
func (f Fingerprint) String() string { return f.Hash + " " + f.Value }

// maxFingerprints is how many of a peer's are looked at.
const maxFingerprints = 16

// ParseFingerprint reads what follows "a=fingerprint:". MD2 and MD5 are refused because RFC 8122 section 5 forbids them, SHA-1
// because collisions of it have been made since.
func ParseFingerprint(value string) (f Fingerprint, ok bool) {
	fields := strings.Fields(value)
	if len(fields) != 2 {
		return Fingerprint{}, false
	}
	f = Fingerprint{Hash: strings.ToLower(fields[0]), Value: strings.ToUpper(fields[1])}
	length := map[string]int{"sha-256": 32, "sha-384": 48, "sha-512": 64}[f.Hash]
	return f, length != 0 && isHexPairs(f.Value, length)
}

func isHexPairs(text string, count int) bool {
	if len(text) != 3*count-1 {
		return false
	}
	for i := range len(text) {
		switch c := text[i]; {
		case i%3 == 2 && c == ':':
		case i%3 != 2 && (c >= '0' && c <= '9' || c >= 'A' && c <= 'F'):
		default:
			return false
		}
	}
	return true
}

// fingerprints are those we accept, of the line, else of the session. Any of them may be the peer's.
func (l line) fingerprints() (list []Fingerprint) {
	for _, value := range l.inherited("fingerprint") {
		f, ok := ParseFingerprint(value)
		if ok && len(list) < maxFingerprints && !slices.Contains(list, f) {
			list = append(list, f)
		}
	}
	return list
}

// Setup is who begins the DTLS handshake (RFC 4145 section 4). The zero value is ActPass.
type Setup uint8

// The four values. Active sends the ClientHello, Passive waits for it.
const (
	ActPass Setup = iota
	Active
	Passive
	HoldConn
)

// String returns the value of the attribute.
func (s Setup) String() string {
	return [...]string{ActPass: "actpass", Active: "active", Passive: "passive", HoldConn: "holdconn"}[min(s, HoldConn)]
}

// Reverse is the role of the other side: Passive of Active, and the other way round.
func (s Setup) Reverse() Setup {
	switch s {
	case Active:
		return Passive
	case Passive:
		return Active
	}
	return s
}

// setup is what the line, else the session, says. RFC 4145 section 4: "The default value of the setup attribute in an
// offer/answer exchange is 'active' in the offer and 'passive' in the answer." What cannot be read is HoldConn: no connection.
func (l line) setup(missing Setup) Setup {
	values := l.inherited("setup")
	if len(values) == 0 {
		return missing
	}
	value := strings.ToLower(strings.TrimSpace(values[0]))
	for s := ActPass; s < HoldConn; s++ {
		if s.String() == value {
			return s
		}
	}
	return HoldConn
}

// role is ours in an answer. RFC 5763 section 5: "setup:active is RECOMMENDED", since the handshake need not wait for the
// answer then. An association that goes on keeps its roles (RFC 8842 section 5.3).
func (offered Setup) role(wanted Setup, kept *Stream) (Setup, bool) {
	switch {
	case offered == Active || offered == Passive:
		return offered.Reverse(), true
	case offered == HoldConn:
		return 0, false
	case kept != nil:
		return kept.Setup, true
	case wanted == Passive:
		return Passive, true
	}
	return Active, true
}

// completes is our role when an answer has answered our offer. RFC 5763 section 5: the answerer MUST use "either a setup
// attribute value of setup:active or setup:passive"; RFC 4145 section 4.1 says which to which.
func (answered Setup) completes(offered Setup) (Setup, bool) {
	ok := answered == Active || answered == Passive
	if offered != ActPass {
		ok = ok && answered == offered.Reverse()
	}
	return answered.Reverse(), ok
}

// keeps says whether the DTLS association of past goes on. RFC 8842 section 3: a new one is needed when the fingerprints or the
// tls-id change; that of the roles is up to the caller. An ICE restart alone needs none.
func (past *Stream) keeps(local Fingerprint, remote []Fingerprint, tlsID string) bool {
	return past != nil && past.Security == DTLS && past.LocalFingerprint == local && past.tlsID == tlsID &&
		sameSet(past.RemoteFingerprints, remote)
}

func sameSet(a, b []Fingerprint) bool {
	for _, f := range a {
		if !slices.Contains(b, f) {
			return false
		}
	}
	return len(a) == len(b)
}

func (l line) tlsID() string {
	if values := l.inherited("tls-id"); len(values) > 0 {
		return strings.TrimSpace(values[0])
	}
	return ""
}

func addDTLS(m *pion.MediaDescription, f Fingerprint, s Setup) {
	add(m, "fingerprint", f.String())
	add(m, "setup", s.String())
}
