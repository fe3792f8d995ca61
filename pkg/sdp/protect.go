package sdp

import (
	"fmt"

	pion "github.com/pion/sdp/v3"
)

// protect chooses how the stream of an offered line is protected: by DTLS if its fingerprint is there, else by the best of our
// suites, else not at all, as far as the policies of both sides allow it. A session that has SDES stays with it.
func (s *Stream) protect(l line, p profile, local Local, caps Capabilities, past *Stream) *NotAcceptableError {
	said := l.encryption()
	encrypts := caps.Policy != None && (p.secure || said != encryptionRejected)
	hadSDES := past != nil && past.Security == SDES
	switch {
	case encrypts && hadSDES && s.protectSDES(l, p, local, caps, past):
	case encrypts && s.protectDTLS(l, local, caps, past):
	case encrypts && s.protectSDES(l, p, local, caps, past):
	case p.secure, caps.Policy == Required, said == encryptionRequired:
		return caps.notProtected(p)
	}
	return nil
}

func (s *Stream) protectDTLS(l line, local Local, caps Capabilities, past *Stream) bool {
	fingerprints := l.fingerprints()
	if !caps.DTLS || local.Fingerprint == (Fingerprint{}) || len(fingerprints) == 0 {
		return false
	}
	id := l.tlsID()
	kept := past
	if !past.keeps(local.Fingerprint, fingerprints, id) {
		kept = nil
	}
	role, ok := l.setup(Active).role(local.Setup, kept)
	if !ok {
		return false
	}
	s.Security, s.LocalFingerprint, s.RemoteFingerprints, s.Setup, s.tlsID = DTLS, local.Fingerprint, fingerprints, role, id
	return true
}

func (s *Stream) protectSDES(l line, p profile, local Local, caps Capabilities, past *Stream) bool {
	if !caps.SDES || p.tls { // RFC 5764 section 8: the keys of this profile come from DTLS
		return false
	}
	offered := l.cryptos()
	own, remote, ok := past.keptCrypto(local, offered)
	if !ok {
		own, remote, ok = pickCrypto(local.Crypto, offered)
	}
	if ok {
		s.Security, s.LocalCrypto, s.RemoteCrypto = SDES, own, remote
	}
	return ok
}

// keptCrypto goes on with the keys in use when the peer does. One that has changed its key may be another telephone behind the
// same call: it cannot know how often our sequence numbers have wrapped, and gets a new key from us.
func (past *Stream) keptCrypto(local Local, offered []Crypto) (own, remote Crypto, ok bool) {
	if past == nil || past.Security != SDES || local.Rekey {
		return Crypto{}, Crypto{}, false
	}
	for _, c := range offered {
		if c.Suite == past.RemoteCrypto.Suite && c.sameKey(past.RemoteCrypto) {
			return Crypto{Tag: c.Tag, Suite: c.Suite, KeyParams: past.LocalCrypto.KeyParams}, c, true
		}
	}
	return Crypto{}, Crypto{}, false
}

// protectedBy reads from an answer how the stream is protected. It must have taken something that was offered.
func (s *Stream) protectedBy(ours, theirs line) error {
	own, remote := ours.fingerprints(), theirs.inherited("fingerprint")
	offered, _ := profileOf(ours.protocol())
	answered, ok := profileOf(theirs.protocol())
	var err error
	switch {
	case !ok:
		return fmt.Errorf("%w: its protocol is unknown", ErrAnswer)
	case len(own) > 0 && len(remote) > 0:
		err = s.protectedByDTLS(ours, theirs, own[0])
	case theirs.has("crypto"):
		if s.LocalCrypto, s.RemoteCrypto, ok = agreedCrypto(ours.cryptos(), theirs.cryptos()); !ok {
			err = fmt.Errorf("%w: no crypto line of it was offered", ErrAnswer)
		}
		s.Security = SDES
	case offered.secure:
		err = fmt.Errorf("%w: no keys", ErrAnswer)
	}
	if err == nil && !answered.answers(offered, s.Security) {
		err = fmt.Errorf("%w: another profile", ErrAnswer)
	}
	return err
}

