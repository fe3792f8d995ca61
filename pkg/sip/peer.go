package sip

import (
	"crypto/x509"
	"net/netip"
	"slices"
	"strings"
)

// Peer is what a connection proves of who is at its other end. Of a datagram it proves nothing: anybody can write any Address into one.
type Peer struct {
	Address   netip.AddrPort
	Transport string
	// Domains and Users are read from a verified certificate (TLS), empty without one: the domains for which the peer may speak, in lower case,
	// and the users that it is.
	Domains []string
	Users   []URI
}

// Connected tells if Address has been proved by a handshake.
func (p Peer) Connected() bool { return p.Transport != "UDP" }

// Peer is who sent the request, as far as the transport knows.
func (tx *ServerTransaction) Peer() Peer { return tx.from.peer() }

func (f flow) peer() Peer {
	p := Peer{Address: f.remote, Transport: f.link.transport()}
	if state := f.tlsState(); state != nil && len(state.VerifiedChains) > 0 {
		p.Domains, p.Users = certificateIdentities(state.PeerCertificates[0])
	}
	return p
}

// certificateIdentities are the SIP identities of a certificate by RFC 5922 §7.1:
//
//	"If the scheme of the URI is not "sip", then the implementation MUST NOT accept the value as a SIP domain identity."
//	"If the scheme of the URI value is "sip", and the URI value that contains a userpart (there is an '@'), the implementation MUST NOT accept
//	the value as a SIP domain identity (a value with a userpart identifies an individual user, not a domain)."
//	"An implementation MUST accept a domain name system identifier as a SIP domain identity if and only if no other identity is found that
//	matches the "sip" URI type described above."
//	"If and only if the subjectAltName does not appear in the certificate, the implementation MAY examine the CN field of the certificate."
//
// Implementations "MUST NOT match any form of wildcard" (§7.2): a name with one is no identity.
func certificateIdentities(c *x509.Certificate) (domains []string, users []URI) {
	sipURIs := false
	for _, value := range c.URIs {
		uri, err := ParseURI(value.String())
		if err != nil || value.Scheme != "sip" {
			continue
		}
		sipURIs = true
		if uri.User != "" {
			users = append(users, uri)
		} else {
			domains = appendDomain(domains, uri.Host)
		}
	}
	switch {
	case sipURIs:
	case len(c.DNSNames)+len(c.URIs)+len(c.IPAddresses)+len(c.EmailAddresses) > 0:
		for _, name := range c.DNSNames {
			domains = appendDomain(domains, name)
		}
	default:
		domains = appendDomain(domains, c.Subject.CommonName)
	}
	return domains, users
}

func appendDomain(domains []string, name string) []string {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if name == "" || strings.ContainsAny(name, "* @/") || slices.Contains(domains, name) {
		return domains
	}
	return append(domains, name)
}
