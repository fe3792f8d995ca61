package phone

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/media"
	"github.com/seed-f3cefc8c/focus/pkg/sdp"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
	"github.com/seed-f3cefc8c/focus/pkg/srtp"
)

// Config is whom to call, and as whom. Target, Identity and Codecs must be there.
type Config struct {
	Target   string         // the URI to dial: "sip:ID@DOMAIN"
	Identity string         // our URI: "sip:alice@example.com"
	Name     string         // display name
	Codecs   []*codec.Codec // offered, best first

	// Server is where all requests go, "HOST:PORT", like an outbound proxy; empty is what Target names.
	Server      string
	Transport   string                                                  // "udp", the default, "tcp" or "tls"
	Credentials func(realm string) (username, password string, ok bool) // nil: none
	SDES        bool                                                    // offers and takes SRTP; by TLS it does so anyway
	DTLS        *srtp.DTLS                                              // makes its keys by handshakes; many phones may share one. nil: it does not
	Passive     bool                                                    // lets the other side begin the handshake, if it may choose
	Encryption  sdp.Policy                                              // whether it must be; zero is sdp.Preferred
	Suites      []srtp.Suite                                            // of SRTP, best first; nil: all
	ICE         bool                                                    // on ports that others without ICE cannot reach
	RTCPMux     bool                                                    // RTCP on the port of RTP, if the other side agrees
	LateOffer   bool                                                    // call without an offer: the answerer makes it
	Hears       func(rate int, frame []int16)                           // each 20 ms, on the phone's goroutine; frame is lent
	Address     netip.Addr                                              // ours; zero is that of the route to the server
	Network     Network                                                 // zero is the operating system's
	Logger      *slog.Logger                                            // nil is silent
}

// Network is where sockets come from.
type Network struct {
	ListenPacket func(addr string) (net.PacketConn, error)                         // for SIP over UDP
	Dial         func(ctx context.Context, network, addr string) (net.Conn, error) // for SIP over "tcp" and "tls"
	Media        media.Network
}

// System is the operating system's network; trust verifies servers called by TLS, nil by the system's roots.
func System(trust *tls.Config) Network {
	return Network{
		ListenPacket: func(addr string) (net.PacketConn, error) { return net.ListenPacket("udp", addr) },
		Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			if network == "tls" {
				return (&tls.Dialer{Config: trust}).DialContext(ctx, "tcp", addr)
			}
			return (&net.Dialer{}).DialContext(ctx, network, addr)
		},
		Media: media.UDP{},
	}
}

// destination finds the server's address.
func (c *Config) destination(ctx context.Context, target sip.URI) (sip.Target, error) {
	transport := strings.ToUpper(c.Transport)
	if transport == "" {
		transport = "UDP"
	}
	host, port := strings.Trim(target.Host, "[]"), target.Port
	if c.Server != "" {
		h, p, err := net.SplitHostPort(c.Server)
		if err != nil {
			return sip.Target{}, fmt.Errorf("server %q: %w", c.Server, err)
		}
		if port, err = strconv.Atoi(p); err != nil || port < 1 || port > 65535 {
			return sip.Target{}, fmt.Errorf("server %q: not a port", c.Server)
		}
		host = h
	}
	if port == 0 {
		port = map[string]int{"UDP": 5060, "TCP": 5060, "TLS": 5061}[transport]
	}
	addr, err := resolve(ctx, host)
	if err != nil {
		return sip.Target{}, err
	}
	return sip.Target{Transport: transport, Addr: netip.AddrPortFrom(addr, uint16(port)), Host: host}, nil
}

func resolve(ctx context.Context, host string) (netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Unmap(), nil
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("looking for %s: %w", host, err)
	}
	return addrs[0].Unmap(), nil
}

// towards is the local address from which packets to addr would go. Nothing is sent.
func towards(addr netip.AddrPort) (netip.Addr, error) {
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(addr))
	if err != nil {
		return netip.Addr{}, fmt.Errorf("no route to %s: %w", addr.Addr(), err)
	}
	defer conn.Close()
	return conn.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap(), nil
}
