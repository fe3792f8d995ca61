package webhook

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
)

// Errors of a target.
var (
	ErrTarget  = errors.New("not a target for webhooks")
	errAddress = fmt.Errorf("%w: not an address of the public Internet", ErrTarget)
)

const maxURL = 2048

// special are the networks that are not of the public Internet, beside those that netip knows (IANA's registries of special-purpose addresses).
var special = [...]netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("100::/64"),
	netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"),
}

// public says whether an address is one that anybody could reach: what is behind our firewall is not for who may name a webhook.
func public(a netip.Addr) bool {
	return a.IsGlobalUnicast() && !a.IsPrivate() && !slices.ContainsFunc(special[:], func(p netip.Prefix) bool { return p.Contains(a) })
}

func (s *Sender) allowed(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	return public(a) || slices.ContainsFunc(s.config.Networks, func(p netip.Prefix) bool { return p.Contains(a) })
}

// control looks at each address that is about to be connected to, after names have been looked up: a name that leads elsewhere the second time
// (DNS rebinding) helps nobody.
func (s *Sender) control(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || !s.allowed(to.Addr()) {
		return errAddress
	}
	return nil
}

// Check says early what is wrong with a URL; ErrTarget. What its name leads to is looked at when something is sent.
func (s *Sender) Check(text string) error {
	target, err := url.Parse(text)
	if err != nil || len(text) > maxURL || target.Host == "" || target.Opaque != "" {
		return fmt.Errorf("%w: want https://HOST/PATH", ErrTarget)
	}
	switch {
	case target.User != nil:
		return fmt.Errorf("%w: a user and a password do not belong into the URL", ErrTarget)
	case target.Fragment != "":
		return fmt.Errorf("%w: leave the fragment out", ErrTarget)
	case target.Scheme != "https" && (target.Scheme != "http" || len(s.config.Networks) == 0):
		return fmt.Errorf("%w: want https", ErrTarget)
	}
	if a, err := netip.ParseAddr(strings.Trim(target.Hostname(), "[]")); err == nil && !s.allowed(a) {
		return errAddress
	}
	if strings.EqualFold(target.Hostname(), "localhost") && !s.allowed(netip.MustParseAddr("127.0.0.1")) {
		return errAddress
	}
	return nil
}
