package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"github.com/seed-f3cefc8c/focus/pkg/focus"
)

func (s *settings) readTLS(o *options) (err error) {
	o.tlsCert, o.tlsKey, o.tlsClientCA, o.tlsCA = s.TLSCert, s.TLSKey, s.TLSClientCA, s.TLSCA
	if o.tlsMin = tls.VersionTLS12; s.TLSMin == "1.3" {
		o.tlsMin = tls.VersionTLS13
	}
	if (o.tlsCert == "") != (o.tlsKey == "") {
		return errors.New("--tls-cert and --tls-key belong together: name both")
	}
	if o.acmeNames, err = acmeNames(s.ACME); err != nil {
		return fmt.Errorf("--acme: %w", err)
	}
	if len(o.acmeNames) > 0 && o.tlsCert != "" {
		return errors.New("--acme and --tls-cert: choose one")
	}
	return s.readACME(o)
}

func (s *settings) readACME(o *options) error {
	o.acmeEmail, o.acmeDirectory = s.ACMEEmail, s.ACMEDir
	if directory, err := url.Parse(s.ACMEDir); err != nil || directory.Scheme != "https" || directory.Host == "" {
		return fmt.Errorf("--acme-directory %q: write https://HOST/PATH", s.ACMEDir)
	}
	if s.ACMEHTTP == off {
		return nil
	}
	if err := checkHostPort(s.ACMEHTTP); err != nil {
		return fmt.Errorf("--acme-http %q: %w", s.ACMEHTTP, err)
	}
	if len(o.acmeNames) == 0 {
		return errors.New("--acme-http without --acme: there would be nothing to answer")
	}
	o.acmeHTTP = s.ACMEHTTP
	return nil
}

func (s *settings) readTrusted(o *options) error {
	o.trust.From, o.connectionIdentity = s.TrustedBy == "from", focus.ConnectionIdentity(s.ConnectionID)
	for _, text := range strings.FieldsFunc(s.Trusted, func(r rune) bool { return r == ',' || r == ' ' }) {
		peer, err := focus.ParseTrustedPeer(text)
		if err != nil {
			return fmt.Errorf("--trusted: %w", err)
		}
		if peer.Domain != "" && o.tlsClientCA == "" {
			return fmt.Errorf("--trusted %s is the name of a certificate: say with --tls-client-ca who signs those", peer.Domain)
		}
		o.trust.Peers = append(o.trust.Peers, peer)
	}
	if o.trust.From && len(o.trust.Peers) == 0 {
		return errors.New("--trusted-identity from without --trusted: whose From?")
	}
	return nil
}

func isAddress(text string) bool {
	_, err := netip.ParseAddr(text)
	return err == nil
}
