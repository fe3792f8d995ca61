package sip_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

func TestIdentitiesOfACertificate(t *testing.T) {
	uris := func(texts ...string) (all []*url.URL) {
		for _, text := range texts {
			u, err := url.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, u)
		}
		return all
	}
	for what, row := range map[string]struct {
		c              x509.Certificate
		domains, users []string
	}{
		"a sip URI goes before DNS names":  {x509.Certificate{URIs: uris("sip:Example.com"), DNSNames: []string{"other.example.com"}}, []string{"example.com"}, nil},
		"a user is no domain":              {x509.Certificate{URIs: uris("sip:alice@example.com"), DNSNames: []string{"example.com"}}, nil, []string{"sip:alice@example.com"}},
		"other schemes count for nothing":  {x509.Certificate{URIs: uris("sips:example.com", "https://example.com"), DNSNames: []string{"a.example.com"}}, []string{"a.example.com"}, nil},
		"no wildcards":                     {x509.Certificate{DNSNames: []string{"*.example.com", "example.com."}}, []string{"example.com"}, nil},
		"the common name when that is all": {x509.Certificate{Subject: pkix.Name{CommonName: "Proxy.example.com"}}, []string{"proxy.example.com"}, nil},
		"and not else":                     {x509.Certificate{Subject: pkix.Name{CommonName: "proxy.example.com"}, IPAddresses: []net.IP{net.IPv4(192, 0, 2, 1)}}, nil, nil},
		"a common name that is a person":   {x509.Certificate{Subject: pkix.Name{CommonName: "Alice A."}}, nil, nil},
	} {
		domains, users := sip.CertificateIdentities(&row.c)
		var names []string
		for _, u := range users {
			names = append(names, u.String())
		}
		if diff := cmp.Diff(row.domains, domains); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
		if diff := cmp.Diff(row.users, names); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
}

// issuer signs certificates for the stories below.
type issuer struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newIssuer(t *testing.T) *issuer {
	i := &issuer{t: t}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "CA"}, NotAfter: time.Now().Add(time.Hour), IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	i.key, _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	der, err := x509.CreateCertificate(rand.Reader, template, template, i.key.Public(), i.key)
	if err != nil {
		t.Fatal(err)
	}
	i.cert, _ = x509.ParseCertificate(der)
	return i
}

func (i *issuer) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(i.cert)
	return pool
}

