package focus

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// Trust is who may say who a caller is without a password: proxies and gateways that have authenticated him (RFC 3325 §4, "Trust Domain").
type Trust struct {
	Peers []TrustedPeer
	// From also takes the From of a trusted peer for proved, where it asserts nothing. That is for gateways that write no P-Asserted-Identity, and
	// none that pass on what telephones say of themselves.
	From bool
}

// TrustedPeer is one of: a domain that is in the peer's certificate; addresses from which it connects; addresses from which it sends datagrams.
type TrustedPeer struct {
	Domain    string
	Addresses netip.Prefix
	UDP       bool // datagrams too, whose address anybody can forge
}

// ParseTrustedPeer reads "192.0.2.7", "2001:db8::/32", "udp:192.0.2.7" or "proxy.example.net".
func ParseTrustedPeer(text string) (p TrustedPeer, err error) {
	text, p.UDP = strings.CutPrefix(strings.ToLower(text), "udp:")
	if address, err := netip.ParseAddr(text); err == nil {
		address = address.Unmap().WithZone("")
		p.Addresses = netip.PrefixFrom(address, address.BitLen())
		return p, nil
	}
	if prefix, err := netip.ParsePrefix(text); err == nil {
		p.Addresses = prefix.Masked()
		return p, nil
	}
	if p.UDP || !strings.Contains(text, ".") || strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789-.") != "" || strings.Trim(text, "0123456789.") == "" {
		return TrustedPeer{}, fmt.Errorf("%q is no address, no network and no name in a certificate", text)
	}
	p.Domain = text
	return p, nil
}

func (t TrustedPeer) is(p sip.Peer) bool {
	if t.Domain != "" {
		return slices.Contains(p.Domains, t.Domain)
	}
	return (p.Connected() || t.UDP) && t.Addresses.Contains(p.Address.Addr().Unmap().WithZone(""))
}

func (t Trust) is(p sip.Peer) bool {
	return slices.ContainsFunc(t.Peers, func(one TrustedPeer) bool { return one.is(p) })
}

// vouched is the caller as a trusted peer, or his own certificate, says; ok is false when nobody does. "If a User Agent Server receives a message
// from a previous element that it does not trust, it MUST NOT use the P-Asserted-Identity header field in any way" (RFC 3325 §8). Nobody is an
// administrator by the word of another server, and REGISTER has no such header (§9.1).
func (s *Server) vouched(tx *sip.ServerTransaction) (who visitor, ok bool) {
	req, peer := tx.Request(), tx.Peer()
	if req.Method == sip.REGISTER {
		return visitor{}, false
	}
	if slices.ContainsFunc(peer.Users, func(u sip.URI) bool { return sip.EqualURI(u, bare(req.From().Address)) }) {
		return s.named(tx, req.From().Address, req.From().DisplayName), true
	}
	if !s.config.Trust.is(peer) || sip.WantsPrivacy(req) {
		return visitor{}, false
	}
	asserted, err := sip.AssertedIdentity(req)
	switch {
	case errors.Is(err, sip.ErrAssertion):
		s.log.Info("what a trusted peer asserts is malformed", "from", tx.Source(), "err", err)
		return visitor{}, false
	case err == nil && asserted.URI.Host != "":
		return s.named(tx, asserted.URI, asserted.Name), true
	case err == nil:
		return visitor{caller: conference.Caller{URI: conference.URI("tel:" + asserted.Tel), Authenticated: true, PSTN: true}, name: asserted.Name}, true
	case s.config.Trust.From && req.From().Address.User != "" && isSIP(req.From().Address):
		return s.named(tx, req.From().Address, req.From().DisplayName), true
	}
	return visitor{}, false
}

// named is a caller who has been proved. One of our own users is that under any of our names and addresses.
func (s *Server) named(tx *sip.ServerTransaction, uri sip.URI, name string) visitor {
	uri = bare(uri)
	if s.home(uri.Host, tx) {
		uri.Scheme, uri.Host, uri.Port = "sip", s.config.Realm, 0
	}
	return visitor{caller: conference.Caller{URI: conference.URI(uri.String()), Authenticated: true}, name: name}
}

// bare is who a URI names, without what leads to a device of his.
func bare(uri sip.URI) sip.URI {
	uri.UriParams, uri.Headers, uri.Password = nil, nil, ""
	return uri
}

func isSIP(uri sip.URI) bool { return uri.Scheme == "sip" || uri.Scheme == "sips" }
