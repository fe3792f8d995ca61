package main

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/seed-f3cefc8c/focus/pkg/sip/locate"
)

func (s *settings) readDNS(o *options) (err error) {
	if s.DNS == "" {
		return nil
	}
	if o.dns, err = locate.NewClient(s.DNS); err != nil {
		return fmt.Errorf("--dns %q: write HOST:PORT", s.DNS)
	}
	return nil
}

// locating says whom to ask where a SIP domain leads. Our own names lead to our users. Our own addresses do so only where we listen, which the
// user agent knows better: with another port they are another program on this host.
func (o *options) locating() locate.Config {
	config := locate.Config{}
	if o.dns != nil {
		config.DNS = o.dns
	}
	for _, name := range append([]string{o.domain}, o.ownNames()...) {
		if _, err := netip.ParseAddr(strings.Trim(name, "[]")); err != nil {
			config.Own = append(config.Own, name)
		}
	}
	return config
}
