package mcu

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/media"
	"github.com/seed-f3cefc8c/focus/pkg/sdp"
	"github.com/seed-f3cefc8c/focus/pkg/srtp"
)

// policy is whether the leg's media must be encrypted: what the conference says, else the server, else what its signalling suggests. Who
// calls by TLS or WSS wants nobody to listen, and it would be in vain if his voice went in the clear.
func (l *Leg) policy() sdp.Policy {
	said, _ := l.conference.encryption.Load().(string)
	if said == confinfo.EncryptionDefault {
		said = ""
	}
	switch cmp.Or(said, l.conference.server.config.Encryption) {
	case confinfo.EncryptionRequired:
		return sdp.Required
	case confinfo.EncryptionPreferred:
		return sdp.Preferred
	case confinfo.EncryptionNone:
		return sdp.None
	}
	if l.signalling == confinfo.SignallingSecure {
		return sdp.Required
	}
	return sdp.Preferred
}

// tellsKeys reports whether keys may stand in the leg's session descriptions, which nobody else may be able to read then (RFC 4568 §8): they
// come by TLS, or do not leave the machine.
func (l *Leg) tellsKeys() bool {
	return l.conference.server.config.SDESAnywhere || l.signalling == confinfo.SignallingSecure || l.signalling == confinfo.SignallingLocal
}

// freshKeys are keys to offer, or to answer with, one for each suite. A session that goes on keeps the one it has.
func (l *Leg) freshKeys() (lines []sdp.Crypto) {
	if !l.tellsKeys() || l.policy() == sdp.None {
		return nil
	}
	for _, suite := range srtp.Suites() {
		lines = append(lines, sdp.Crypto{Suite: suite.String(), KeyParams: srtp.KeyParams(srtp.GenerateKey(suite))})
	}
	return lines
}

// protection is how a stream is protected.
type protection struct {
	keys *media.Keys // nil: it is not
	name string      // for the roster: "AEAD_AES_128_GCM (SDES)", "none"
}

// protectionOf reads the keys that were agreed on. answered says that the agreement is our answer, which the peer has not got yet.
func protectionOf(audio *sdp.Stream, answered bool) (protection, error) {
	switch audio.Security {
	case sdp.Clear:
		return protection{name: confinfo.EncryptionNone}, nil
	case sdp.DTLS:
		return protection{}, nil // they are still to be made
	}
	suite, _ := srtp.ParseSuite(audio.LocalCrypto.Suite)
	ours, err := srtp.ParseKeyParams(suite, audio.LocalCrypto.KeyParams)
	if err != nil {
		return protection{}, fmt.Errorf("our key: %w", err)
	}
	theirs, err := srtp.ParseKeyParams(suite, audio.RemoteCrypto.KeyParams)
	if err != nil {
		return protection{}, &sdp.NotAcceptableError{Warning: sdp.WarnMediaType, Text: "The key of " + suite.String() + " cannot be used"}
	}
	keys := &media.Keys{Receive: theirs, Send: ours[0], Unannounced: answered}
	return protection{keys: keys, name: suite.String() + " (SDES)"}, nil
}

// protect puts into effect how the stream is protected.
func (l *Leg) protect(n *negotiated) error {
	if n.audio.Security == sdp.DTLS {
		l.shakeHands(n.audio)
		return nil
	}
	p := n.protection
	l.protection, l.shakes = p.name, false
	if p.keys == nil {
		l.transport.Expose()
		return nil
	}
	return l.transport.SetKeys(*p.keys, time.Now())
}

// advise says in a refusal about encryption what the caller can do.
func (l *Leg) advise(err error) error {
	var refused *sdp.NotAcceptableError
	if !errors.As(err, &refused) || !refused.Encryption {
		return err
	}
	text := "Media must be encrypted here: turn on SRTP"
	switch policy := l.policy(); {
	case policy == sdp.None:
		text = "Media is not encrypted here: turn off SRTP"
	case !l.tellsKeys():
		text = "SRTP keys are taken over TLS only: call by TLS, with DTLS-SRTP, or without SRTP"
		if policy == sdp.Required {
			text = "Media must be encrypted here, and keys are taken over TLS only: call by TLS, with SRTP, or turn on DTLS-SRTP"
		}
	case refused.Offered:
		text = "None of the offered media encryption can be used: turn on DTLS-SRTP, or SDES with AES_CM_128_HMAC_SHA1_80"
	}
	return &sdp.NotAcceptableError{Warning: refused.Warning, Text: text, Encryption: true, Offered: refused.Offered}
}
