package mcu

import (
	"errors"
	"log/slog"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/media"
	"github.com/seed-f3cefc8c/focus/pkg/sdp"
	"github.com/seed-f3cefc8c/focus/pkg/srtp"
)

// shaking is what the roster says of a stream whose keys are being made. Nothing of it is sent or heard.
const shaking = "DTLS"

// fingerprint is of the certificate that the leg shows in DTLS, the same one for as long as it lives.
func (l *Leg) fingerprint() sdp.Fingerprint { return sdp.Fingerprint(l.certificate.Fingerprint()) }

// likedSetup is the role that we like in DTLS. The peer begins: behind NAT nothing reaches it before it has sent something; and it is the server that
// chooses the suite, of which browsers do not like the fastest most.
const likedSetup = sdp.Passive

// shakeHands lets a handshake make the keys, unless they are there from one before that goes on.
func (l *Leg) shakeHands(audio *sdp.Stream) {
	if l.shakes && !audio.NewDTLS {
		return
	}
	config := media.DTLS{
		Maker: l.conference.server.dtls, Certificate: l.certificate, Client: audio.Setup == sdp.Active, Control: !audio.RTCPMux,
	}
	for _, f := range audio.RemoteFingerprints {
		config.Fingerprints = append(config.Fingerprints, srtp.Fingerprint(f))
	}
	l.protection, l.shakes = shaking, true
	l.transport.Handshake(config, time.Now())
}

// reportProtection tells the focus of keys that a handshake has made.
func (l *Leg) reportProtection() {
	suite := l.transport.Suite()
	if !l.shakes || l.protection != shaking || suite == 0 {
		return
	}
	l.protection = suite.String() + " (DTLS)"
	l.conference.tellRoster(&confinfo.Document{Entity: l.conference.entity, State: confinfo.Partial, UsersState: confinfo.Partial, Users: []confinfo.User{{
		Entity: l.user, State: confinfo.Partial, Endpoints: []confinfo.Endpoint{{
			Entity: l.endpoint, State: confinfo.Partial, Status: confinfo.StatusConnected, Media: l.mediaOf(),
		}},
	}}})
}

// unprotected is how a handshake that has failed is called in the news to the focus; "": it has not.
func (l *Leg) unprotected() string {
	switch err := l.transport.HandshakeFailed(); {
	case err == nil:
		return ""
	case errors.Is(err, srtp.ErrFingerprint):
		return confinfo.ReasonWrongCertificate
	}
	return confinfo.ReasonNoKeys
}

// tellHandshakes says what became of them, and what came to them and led nowhere.
func (s *Server) tellHandshakes() {
	n := s.dtls.Stats()
	if n == (srtp.DTLSStats{}) {
		return
	}
	s.config.Logger.Info("DTLS ended", "begun", n.Begun, "completed", n.Completed,
		slog.Group("refused", "wrong_fingerprint", n.WrongFingerprint, "without_profile", n.WithoutProfile, "timed_out", n.TimedOut, "busy", n.Busy,
			"failed", n.Failed),
		slog.Group("dropped", "malformed", n.Malformed, "oversized", n.Oversized, "unproven", n.Unproven, "second", n.Second, "late", n.Late,
			"overflow", n.Overflow))
}