func (i *issuer) signs(template x509.Certificate) tls.Certificate {
	i.t.Helper()
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	template.SerialNumber, template.NotAfter = big.NewInt(2), time.Now().Add(time.Hour)
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	der, err := x509.CreateCertificate(rand.Reader, &template, i.cert, key.Public(), i.key)
	if err != nil {
		i.t.Fatal(err)
	}
	leaf, _ := x509.ParseCertificate(der)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// TestPeerOverTLS is on real sockets: a proxy shows a certificate, a telephone none, somebody else one that nobody knows. The proxy checks who
// it talks to.
func TestPeerOverTLS(t *testing.T) {
	ca, otherCA := newIssuer(t), newIssuer(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	peers := make(chan sip.Peer, 1)
	contacts := make(chan string, 1)
	server := sip.New(sip.Config{Handler: sip.HandlerFunc(func(tx *sip.ServerTransaction) {
		contact := tx.ContactURI("conf")
		peers <- tx.Peer()
		contacts <- contact.String()
		tx.Reply(200)
	})})
	defer server.Close()
	go server.ServeTLS(tls.NewListener(l, &tls.Config{
		Certificates: []tls.Certificate{ca.signs(x509.Certificate{DNSNames: []string{"conference.example.com"}})},
		ClientAuth:   tls.VerifyClientCertIfGiven, ClientCAs: ca.pool(),
	}))
	asks := func(uri, name string, shown *tls.Certificate) error {
		t.Helper()
		ua := sip.New(sip.Config{
			TLS: func() *tls.Config {
				config := &tls.Config{RootCAs: ca.pool(), MaxVersion: tls.VersionTLS12} // in which a client hears at once that it is refused
				if shown != nil {
					config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return shown, nil }
				}
				return config
			},
			Locate: func(context.Context, sip.URI) ([]sip.Target, error) {
				return []sip.Target{{Transport: "TLS", Addr: netip.MustParseAddrPort(l.Addr().String()), Host: name}}, nil
			},
		})
		defer ua.Close()
		req := sip.NewRequest(sip.OPTIONS, mustURI(t, uri))
		sip.AddHeader(req, "From", "<sip:alice@example.com>;tag="+sip.NewTag())
		sip.AddHeader(req, "To", "<sip:conf@conference.example.com>")
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, err := ua.Do(ctx, req)
		return err
	}
	proxy := ca.signs(x509.Certificate{DNSNames: []string{"proxy.example.net"}})
	stranger := otherCA.signs(x509.Certificate{DNSNames: []string{"proxy.example.net"}})

	t.Log("# the proxy")
	if err := asks("sip:conf@conference.example.com", "conference.example.com", &proxy); err != nil {
		t.Fatal(err)
	}
	if p := <-peers; len(p.Domains) != 1 || p.Domains[0] != "proxy.example.net" || !p.Connected() {
		t.Errorf("peer %+v", p)
	}
	if contact := <-contacts; !strings.HasPrefix(contact, "sip:conf@127.0.0.1:") || !strings.HasSuffix(contact, ";transport=tls") {
		t.Errorf("Contact %s", contact)
	}
	t.Log("# a telephone that dials a SIPS URI")
	if err := asks("sips:conf@conference.example.com", "conference.example.com", nil); err != nil {
		t.Fatal(err)
	}
	if p := <-peers; len(p.Domains) != 0 {
		t.Errorf("peer %+v", p)
	}
	if contact := <-contacts; !strings.HasPrefix(contact, "sips:conf@127.0.0.1:") || strings.Contains(contact, "transport") {
		t.Errorf("Contact %s", contact)
	}
	t.Log("# a stranger, and a name that the server does not have")
	if err := asks("sip:conf@conference.example.com", "conference.example.com", &stranger); err == nil {
		t.Error("a certificate of somebody was taken")
	}
	if err := asks("sip:conf@conference.example.org", "conference.example.org", nil); err == nil || !errors.Is(err, sip.ErrTransport) {
		t.Errorf("another name: %v", err)
	}
}

func TestAssertedIdentity(t *testing.T) {
	for text, want := range map[string]string{ // one header a line
		`"Alice A." <sip:alice@example.com>`:                                "Alice A.|sip:alice@example.com|",
		`sip:alice@example.com`:                                             "|sip:alice@example.com|",
		`<sips:alice@example.com>, <tel:+1-201-555-0123>`:                   "|sips:alice@example.com|+12015550123",
		"tel:+1(201)555.0123;ext=4\nAlice <sip:+12015550123@gw;user=phone>": "Alice|sip:+12015550123@gw|+12015550123",
		"<tel:911>":                   "||911",
		"<sip:a@x>, <sip:b@x>":        "malformed",
		"<tel:1>, <tel:2>":            "malformed",
		"<sip:a@x>, <tel:1>, <tel:2>": "malformed",
		"<mailto:alice@example.com>":  "malformed",
		"<sip:example.com>":           "malformed",
		"<tel:alice>":                 "malformed",
		"<sip:a@x>, rubbish":          "malformed",
		"":                            "none",
	} {
		req := register(t)
		for _, line := range strings.Split(text, "\n") {
			if line != "" {
				sip.AddHeader(req, "P-Asserted-Identity", line)
			}
		}
		a, err := sip.AssertedIdentity(req)
		got := a.Name + "|" + a.URI.Addr() + "|" + a.Tel
		switch {
		case errors.Is(err, sip.ErrNotAsserted):
			got = "none"
		case errors.Is(err, sip.ErrAssertion):
			got = "malformed"
		case a.URI.Host == "":
			got = a.Name + "||" + a.Tel
		}
		if got != want {
			t.Errorf("%q: %s (%v), want %s", text, got, err, want)
		}
	}
}

func TestWantsPrivacy(t *testing.T) {
	for text, want := range map[string]bool{"id": true, "user;ID": true, "none": false, "critical;header": true, "history": false, "": false} {
		req := register(t)
		if text != "" {
			sip.AddHeader(req, "Privacy", text)
		}
		if got := sip.WantsPrivacy(req); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// FuzzAssertedIdentity: what is read is one user, or one number of digits.
func FuzzAssertedIdentity(f *testing.F) {
	f.Add(`"Alice \"A\"" <sip:alice@example.com>, <tel:+1-201-555-0123;phone-context=x>`)
	f.Add("sip:a@b;x=\"<tel:1>\"")
	f.Fuzz(func(t *testing.T, value string) {
		req := register(t)
		sip.AddHeader(req, "P-Asserted-Identity", value)
		a, err := sip.AssertedIdentity(req)
		if err == nil && a.URI.Host == "" && a.Tel == "" {
			t.Errorf("%q is nobody", value)
		}
		if strings.Trim(a.Tel, "+0123456789*#") != "" || a.URI.Host != "" && a.URI.User == "" {
			t.Errorf("%q is %+v", value, a)
		}
	})
}
