package main

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/turn"
)

// turnOptions are those of STUN and TURN.
type turnOptions struct {
	plain, secure string // HOST:PORT, or "" for nowhere: UDP, TCP and TLS; TLS alone
	host          string // what clients are told; "": see urls
	ports         [2]uint16
	networks      []netip.Prefix // that relays speak with
	public        bool           // they speak with the Internet
	secret        string         // "": one of the store's
	ttl           time.Duration
	quota         int // allocations of a user
	rate          int // octets a second of an allocation
}

func (t *turnOptions) on() bool { return t.plain != "" || t.secure != "" }

const (
	minTURNTime   = time.Minute
	maxTURNTime   = 24 * time.Hour
	minTURNSecret = 16
)

func (s *settings) readTURN(o *options) (err error) {
	t := &o.turn
	for _, row := range []struct {
		flag, text string
		to         *string
	}{{"--turn", s.TURN, &t.plain}, {"--turns", s.TURNS, &t.secure}} {
		if row.text == off {
			continue
		}
		if err := checkHostPort(row.text); err != nil {
			return fmt.Errorf("%s %q: %w", row.flag, row.text, err)
		}
		*row.to = row.text
	}
	if t.host = s.TURNHost; strings.ContainsAny(t.host, " /:?[]@") && !isAddress(t.host) {
		return fmt.Errorf("--turn-host %q: write a host name or an IP address", s.TURNHost)
	}
	if t.ports, err = portRange(s.TURNPorts); err != nil {
		return fmt.Errorf("--turn-ports %q: %w", s.TURNPorts, err)
	}
	if t.on() && t.ports[0] <= o.mediaPorts[1] && o.mediaPorts[0] <= t.ports[1] {
		return fmt.Errorf("--turn-ports %s and --media-ports %s have ports in common", s.TURNPorts, s.MediaPorts)
	}
	if err := s.readTURNPeers(t); err != nil {
		return err
	}
	return s.readTURNBounds(t)
}

func (s *settings) readTURNPeers(t *turnOptions) error {
	for _, text := range words(s.TURNPeers) {
		if text == "public" {
			t.public = true
			continue
		}
		network, err := parseNetwork(text)
		if err != nil {
			return fmt.Errorf("--turn-peers %q: write networks like 10.0.0.0/8, addresses, or public, with commas between them", text)
		}
		t.networks = append(t.networks, network)
	}
	return nil
}

func (s *settings) readTURNBounds(t *turnOptions) error {
	switch {
	case s.TURNSecret != "" && len(s.TURNSecret) < minTURNSecret:
		return fmt.Errorf("--turn-secret has %d characters: %d are the least", len(s.TURNSecret), minTURNSecret)
	case s.TURNTime < minTURNTime || s.TURNTime > maxTURNTime:
		return fmt.Errorf("--turn-ttl %v: from %v to %v", s.TURNTime, minTURNTime, maxTURNTime)
	case s.TURNQuota < 1:
		return fmt.Errorf("--turn-quota %d: one is the least", s.TURNQuota)
	case s.TURNRate < 100 || s.TURNRate > 1_000_000:
		return fmt.Errorf("--turn-rate %d: from 100 to 1000000 kbit/s", s.TURNRate)
	}
	t.secret, t.ttl, t.quota, t.rate = s.TURNSecret, s.TURNTime, s.TURNQuota, s.TURNRate*1000/8
	return nil
}

// urls are what clients are told. A browser checks the certificate against the name of turns, so that is the domain unless told otherwise.
func (o *options) turnURLs() (urls []string) {
	plainHost, secureHost := uriHost(o.mediaIP), o.domain
	if host, _, _ := net.SplitHostPort(o.turn.plain); !allAddresses(o.turn.plain) {
		plainHost = hostOfURI(host)
	}
	if o.turn.host != "" {
		plainHost, secureHost = hostOfURI(o.turn.host), hostOfURI(o.turn.host)
	}
	secureAt := o.turn.plain // has TLS on its port for TCP too
	if o.turn.secure != "" {
		secureAt = o.turn.secure
	}
	_, securePort, _ := net.SplitHostPort(secureAt)
	if o.turn.plain != "" {
		_, port, _ := net.SplitHostPort(o.turn.plain)
		at := plainHost + ":" + port
		urls = append(urls, "stun:"+at, "turn:"+at+"?transport=udp", "turn:"+at+"?transport=tcp")
	}
	return append(urls, "turns:"+secureHost+":"+securePort+"?transport=tcp")
}

// hostOfURI puts an IPv6 address into brackets.
func hostOfURI(host string) string {
	if address, err := netip.ParseAddr(host); err == nil {
		return uriHost(address)
	}
	return host
}

// mediaSockets are those of ours that relays speak with.
func (o *options) mediaSockets() []turn.Range {
	return append(o.iceRanges(), turn.Range{Address: o.mediaIP, Low: o.mediaPorts[0], High: o.mediaPorts[1]})
}

// portRange reads LO-HI.
func portRange(text string) (ports [2]uint16, err error) {
	low, high, _ := strings.Cut(text, "-")
	from, err1 := strconv.ParseUint(low, 10, 16)
	to, err2 := strconv.ParseUint(high, 10, 16)
	if err1 != nil || err2 != nil || from < 1024 || to < from+1 {
		return ports, fmt.Errorf("write LO-HI, from 1024 to 65535, two ports at least")
	}
	return [2]uint16{uint16(from), uint16(to)}, nil
}

// parseNetwork reads a network, or an address as the network of that alone.
func parseNetwork(text string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(text); err == nil {
		address = address.Unmap().WithZone("")
		return netip.PrefixFrom(address, address.BitLen()), nil
	}
	network, err := netip.ParsePrefix(text)
	return network.Masked(), err
}
