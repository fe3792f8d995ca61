package phone

import (
	"fmt"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/media"
	"github.com/seed-f3cefc8c/focus/pkg/sdp"
	"github.com/seed-f3cefc8c/focus/pkg/srtp"
)

// protects reports whether the phone knows SRTP: it was told to, or calls by TLS.
func (c *Config) protects() bool { return c.SDES || c.Transport == "tls" }

// freshKeys are keys to offer, one for each suite.
func (c *Config) freshKeys() (lines []sdp.Crypto) {
	if !c.protects() {
		return nil
	}
	suites := c.Suites
	if len(suites) == 0 {
		suites = srtp.Suites()
	}
	for _, suite := range suites {
		lines = append(lines, sdp.Crypto{Suite: suite.String(), KeyParams: srtp.KeyParams(srtp.GenerateKey(suite))})
	}
	return lines
}

// keysOf reads the keys that were agreed on; nil: none. answered says that the peer has not got the answer yet.
func keysOf(audio *sdp.Stream, answered bool) (*media.Keys, error) {
	if audio.Security != sdp.SDES {
		return nil, nil
	}
	suite, _ := srtp.ParseSuite(audio.LocalCrypto.Suite)
	ours, err := srtp.ParseKeyParams(suite, audio.LocalCrypto.KeyParams)
	if err != nil {
		return nil, fmt.Errorf("our key: %w", err)
	}
	theirs, err := srtp.ParseKeyParams(suite, audio.RemoteCrypto.KeyParams)
	if err != nil {
		return nil, fmt.Errorf("the peer's key: %w", err)
	}
	return &media.Keys{Receive: theirs, Send: ours[0], Unannounced: answered}, nil
}

// protect puts keys into effect, lets a handshake make them, or goes on in the clear.
func (l *line) protect(keys *media.Keys, audio *sdp.Stream) {
	if audio.Security == sdp.DTLS {
		l.shake(audio)
		return
	}
	l.shakes = false
	if keys == nil {
		l.transport.Expose()
		return
	}
	_ = l.transport.SetKeys(*keys, time.Now()) // keysOf has read them
}

// Protection is the crypto suite of the call; "" in the clear.
func (p *Phone) Protection() string { return p.protection.Load().(string) }
