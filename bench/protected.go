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

// seal is a caller's SRTP with keys in the session description (SDES).
type seal struct {
	key    srtp.Key
	out    srtp.Outbound
	in     srtp.Inbound
	opened [1500]byte
}

func newSeal(suite srtp.Suite) *seal { return &seal{key: srtp.GenerateKey(suite)} }

// offer makes RTP/SAVP of an offer in the clear.
func (s *seal) offer(clear string) string {
	text := strings.Replace(clear, "RTP/AVP", "RTP/SAVP", 1)
	return text + fmt.Sprintf("a=crypto:1 %s %s\r\n", s.key.Suite(), srtp.KeyParams(s.key))
}

// agree takes the server's key.
func (s *seal) agree(remote sdp.Crypto) error {
	keys, err := srtp.ParseKeyParams(s.key.Suite(), remote.KeyParams)
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

// protected is what encryption adds to the same load in the clear, and what it allocates, which is what pion/srtp does in its own calls.
func protected(sc scenario, suite srtp.Suite, target, allocations float64) func(context.Context, *bench, row) ([]figure, error) {
	return func(ctx context.Context, b *bench, r row) ([]figure, error) {
		clear, err := b.run(ctx, r.key+"-off", sc)
		if err != nil {
			return nil, err
		}
		sc.suite = suite
		with, err := b.run(ctx, r.key, sc)
		if err != nil {
			return nil, err
		}
		figures := []figure{
			with.figure(r, "CPU", with.perParticipant(), perSecond, nil, ""),
			with.figure(r, "CPU added", with.perParticipant()-clear.perParticipant(), perSecond, &target, ""),
		}
		if with.Allocations > 0 {
			figures = append(figures, with.figure(r, "allocations", with.Allocations, "per packet", &allocations, ""))
		}
		return figures, nil
	}
}
