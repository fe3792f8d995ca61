package sip

import (
	"crypto/tls"
	"net/netip"
)

// Connection reuse (RFC 5923): a peer that connected to us, and whose Via says alias, gets our requests on the same connection. Over TLS alone:
// without its certificate anybody at the address of a peer could take what is meant for it.

// learnAlias notes that requests to the sent-by of a Via may use this connection, if its certificate has that name (RFC 5923 §8.2).
func (ua *UserAgent) learnAlias(req *Request, from flow) {
	via := req.Via()
	s, ok := from.link.(*stream)
	if _, wants := lookup(via.Params, "alias"); !ok || !wants || s.transport() != "TLS" || via.Port > 65535 {
		return
	}
	state := s.tlsState()
	if state == nil || len(state.VerifiedChains) == 0 || state.PeerCertificates[0].VerifyHostname(via.Host) != nil {
		return
	}
	ua.links.alias(streamKey{"TLS", netip.AddrPortFrom(s.remote.Addr(), uint16(or(max(via.Port, 0), 5061)))}, s)
}

// offersAlias tells if a connection of ours shows our certificate, so that the peer may send its requests on it.
func (ua *UserAgent) offersAlias(way flow) bool {
	s, ok := way.link.(*stream)
	if !ok || s.transport() != "TLS" || !s.isOurs() || ua.cfg.TLS == nil || len(ua.listening("TLS")) == 0 {
		return false
	}
	return showsCertificate(ua.cfg.TLS())
}

func showsCertificate(c *tls.Config) bool {
	return c != nil && (len(c.Certificates) > 0 || c.GetClientCertificate != nil)
}

// serves tells if a connection may carry requests to a target. One that we opened was checked then. One that the peer opened is as good over TCP,
// where an address is all that anybody has; over TLS the peer must have proved to be the host.
func (s *stream) serves(t Target) bool {
	if !s.usable() || !s.isFor(t.Host) {
		return false
	}
	state := s.tlsState()
	_, isAddress := literal(t.Host)
	return s.isOurs() || state == nil || len(state.VerifiedChains) > 0 || t.Host == "" || isAddress
}

// alias adds a second address under which a connection is found.
func (l *links) alias(key streamKey, s *stream) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.byName[s.name()]; ok && l.streams[key] == nil && s.alias == (streamKey{}) {
		l.streams[key], s.alias = s, key
	}
}

// isOurs: we opened the connection.
func (s *stream) isOurs() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ours
}

func (s *stream) becomeOurs() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ours = true
}
