package phone

import (
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/media"
	"github.com/seed-f3cefc8c/focus/pkg/sdp"
	"github.com/seed-f3cefc8c/focus/pkg/srtp"
)

// announce says in a description which certificate the phone has.
func (l *line) announce(local *sdp.Local) {
	maker := l.phone.config.DTLS
	if maker == nil {
		return
	}
	if l.certificate == nil {
		l.certificate, _ = maker.Certificate(time.Now()) // it has one already
	}
	local.Fingerprint = sdp.Fingerprint(l.certificate.Fingerprint())
	if l.phone.config.Passive {
		local.Setup = sdp.Passive
	}
}

// shake lets a handshake make the keys, unless they are there from one before that goes on.
func (l *line) shake(audio *sdp.Stream) {
	if l.shakes && !audio.NewDTLS {
		return
	}
	config := media.DTLS{
		Maker: l.phone.config.DTLS, Certificate: l.certificate, Client: audio.Setup == sdp.Active, Control: !audio.RTCPMux, Suites: l.phone.config.Suites,
	}
	for _, f := range audio.RemoteFingerprints {
		config.Fingerprints = append(config.Fingerprints, srtp.Fingerprint(f))
	}
	l.shakes = true
	l.transport.Handshake(config, time.Now())
}

// shaken notes that there are keys.
func (l *line) shaken() {
	if suite := l.transport.Suite(); l.shakes && suite != l.suite {
		l.suite = suite
		l.phone.protection.Store(suite.String())
	}
}
