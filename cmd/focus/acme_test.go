package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/acme"
)

// acmeServer is as much of RFC 8555 as it takes to get one certificate, without looking at signatures.
type acmeServer struct {
	*httptest.Server
	t      *testing.T
	way    string // the challenge it offers
	focus  string // where it validates
	caKey  *ecdsa.PrivateKey
	ca     *x509.Certificate
	orders int

	mu    sync.Mutex
	name  string
	valid bool
	chain []byte
}

func newACMEServer(t *testing.T, way string) *acmeServer {
	t.Helper()
	s := &acmeServer{t: t, way: way}
	var err error
	if s.caKey, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "ACME of the test"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, s.caKey.Public(), s.caKey)
	if err != nil {
		t.Fatal(err)
	}
	s.ca, _ = x509.ParseCertificate(der)
	s.Server = httptest.NewTLSServer(s)
	t.Cleanup(s.Close)
	return s
}

// writes ca.pem of the server itself, and of who signs, for --tls-ca and for telephones.
func (s *acmeServer) writes(path string, der []byte) string {
	s.t.Helper()
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

func (s *acmeServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Header().Set("Replay-Nonce", rand.Text())
	var payload struct {
		Identifiers []struct{ Value string }
		CSR         string
	}
	if r.Method == http.MethodPost {
		var jws struct{ Payload string }
		json.NewDecoder(r.Body).Decode(&jws)
		text, _ := base64.RawURLEncoding.DecodeString(jws.Payload)
		json.Unmarshal(text, &payload)
	}
	switch r.URL.Path {
	case "/directory":
		s.answers(w, 200, map[string]any{"newNonce": s.URL + "/nonce", "newAccount": s.URL + "/account", "newOrder": s.URL + "/order"})
	case "/nonce":
	case "/account":
		w.Header().Set("Location", s.URL+"/account/1")
		s.answers(w, 201, map[string]any{"status": "valid"})
	case "/order":
		s.orders++
		s.name, s.valid, s.chain = payload.Identifiers[0].Value, false, nil
		w.Header().Set("Location", s.URL+"/order/1")
		s.answers(w, 201, s.order())
	case "/order/1":
		s.answers(w, 200, s.order())
	case "/authz":
		s.answers(w, 200, s.authorization())
	case "/challenge":
		if err := s.validate(); err != nil {
			s.t.Logf("validation: %v", err)
			s.answers(w, 403, map[string]any{"type": "urn:ietf:params:acme:error:connection", "detail": err.Error()})
			return
		}
		s.valid = true
		s.answers(w, 200, s.challenge())
	case "/finalize":
		der, _ := base64.RawURLEncoding.DecodeString(payload.CSR)
		s.sign(der)
		w.Header().Set("Location", s.URL+"/order/1")
		s.answers(w, 200, s.order())
	case "/certificate":
		w.Header().Set("Content-Type", "application/pem-certificate-chain")
		w.Write(s.chain)
	default:
		http.NotFound(w, r)
	}
}

func (s *acmeServer) answers(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}

func (s *acmeServer) order() map[string]any {
	status := "pending"
	switch {
	case s.chain != nil:
		status = "valid"
	case s.valid:
		status = "ready"
	}
	return map[string]any{"status": status, "identifiers": []any{map[string]any{"type": "dns", "value": s.name}}, "authorizations": []string{s.URL + "/authz"},
		"finalize": s.URL + "/finalize", "certificate": s.URL + "/certificate"}
}

func (s *acmeServer) authorization() map[string]any {
	return map[string]any{"status": s.status(), "identifier": map[string]any{"type": "dns", "value": s.name}, "challenges": []any{s.challenge()}}
}

func (s *acmeServer) challenge() map[string]any {
	return map[string]any{"type": s.way, "url": s.URL + "/challenge", "token": "a-token", "status": s.status()}
}

func (s *acmeServer) status() string {
	if s.valid {
		return "valid"
	}
	return "pending"
}

// validate looks at the server as RFC 8737 and RFC 8555 §8.3 want.
func (s *acmeServer) validate() error {
	if s.way == "http-01" {
		request, _ := http.NewRequest("GET", "http://"+s.focus+"/.well-known/acme-challenge/a-token", nil)
		request.Host = s.name
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if text, _ := io.ReadAll(response.Body); !strings.HasPrefix(string(text), "a-token.") {
			return fmt.Errorf("%s %q", response.Status, text)
		}
		return nil
	}
	conn, err := tls.Dial("tcp", s.focus, &tls.Config{ServerName: s.name, NextProtos: []string{acme.ALPNProto}, InsecureSkipVerify: true})
	if err != nil {
		return err
	}
	defer conn.Close()
	state := conn.ConnectionState()
	for _, extension := range state.PeerCertificates[0].Extensions { // "id-pe-acmeIdentifier" (RFC 8737 §3)
		if extension.Critical && extension.Id.Equal(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 31}) && state.NegotiatedProtocol == acme.ALPNProto {
			return nil
		}
	}
	return fmt.Errorf("no answer to the challenge")
}

