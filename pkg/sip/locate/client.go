package locate

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/miekg/dns"
)

// Client asks real servers, one after the other.
type Client struct {
	Servers []string                                                          // HOST:PORT, tried in this order
	Timeout time.Duration                                                     // for one answer, 2 s
	Dial    func(ctx context.Context, network, addr string) (net.Conn, error) // nil is that of package net
}

// NewClient asks one server, the host of which may be a name for the system to resolve: "192.0.2.53:53".
func NewClient(server string) (*Client, error) {
	if _, _, err := net.SplitHostPort(server); err != nil {
		return nil, fmt.Errorf("DNS server %q: %w", server, err)
	}
	return &Client{Servers: []string{server}}, nil
}

// SystemClient asks the servers of /etc/resolv.conf. Its search list is not used: a SIP URI names whole domains. Without the file, or without
// servers in it, every question is an error.
func SystemClient() *Client {
	c := &Client{}
	config, err := dns.ClientConfigFromFile("/etc/resolv.conf")
	if err != nil {
		return c
	}
	for _, server := range config.Servers {
		c.Servers = append(c.Servers, net.JoinHostPort(server, config.Port))
	}
	return c
}

// rounds is how often each server is asked before it is given up: one datagram may get lost.
const rounds = 2

// Exchange asks over UDP, and over TCP when the answer was too long for that. A server that does not answer, or cannot, hands on to the next.
func (c *Client) Exchange(ctx context.Context, question *dns.Msg) (m *dns.Msg, err error) {
	err = errors.New("no server of names is known")
	for range rounds {
		for _, server := range c.Servers {
			m, err = c.ask(ctx, "udp", question, server)
			if err == nil && m.Truncated {
				m, err = c.ask(ctx, "tcp", question, server)
			}
			if err == nil && m.Rcode != dns.RcodeServerFailure && m.Rcode != dns.RcodeRefused {
				return m, nil
			}
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
		}
	}
	return m, err
}

func (c *Client) ask(ctx context.Context, network string, question *dns.Msg, server string) (*dns.Msg, error) {
	timeout := c.Timeout
	if timeout == 0 {
		timeout = 2 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	dial := c.Dial
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	conn, err := dial(ctx, network, server)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	client := dns.Client{Net: network, Timeout: timeout, UDPSize: maxDatagram}
	m, _, err := client.ExchangeWithConnContext(ctx, question, &dns.Conn{Conn: conn, UDPSize: maxDatagram})
	return m, err
}
