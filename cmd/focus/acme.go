package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// acmeCertificates are those that an ACME server (RFC 8555) signs for our names. They are asked for in the background: until the first is
// there, and while that server cannot be reached, the certificate of our own authority is shown. autocert renews them.
type acmeCertificates struct {
	manager *autocert.Manager
	names   []string
	log     *slog.Logger

	mu    sync.Mutex
	ready map[string]bool // names whose certificate there is
}

// The pauses between tries to get a certificate.
const (
	firstACMEPause = time.Minute
	maxACMEPause   = 2 * time.Hour
)

// newACME asks for nothing yet. To use it is to agree to the terms of the ACME server.
func newACME(o *options, log *slog.Logger) *acmeCertificates {
	return &acmeCertificates{
		names: o.acmeNames, log: log, ready: map[string]bool{},
		manager: &autocert.Manager{
			Prompt: autocert.AcceptTOS, Cache: autocert.DirCache(o.in("acme")), HostPolicy: autocert.HostWhitelist(o.acmeNames...), Email: o.acmeEmail,
			Client: &acme.Client{DirectoryURL: o.acmeDirectory, UserAgent: "focus/" + version},
		},
	}
}

// useRoots sets who must have signed the certificate of the ACME server itself.
func (a *acmeCertificates) useRoots(ctx context.Context, config *tls.Config) {
	a.manager.Client.HTTPClient = &http.Client{Timeout: time.Minute, Transport: whileRunning{ctx, &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: config.RootCAs, MinVersion: tls.VersionTLS12}, Proxy: http.ProxyFromEnvironment,
	}}}
}

// whileRunning ends requests with the server: autocert gives them five minutes.
type whileRunning struct {
	ctx  context.Context
	next http.RoundTripper
}

func (w whileRunning) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := w.ctx.Err(); err != nil {
		return nil, err
	}
	return w.next.RoundTrip(r)
}

// obtain gets the certificates one after the other, and goes on until it has them all or ctx ends.
func (a *acmeCertificates) obtain(ctx context.Context) {
	for _, name := range a.names {
		for pause := firstACMEPause; !a.obtainOne(ctx, name); pause = min(2*pause, maxACMEPause) {
			select {
			case <-ctx.Done():
				return
			case <-time.After(pause):
			}
		}
	}
}

func (a *acmeCertificates) obtainOne(ctx context.Context, name string) bool {
	result := make(chan error, 1)
	go func() { // outlives ctx by one request at the most
		_, err := a.manager.GetCertificate(ecdsaHello(name))
		result <- err
	}()
	select {
	case <-ctx.Done():
		return false
	case err := <-result:
		if err != nil {
			a.log.Error("no certificate from the ACME server; it is tried again", "name", name, "server", a.manager.Client.DirectoryURL, "err", err)
			return false
		}
	}
	a.mu.Lock()
	a.ready[name] = true
	a.mu.Unlock()
	a.log.Info("certificate of the ACME server", "name", name)
	return true
}

// certificate is the one for a name, or for the first of ours when the name is none of ours: not every telephone says one. Nil while there is
// none.
func (a *acmeCertificates) certificate(name string) *tls.Certificate {
	if name = strings.TrimSuffix(strings.ToLower(name), "."); !slices.Contains(a.names, name) {
		name = a.names[0]
	}
	a.mu.Lock()
	ready := a.ready[name]
	a.mu.Unlock()
	if !ready { // asking now would keep the handshake waiting
		return nil
	}
	pair, err := a.manager.GetCertificate(ecdsaHello(name))
	if err != nil {
		a.log.Error("certificate of the ACME server", "name", name, "err", err)
		return nil
	}
	return pair
}

// ecdsaHello makes autocert always mean the same certificate: with RSA for some clients there would be two to wait for.
func ecdsaHello(name string) *tls.ClientHelloInfo {
	return &tls.ClientHelloInfo{ServerName: name, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}}
}

// http01 serves the answers to http-01 challenges (RFC 8555 §8.3) and nothing else.
func (a *acmeCertificates) http01(log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: a.manager.HTTPHandler(http.NotFoundHandler()), ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// acmeNames reads names with commas between them.
func acmeNames(text string) (names []string, err error) {
	for _, name := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return r == ',' || r == ' ' }) {
		if !strings.Contains(name, ".") || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-.") != "" || isAddress(name) {
			return nil, fmt.Errorf("%q is not the full name of a host", name)
		}
		names = append(names, name)
	}
	return names, nil
}
