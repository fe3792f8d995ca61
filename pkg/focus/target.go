package focus

import (
	"errors"
	"net"
	"slices"
	"strings"

	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

var (
	errNotOurs = errors.New("not a domain of this server")
	errScheme  = errors.New("not a SIP URI")

	errNoSuchMCU = errors.New("conferences have no such MCU")
)

// target reads what an INVITE wants: a conference or the factory.
func (s *Server) target(tx *sip.ServerTransaction) (conference.Address, error) {
	uri := tx.Request().Recipient
	if scheme := strings.ToLower(uri.Scheme); scheme != "sip" && scheme != "sips" {
		return conference.Address{}, errScheme
	}
	if !s.ours(uri.Host, tx) {
		return conference.Address{}, errNotOurs
	}
	address, err := conference.ParseURI(uri.String())
	if err != nil {
		return conference.Address{}, err
	}
	switch {
	case address.Kind == conference.KindConference, address.Kind == conference.KindFocus, address.Kind == conference.KindAdHocFactory,
		address.Kind == conference.KindMCU && address.MCUType == conference.AudioVideo:
		return address, nil
	case address.Kind == conference.KindMCU:
		return conference.Address{}, errNoSuchMCU
	}
	return conference.Address{}, conference.ErrNotFound
}

// ours says whether a host is this server: one of its domains, or the address on which the request came.
func (s *Server) ours(host string, tx *sip.ServerTransaction) bool {
	host = hostOnly(host)
	same := func(domain string) bool { return strings.EqualFold(hostOnly(domain), host) }
	return same(s.config.Domain) || slices.ContainsFunc(s.config.Domains, same) || tx != nil && same(tx.ContactURI("").Host)
}

// hostOnly is a host without port and brackets.
func hostOnly(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return strings.Trim(host, "[]")
}

// contact is the URI of a focus at the address where the caller reaches us: sip:ID@HOST:PORT, or the focus URI for those who dialled that.
func contact(tx *sip.ServerTransaction, dialled conference.Kind, c *conference.Conference) sip.URI {
	if dialled != conference.KindFocus && dialled != conference.KindMCU {
		return tx.ContactURI(string(c.ID()))
	}
	focus, err := sip.ParseURI(string(c.URI()))
	if err != nil {
		return tx.ContactURI(string(c.ID()))
	}
	uri := tx.ContactURI(focus.User)
	uri.UriParams = append(uri.UriParams, focus.UriParams...)
	return uri
}
