package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"

	"github.com/seed-f3cefc8c/focus/api"
	"github.com/seed-f3cefc8c/focus/pkg/turn"
)

// startTURN makes the STUN and TURN server, if there is to be one. Its sockets are served later, with the others.
func (s *system) startTURN(context.Context) error {
	o := &s.options.turn
	if !o.on() {
		return nil
	}
	secret, err := s.turnSecret()
	if err != nil {
		return err
	}
	s.turn, err = turn.New(turn.Config{
		Realm: s.store.Realm(), Secret: secret, Address: s.options.mediaIP, Ports: o.ports,
		Peers:  turn.Peers{Own: s.options.mediaSockets(), Networks: o.networks, Public: o.public},
		TLS:    s.tls.turn(),
		Limits: turn.Limits{AllocationsPerUser: o.quota, BytesPerSecond: o.rate},
	})
	if err != nil {
		return fmt.Errorf("starting TURN: %w", err)
	}
	issuer := turn.NewIssuer(secret)
	s.turnAPI = &api.TURN{URLs: s.options.turnURLs(), TTL: o.ttl, Issue: issuer.Issue}
	return nil
}

// turnSecret is text, as coturn and others who make credentials have it in their configuration.
func (s *system) turnSecret() ([]byte, error) {
	if s.options.turn.secret != "" {
		return []byte(s.options.turn.secret), nil
	}
	key, err := s.store.Key("TURN credentials")
	if err != nil {
		return nil, fmt.Errorf("deriving a key: %w", err)
	}
	return []byte(base64.RawURLEncoding.EncodeToString(key)), nil
}

func (s *system) serveTURN(open *sockets) {
	if open.turnUDP != nil {
		s.run("TURN over UDP", func() error { return s.turn.ServeUDP(open.turnUDP) })
		s.run("TURN over TCP", func() error { return s.turn.ServeTCP(open.turnTCP) })
	}
	if open.turnTLS != nil {
		s.run("TURN over TLS", func() error { return s.turn.ServeTLS(open.turnTLS) })
	}
}

// stopTURN ends what is relayed.
func (s *system) stopTURN() {
	if s.turn == nil {
		return
	}
	s.note("closing TURN", s.turn.Close())
	n := s.turn.Stats()
	s.log.Info("TURN ended", "bindings", n.Bindings, "allocations", n.Allocations, "toPeers", n.ToPeers, "toClients", n.ToClients,
		slog.Group("refused", "challenged", n.Challenged, "unknown", n.Unknown, "expired", n.Expired, "wrong", n.Wrong, "staleNonces", n.StaleNonces,
			"overQuota", n.OverQuota, "forbidden", n.Forbidden, "mismatched", n.Mismatched, "noRoom", n.NoRoom, "others", n.Refused),
		slog.Group("dropped", "junk", n.Junk, "malformed", n.Malformed, "unasked", n.Unasked, "overloaded", n.Overloaded, "badPeers", n.BadPeers,
			"overRate", n.OverRate, "slowClients", n.SlowClients, "handshakes", n.Handshakes, "idle", n.Idle),
		"readErrors", n.ReadErrors)
}
