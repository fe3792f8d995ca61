package sip

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strings"
)

// dial opens a connection to a target. Over TLS its certificate must be signed by one of the roots, for the name that led there and not for one
// that DNS named on the way (RFC 5922 §4).
func (ua *UserAgent) dial(ctx context.Context, t Target) (net.Conn, error) {
	network, name := strings.ToLower(t.Transport), or(t.Host, t.Addr.Addr().String())
	switch {
	case ua.cfg.Dial != nil && network == "tls":
		return ua.cfg.Dial(ctx, network, net.JoinHostPort(name, fmt.Sprint(t.Addr.Port())))
	case ua.cfg.Dial != nil:
		return ua.cfg.Dial(ctx, network, t.Addr.String())
	case network != "tls":
		return (&net.Dialer{}).DialContext(ctx, network, t.Addr.String())
	}
	d := tls.Dialer{Config: &tls.Config{MinVersion: tls.VersionTLS12}}
	if ua.cfg.TLS != nil {
		d.Config = ua.cfg.TLS().Clone()
	}
	d.Config.ServerName = name
	return d.DialContext(ctx, "tcp", t.Addr.String())
}

// isFor tells if a connection that is there may be used for a name: over TLS its certificate must have that too, where it was
// looked at.
func (s *stream) isFor(name string) bool {
	state := s.tlsState()
	return state == nil || len(state.VerifiedChains) == 0 || name == "" || state.PeerCertificates[0].VerifyHostname(name) == nil
}
