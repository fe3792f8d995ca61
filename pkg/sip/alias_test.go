package sip_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// authority signs certificates for hosts.
type authority struct {
	t    *testing.T
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	pool *x509.CertPool
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, _ := x509.ParseCertificate(der)
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return &authority{t, key, cert, pool}
}

func (a *authority) certificate(names ...string) tls.Certificate {
	a.t.Helper()
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotAfter: time.Now().Add(time.Hour), DNSNames: names,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// TestConnectionsAreReused: a proxy that connects over mutual TLS and says alias gets our requests on that connection; without its certificate, or with
// one for another name, it does not (RFC 5923).
func TestConnectionsAreReused(t *testing.T) {
	ca := newAuthority(t)
	for name, row := range map[string]struct {
		names   []string // in the certificate of the proxy; none is no certificate
		request bool     // the server asks for one
		reused  bool
	}{
		"mutual":          {[]string{"proxy.example"}, true, true},
		"not asked":       {[]string{"proxy.example"}, false, false},
		"another name":    {[]string{"other.example"}, true, false},
		"no certificate":  {nil, true, false},
		"one of its many": {[]string{"a.example", "proxy.example"}, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			server, serverAt := tlsAgent(t, ca, "server.example", []string{"server.example"}, row.request)
			proxy, proxyAt := tlsAgent(t, ca, "proxy.example", row.names, row.request)
			*serverAt.peer, *proxyAt.peer = proxyAt.addr, serverAt.addr
			if res, err := proxy.Do(t.Context(), sip.NewRequest(sip.OPTIONS, mustURI(t, "sips:server.example"))); err != nil || res.StatusCode != 200 {
				t.Fatalf("%v, %v", res, err)
			}
			res, err := server.Do(t.Context(), sip.NewRequest(sip.OPTIONS, mustURI(t, "sips:proxy.example")))
			connections := server.Stats().Connections
			switch {
			case row.reused && (err != nil || res.StatusCode != 200 || connections != 1):
				t.Errorf("%v with %d connections", err, connections)
			case !row.reused && err == nil && connections == 1:
				t.Error("a request went to somebody who did not prove to be its server")
			}
		})
	}
}

type tlsPlace struct {
	addr string
	peer *string
}

// tlsAgent is a user agent on TLS at loopback, which finds everything at its peer.
func tlsAgent(t *testing.T, ca *authority, host string, names []string, mutual bool) (*sip.UserAgent, tlsPlace) {
	t.Helper()
	place := tlsPlace{peer: new(string)}
	client := &tls.Config{RootCAs: ca.pool}
	serving := &tls.Config{Certificates: []tls.Certificate{ca.certificate(host)}, ClientCAs: ca.pool}
	if len(names) > 0 {
		client.Certificates = []tls.Certificate{ca.certificate(names...)}
		serving.Certificates = client.Certificates
	}
	if mutual {
		serving.ClientAuth = tls.VerifyClientCertIfGiven
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	place.addr = l.Addr().String()
	ua := sip.New(sip.Config{
		Host: host, TLS: func() *tls.Config { return client }, Handler: sip.HandlerFunc(func(tx *sip.ServerTransaction) { tx.Reply(200) }),
		Locate: func(ctx context.Context, uri sip.URI) ([]sip.Target, error) {
			targets, _ := at("TLS", *place.peer)(ctx, uri)
			targets[0].Host = strings.ToLower(uri.Host)
			return targets, nil
		},
	})
	t.Cleanup(func() { ua.Close() })
	if err := ua.ListenTLS(tls.NewListener(l, serving)); err != nil {
		t.Fatal(err)
	}
	return ua, place
}
