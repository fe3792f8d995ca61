package sip

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// Target is one place where the server of a URI may be.
type Target struct {
	Transport string // "UDP", "TCP" or "TLS"
	Addr      netip.AddrPort
	Host      string // the name that led here, for the TLS certificate
}

// locate is RFC 3263 without NAPTR and SRV: the transport is the URI's, else UDP; the port is the URI's, else the transport's.
func locate(ctx context.Context, uri URI) ([]Target, error) {
	transport := transportOf(uri)
	port := uint16(5060)
	if transport == "TLS" {
		port = 5061
	}
	if uri.Port > 0 && uri.Port < 65536 {
		port = uint16(uri.Port)
	}
	host := strings.Trim(uri.Host, "[]")
	if maddr, ok := lookup(uri.UriParams, "maddr"); ok {
		host = strings.Trim(maddr, "[]")
	}
	if addr, ok := literal(host); ok {
		return []Target{{transport, netip.AddrPortFrom(addr, port), host}}, nil
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, fmt.Errorf("locating %s: %w: %w", host, ErrTransport, err)
	}
	var targets []Target
	for _, addr := range addrs {
		targets = append(targets, Target{transport, netip.AddrPortFrom(addr.Unmap(), port), host})
	}
	return targets, nil
}

func transportOf(uri URI) string {
	param, _ := lookup(uri.UriParams, "transport")
	switch transport := strings.ToUpper(param); {
	case uri.Scheme == "sips" || transport == "TLS":
		return "TLS"
	case transport == "TCP":
		return "TCP"
	}
	return "UDP"
}

func dial(ctx context.Context, network, addr string) (net.Conn, error) {
	if network == "tls" {
		return (&tls.Dialer{}).DialContext(ctx, "tcp", addr)
	}
	return (&net.Dialer{}).DialContext(ctx, network, addr)
}

// viaRequestURI as the destination of a message, which is no address, makes its Request-URI the next hop.
const viaRequestURI = "request-uri"

// nextHop is where a request goes: "the URI of the first Route, or the Request-URI" (RFC 3261 §8.1.2).
//
// A strict route is the exception: "If the first element in the route set indicated by an element is a strict router, ... these procedures MUST be
// applied to the Request-URI", which then is that element. Whoever builds such a request says so with viaRequestURI.
func nextHop(req *Request) URI {
	if req.MessageData.Destination() == viaRequestURI {
		return req.Recipient
	}
	if route := req.Route(); route != nil {
		return route.Address
	}
	return req.Recipient
}

// flowTo finds or opens the way to the next hop of a request, trying the targets in order.
func (ua *UserAgent) flowTo(ctx context.Context, req *Request) (flow, error) {
	hop := nextHop(req)
	if onlyByFlow(hop) {
		return flow{}, fmt.Errorf("%s: %w", hop.String(), ErrFlowGone)
	}
	targets, err := ua.cfg.Locate(ctx, hop)
	if err != nil {
		return flow{}, err
	}
	err = fmt.Errorf("%w: nowhere to send %s", ErrTransport, hop.String())
	for _, target := range targets {
		var f flow
		if f, err = ua.connect(ctx, target); err == nil {
			return f, nil
		}
	}
	return flow{}, err
}

func (ua *UserAgent) connect(ctx context.Context, t Target) (flow, error) {
	if t.Transport == "UDP" {
		if p := ua.links.packetsFor(t.Addr.Addr()); p != nil {
			return flow{p, t.Addr}, nil
		}
		return flow{}, fmt.Errorf("%w: no UDP socket for %s", ErrTransport, t.Addr)
	}
	if s := ua.links.stream(t.Transport, t.Addr); s != nil && s.usable() {
		return flow{s, t.Addr}, nil
	}
	host := or(t.Host, t.Addr.Addr().String())
	conn, err := ua.cfg.Dial(ctx, strings.ToLower(t.Transport), dialAddress(t, host))
	if err != nil {
		return flow{}, fmt.Errorf("%w: %w", ErrTransport, err)
	}
	s, err := ua.adopt(conn, t.Transport)
	if err != nil {
		return flow{}, fmt.Errorf("%w: %w", ErrTransport, err)
	}
	s.took() // we know whom we called: the handshake deadline is for strangers
	return flow{s, s.remote}, nil
}

// dialAddress is the located address, except for TLS, whose certificate is checked against the name.
func dialAddress(t Target, host string) string {
	if t.Transport == "TLS" {
		return net.JoinHostPort(host, fmt.Sprint(t.Addr.Port()))
	}
	return t.Addr.String()
}
