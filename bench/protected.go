package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/sdp"
	"github.com/seed-f3cefc8c/focus/pkg/srtp"
)

// seal is a caller's SRTP.
type seal struct {
	key    srtp.Key
	out    srtp.Outbound
	in     srtp.Inbound
	opened [1500]byte
}

func newSeal(suite srtp.Suite) *seal { return &seal{key: srtp.GenerateKey(suite)} }

// offer makes RTP/SAVP of an offer in the clear, with the key in it (SDES).
func (s *seal) offer(clear string) string {
	text := strings.Replace(clear, "RTP/AVP", "RTP/SAVP", 1)
	return text + fmt.Sprintf("a=crypto:1 %s %s\r\n", s.key.Suite(), srtp.KeyParams(s.key))
}

// agree takes the server's key.
func (s *seal) agree(agreed *sdp.Stream) error {
	keys, err := srtp.ParseKeyParams(s.key.Suite(), agreed.RemoteCrypto.KeyParams)
	if err != nil {
		return err
	}
	return errors.Join(s.in.SetKeys(keys...), s.out.SetKey(s.key))
}

// open is the packet as it was before it was sealed; nil when it is not the server's.
func (s *seal) open(packet []byte, at time.Time) []byte {
	plain, err := s.in.Open(s.opened[:0], packet, at)
	if err != nil {
		return nil
	}
	return plain
}

// protection is how callers protect their media.
type protection struct {
	name        string
	suite       srtp.Suite // of SDES
	dtls        bool
	most        float64 // what it may add, ms per participant-second
	allocations float64 // of pion/srtp, per packet
}

// protections are those that the table is measured with again. What DTLS agrees on is AES-GCM.
var protections = []protection{
	{name: "SDES, AES-GCM", suite: srtp.AEADAES128GCM, most: 0.10, allocations: 1},
	{name: "SDES, AES-CM and HMAC", suite: srtp.AESCM128HMACSHA180, most: 0.20, allocations: 4},
	{name: "DTLS-SRTP", dtls: true, most: 0.10, allocations: 1},
}

// offer adds the protection to an offer in the clear. agree takes what came of it.
func (p protection) offer(c *caller, clear string) (agree func(*sdp.Stream) error, offer string, err error) {
	switch {
	case p.dtls:
		s, err := newShake(c)
		if err != nil {
			return nil, "", err
		}
		return s.agree, s.offer(clear), nil
	case p.suite != 0:
		c.seal = newSeal(p.suite)
		return c.seal.agree, c.seal.offer(clear), nil
	}
	return func(*sdp.Stream) error { return nil }, clear, nil
}

// protected is what each kind of protection adds to the same load in the clear, which is measured before and after them. In the MCU alone it also counts
// what is allocated, which is what pion/srtp does in its own calls.
func protected(sc scenario) func(context.Context, *bench, row) ([]figure, error) {
	return func(ctx context.Context, b *bench, r row) (figures []figure, err error) {
		before, err := b.run(ctx, r.key+"-clear", sc)
		if err != nil {
			return nil, err
		}
		outcomes := make([]*outcome, len(protections))
		for i, p := range protections {
			sc.protection = p
			if outcomes[i], err = b.run(ctx, fmt.Sprintf("%s-%d", r.key, i+1), sc); err != nil {
				return nil, fmt.Errorf("%s: %w", p.name, err)
			}
		}
		sc.protection = protection{}
		after, err := b.run(ctx, r.key+"-clear-again", sc)
		if err != nil {
			return nil, err
		}
		clear := (before.perParticipant() + after.perParticipant()) / 2
		figures = []figure{before.figure(r, "clear", clear, perSecond, nil, "")}
		for i, p := range protections {
			figures = append(figures, p.figures(r, outcomes[i], clear)...)
		}
		return figures, nil
	}
}

func (p protection) figures(r row, o *outcome, clear float64) []figure {
	figures := []figure{o.figure(r, p.name+" adds", o.perParticipant()-clear, perSecond, &p.most, "")}
	if o.Allocations > 0 {
		figures = append(figures, o.figure(r, p.name+" allocates", o.Allocations, "per packet", &p.allocations, ""))
	}
	return figures
}
