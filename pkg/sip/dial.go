package sip

import (
	"context"
	"crypto/tls"
	"net"
)

// dialer opens connections as Config.Dial says. Over TLS the certificate must be signed by one of the roots, for the name that was dialled.
func dialer(settings func() *tls.Config) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		if network != "tls" {
			return (&net.Dialer{}).DialContext(ctx, network, addr)
		}
		d := &tls.Dialer{}
		if settings != nil {
			d.Config = settings()
		}
		return d.DialContext(ctx, "tcp", addr)
	}
}
