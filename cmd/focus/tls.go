package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/acme"
)

// identity is what the server shows of itself in TLS, and what it asks of those who come. What has been given to it, files or certificates of
// ACME, goes before what it made itself.
type identity struct {
	log     *slog.Logger
	min     uint16                      // version
	own     *certificates               // signed by our own authority, for as long as there is nothing better
	files   *reloaded[*tls.Certificate] // nil: none
	acme    *acmeCertificates           // nil: none
	clients *reloaded[*x509.CertPool]   // who signs the certificates of peers; nil: nobody is asked for one
	roots   *reloaded[*x509.CertPool]   // who signs those of servers that we call
	sips    atomic.Pointer[tls.Config]  // of the SIP port, made from clients
}

// openIdentity reads and makes what the options ask for.
func openIdentity(o *options, names []string, log *slog.Logger, now time.Time) (i *identity, err error) {
	i = &identity{log: log, min: o.tlsMin}
	if i.own, err = openCertificates(o.data, names, log, now); err != nil {
		return nil, err
	}
	if o.tlsCert != "" {
		load := func() (*tls.Certificate, error) { return loadPair(o.tlsCert, o.tlsKey) }
		if i.files, err = openReloaded("the certificate", load, o.tlsCert, o.tlsKey); err != nil {
			return nil, fmt.Errorf("--tls-cert %s, --tls-key %s: %w", o.tlsCert, o.tlsKey, err)
		}
		warnOfEnd(log, i.files.get(), now)
	}
	if o.tlsClientCA != "" {
		load := func() (*x509.CertPool, error) { return loadPool(x509.NewCertPool(), o.tlsClientCA) }
		if i.clients, err = openReloaded("the authorities of peers", load, o.tlsClientCA); err != nil {
			return nil, fmt.Errorf("--tls-client-ca: %w", err)
		}
	}
	load := func() (*x509.CertPool, error) { return trust(o.tlsCA) }
	if i.roots, err = openReloaded("the authorities of servers", load, nonEmpty(o.tlsCA)...); err != nil {
		return nil, fmt.Errorf("--tls-ca: %w", err)
	}
	if len(o.acmeNames) > 0 {
		i.acme = newACME(o, log)
	}
	i.makeSIPS()
	return i, nil
}

func nonEmpty(paths ...string) []string {
	return slices.DeleteFunc(paths, func(path string) bool { return path == "" })
}

// loadPair reads a certificate with those between it and its authority, and its key.
func loadPair(certFile, keyFile string) (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	return &pair, err
}

func loadPool(pool *x509.CertPool, path string) (*x509.CertPool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s holds no certificate in PEM", path)
	}
	return pool, nil
}

func warnOfEnd(log *slog.Logger, pair *tls.Certificate, now time.Time) {
	if now.After(pair.Leaf.NotAfter) {
		log.Warn("the certificate has expired: telephones will not take it", "until", pair.Leaf.NotAfter)
	}
}

// https is for the HTTPS port, where ACME looks too.
func (i *identity) https() *tls.Config {
	config := &tls.Config{MinVersion: i.min, GetCertificate: i.certificate}
	if i.acme != nil {
		config.NextProtos = []string{"h2", "http/1.1", acme.ALPNProto}
	}
	return config
}

// sip is for the SIP port: it asks peers for a certificate where authorities for those are known, and refuses one that they have not signed.
// Who shows none is as welcome as without them.
func (i *identity) sip() *tls.Config {
	return &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return i.sips.Load(), nil }}
}

// turn is for the ports of TURN.
func (i *identity) turn() *tls.Config {
	return &tls.Config{MinVersion: i.min, GetCertificate: i.certificate}
}

func (i *identity) makeSIPS() {
	config := &tls.Config{MinVersion: i.min, GetCertificate: i.certificate}
	if i.clients != nil {
		config.ClientAuth, config.ClientCAs = tls.VerifyClientCertIfGiven, i.clients.get()
	}
	i.sips.Store(config)
}

// outgoing is for connections that the server opens: names are checked, and the server shows its own certificate to who asks.
func (i *identity) outgoing() *tls.Config {
	return &tls.Config{
		MinVersion: i.min, RootCAs: i.roots.get(),
		GetClientCertificate: func(asked *tls.CertificateRequestInfo) (*tls.Certificate, error) {
			pair, err := i.shown("")
			if err != nil || asked.SupportsCertificate(pair) != nil {
				return &tls.Certificate{}, nil // the other side decides what that is worth
			}
			return pair, nil
		},
	}
}

// certificate is what is shown at a handshake. The commands on this host come without a name, or by one that only our own certificate has.
func (i *identity) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if i.acme != nil && slices.Equal(hello.SupportedProtos, []string{acme.ALPNProto}) {
		return i.acme.manager.GetCertificate(hello)
	}
	pair, err := i.shown(hello.ServerName)
	if err == nil && fromThisHost(hello.Conn) && pair.Leaf.VerifyHostname(nameAsked(hello)) != nil {
		return i.own.certificate(time.Now())
	}
	return pair, err
}

// shown is the best there is for a name, which may be empty.
func (i *identity) shown(name string) (*tls.Certificate, error) {
	if i.files != nil {
		return i.files.get(), nil
	}
	if i.acme != nil {
		if pair := i.acme.certificate(name); pair != nil {
			return pair, nil
		}
	}
	return i.own.certificate(time.Now())
}

func nameAsked(hello *tls.ClientHelloInfo) string {
	if hello.ServerName != "" {
		return hello.ServerName
	}
	return addressOf(hello.Conn.LocalAddr()).String()
}

func fromThisHost(conn net.Conn) bool {
	remote := addressOf(conn.RemoteAddr())
	return remote.IsLoopback() || remote.IsValid() && remote == addressOf(conn.LocalAddr())
}

func addressOf(addr net.Addr) netip.Addr {
	parsed, _ := netip.ParseAddrPort(addr.String())
	return parsed.Addr().Unmap()
}

// check reads again what has changed; always on SIGHUP.
func (i *identity) check(always bool) {
	now := time.Now()
	i.own.check(now, always)
	if i.files != nil {
		before := i.files.get()
		i.files.check(i.log, always)
		if after := i.files.get(); after != before {
			warnOfEnd(i.log, after, now)
		}
	}
	if len(i.roots.paths) > 0 { // those of the system are read once in a process
		i.roots.check(i.log, always)
	}
	if i.clients != nil {
		before := i.clients.get()
		i.clients.check(i.log, always)
		if i.clients.get() != before {
			i.makeSIPS() // with it go the sessions that the old authorities let in
		}
	}
}

// checkEvery is how soon a changed file is noticed without SIGHUP. Looking costs a stat for each.
const checkEvery = 30 * time.Second

// watch looks after the files until ctx ends.
func (i *identity) watch(ctx context.Context) {
	ticker := time.NewTicker(checkEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			i.check(false)
		}
	}
}
