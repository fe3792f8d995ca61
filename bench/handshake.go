package main

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/media"
	"github.com/seed-f3cefc8c/focus/pkg/sdp"
	"github.com/seed-f3cefc8c/focus/pkg/srtp"
)

// maker makes the associations of all callers.
var maker = sync.OnceValues(func() (*srtp.DTLS, error) { return srtp.NewDTLS(time.Now()) })

// shake is a caller's DTLS handshake on its own socket, without ICE.
type shake struct {
	caller      *caller
	maker       *srtp.DTLS
	certificate *srtp.Certificate
}

func newShake(c *caller) (*shake, error) {
	m, err := maker()
	if err != nil {
		return nil, err
	}
	certificate, err := m.Certificate(time.Now())
	return &shake{caller: c, maker: m, certificate: certificate}, err
}

// offer makes UDP/TLS/RTP/SAVP of an offer in the clear. RTCP comes on the same port, so that one handshake is enough.
func (s *shake) offer(clear string) string {
	text := strings.Replace(clear, "RTP/AVP", "UDP/TLS/RTP/SAVP", 1)
	return text + fmt.Sprintf("a=rtcp-mux\r\na=setup:actpass\r\na=fingerprint:%s\r\n", sdp.Fingerprint(s.certificate.Fingerprint()))
}

// handshakeOutcome is the keys, or why there are none.
type handshakeOutcome struct {
	keys srtp.AssociationKeys
	err  error
}

// agree shakes hands, and returns when the caller has its keys.
func (s *shake) agree(agreed *sdp.Stream) error {
	done := make(chan handshakeOutcome, 1)
	config := srtp.AssociationConfig{
		Certificate: s.certificate, Client: agreed.Setup == sdp.Active,
		Send: func(data []byte) error { return s.caller.conn.WriteTo(data, s.caller.to) },
		Done: func(keys srtp.AssociationKeys, err error) { done <- handshakeOutcome{keys, err} },
	}
	for _, f := range agreed.RemoteFingerprints {
		config.Fingerprints = append(config.Fingerprints, srtp.Fingerprint(f))
	}
	s.caller.association = s.maker.Start(config)
	b := media.NewBatch()
	for deadline := time.Now().Add(joinPatience); time.Now().Before(deadline); s.caller.conn.(media.Waiter).Wait(time.Millisecond) {
		select {
		case o := <-done:
			return s.took(o)
		default:
		}
		now := time.Now()
		for _, d := range b.Datagrams[:s.caller.conn.ReadBatch(b, now)] {
			if len(d.Data) > 0 && d.Data[0] >= 20 && d.Data[0] <= 63 {
				s.caller.association.Receive(d.Data, now)
			}
		}
	}
	return errors.New("the handshake is not answered")
}

func (s *shake) took(o handshakeOutcome) error {
	if o.err != nil {
		return o.err
	}
	s.caller.seal = &seal{key: o.keys.Send}
	return errors.Join(s.caller.seal.in.SetKeys(o.keys.Receive), s.caller.seal.out.SetKey(o.keys.Send))
}