func (s *acmeServer) sign(der []byte) {
	request, err := x509.ParseCertificateRequest(der)
	if err != nil {
		s.t.Errorf("CSR: %v", err)
		return
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(2), DNSNames: request.DNSNames, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(23 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	leaf, err := x509.CreateCertificate(rand.Reader, template, s.ca, request.PublicKey, s.caKey)
	if err != nil {
		s.t.Errorf("signing: %v", err)
		return
	}
	s.chain = append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.ca.Raw})...)
}

func TestCertificateByACME(t *testing.T) {
	const name = "conference.example.com"
	for _, way := range []string{"tls-alpn-01", "http-01"} {
		t.Run(way, func(t *testing.T) {
			ca := newACMEServer(t, way)
			folder := t.TempDir()
			s := newSecure(t, func(o *options) {
				o.acmeNames, o.acmeDirectory = []string{name}, ca.URL+"/directory"
				o.tlsCA = ca.writes(filepath.Join(folder, "server.pem"), ca.Certificate().Raw)
			})
			ca.writes(filepath.Join(folder, "ca.pem"), ca.ca.Raw)
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			ca.focus = l.Addr().String()
			https := &http.Server{Handler: http.NotFoundHandler(), TLSConfig: s.i.https()}
			serve := func() { https.ServeTLS(l, "", "") }
			if way == "http-01" {
				https = s.i.acme.http01(s.i.log)
				serve = func() { https.Serve(l) }
			}
			go serve()
			defer https.Close()

			t.Log("# until the certificate is there, telephones get that of our own authority")
			if _, err := s.meets(s.i.sip(), trusting(t, s.o.data, "localhost")); err != nil {
				t.Error(err)
			}
			s.i.acme.useRoots(t.Context(), s.i.outgoing())
			s.i.acme.obtain(t.Context())
			for _, asked := range []string{name, "CONFERENCE.example.com"} {
				if _, err := s.meets(s.i.sip(), trusting(t, folder, asked)); err != nil {
					t.Errorf("%s: %v", asked, err)
				}
			}
			if _, err := s.meets(s.i.sip(), trusting(t, s.o.data, "localhost")); err != nil {
				t.Errorf("a command of this host: %v", err)
			}

			t.Log("# the next start has it already")
			again := newSecure(t, func(o *options) { *o = *s.o })
			again.i.acme.useRoots(t.Context(), again.i.outgoing())
			again.i.acme.obtain(t.Context())
			if _, err := again.meets(again.i.sip(), trusting(t, folder, name)); err != nil || ca.orders != 1 {
				t.Errorf("%v, %d orders", err, ca.orders)
			}
		})
	}
}

// The ACME server cannot be reached: there is a line in the log, telephones get our own certificate, and the end does not wait.
func TestNoACMEServer(t *testing.T) {
	s := newSecure(t, func(o *options) {
		o.acmeNames, o.acmeDirectory = []string{"conference.example.com"}, "https://127.0.0.1:1/directory"
	})
	ctx, cancel := context.WithCancel(t.Context())
	s.i.acme.useRoots(ctx, s.i.outgoing())
	if s.i.acme.obtainOne(ctx, "conference.example.com") || !strings.Contains(s.log.String(), "it is tried again") {
		t.Errorf("log %s", s.log)
	}
	if _, err := s.meets(s.i.sip(), trusting(t, s.o.data, "localhost")); err != nil {
		t.Error(err)
	}
	cancel()
	s.i.acme.obtain(ctx)
}