func (s *Stream) protectedByDTLS(ours, theirs line, own Fingerprint) error {
	s.Security, s.LocalFingerprint, s.RemoteFingerprints, s.tlsID = DTLS, own, theirs.fingerprints(), theirs.tlsID()
	if len(s.RemoteFingerprints) == 0 {
		return fmt.Errorf("%w: no fingerprint of SHA-256 or better", ErrAnswer)
	}
	missing := Passive
	offered := ours.setup(ActPass)
	if offered == Passive {
		missing = Active
	}
	role, ok := theirs.setup(missing).completes(offered)
	if !ok {
		return fmt.Errorf("%w: no DTLS role", ErrAnswer)
	}
	s.Setup = role
	return nil
}

// follow says what of the transport begins anew after past.
func (s *Stream) follow(past *Stream) {
	s.NewDTLS = s.Security == DTLS && !(past.keeps(s.LocalFingerprint, s.RemoteFingerprints, s.tlsID) && past.Setup == s.Setup)
	s.ICERestart = past != nil && past.RemoteICE.restarted(s.RemoteICE)
}

// write adds what the answer says of protection.
func (s *Stream) write(m *pion.MediaDescription) {
	switch s.Security {
	case SDES:
		add(m, "crypto", s.LocalCrypto.value())
	case DTLS:
		addDTLS(m, s.LocalFingerprint, s.Setup)
	}
}

// shield is how an offer of ours is protected.
type shield struct {
	profile profile
	crypto  []Crypto
	dtls    bool
	setup   Setup
}

// shield goes on with what is agreed, or chooses by the policy.
func (o proposal) shield() shield {
	if s, ok := o.keptShield(); ok {
		return s
	}
	return o.newShield()
}

// newShield offers what the policy wants. Encryption as an option is plain RTP/AVP with a=crypto, as OCS clients and baresip
// have it, or with a=fingerprint; who knows neither answers in clear. Required without keys is a line that nobody can take: it is not
// ours to send it in clear.
func (o proposal) newShield() shield {
	caps := o.caps
	dtls := caps.Policy != None && caps.DTLS && o.local.Fingerprint != Fingerprint{}
	crypto := o.ownCrypto()
	switch {
	case dtls && (caps.WebRTC || caps.Policy == Required && len(crypto) == 0):
		return shield{profile: profile{secure: true, tls: true, feedback: true}, dtls: true}
	case caps.Policy == Required:
		return shield{profile: profile{secure: true}, crypto: crypto, dtls: dtls}
	}
	return shield{crypto: crypto, dtls: dtls}
}

// ownCrypto are our lines, numbered from 1.
func (o proposal) ownCrypto() []Crypto {
	if o.caps.Policy == None || !o.caps.SDES {
		return nil
	}
	lines := make([]Crypto, len(o.local.Crypto))
	for i, c := range o.local.Crypto {
		c.Tag = i + 1
		lines[i] = c
	}
	return lines
}

// keptShield is what is agreed, as far as policy and means still allow it. An association that goes on is offered with our role
// in it (RFC 8842 section 5.5), since some telephones answer actpass with active whatever they were.
func (o proposal) keptShield() (shield, bool) {
	if o.past == nil {
		return shield{}, false
	}
	before, _ := profileOf(o.before[o.index].protocol())
	p := before
	p.secure = p.secure || o.caps.Policy == Required
	s := shield{profile: p}
	switch o.past.Security {
	case DTLS:
		s.dtls = true
		s.profile.tls = p.tls || p.secure && !before.secure
		if o.past.LocalFingerprint == o.local.Fingerprint {
			s.setup = o.past.Setup
		}
		return s, o.caps.Policy != None && o.caps.DTLS && o.local.Fingerprint != Fingerprint{}
	case SDES:
		if s.crypto = o.ownCrypto(); !o.local.Rekey || len(s.crypto) == 0 {
			s.crypto = []Crypto{{Tag: 1, Suite: o.past.LocalCrypto.Suite, KeyParams: o.past.LocalCrypto.KeyParams}}
		}
		return s, o.caps.Policy != None && o.caps.SDES
	}
	return s, !p.secure
}

func (s shield) write(m *pion.MediaDescription, f Fingerprint) {
	for _, c := range s.crypto {
		add(m, "crypto", c.value())
	}
	if s.dtls {
		addDTLS(m, f, s.setup)
	}
}
