package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// secure is a server's side of TLS on loopback, with its log.
type secure struct {
	t   *testing.T
	o   *options
	i   *identity
	log *bytes.Buffer
}

func newSecure(t *testing.T, change func(*options)) *secure {
	t.Helper()
	s := &secure{t: t, o: &options{data: t.TempDir(), tlsMin: tls.VersionTLS12}, log: &bytes.Buffer{}}
	change(s.o)
	var err error
	s.i, err = openIdentity(s.o, []string{"localhost", "127.0.0.1"}, slog.New(slog.NewTextHandler(s.log, nil)), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// authority makes a certificate for names with an authority of its own, and returns the folder of ca.pem, cert.pem and key.pem.
func authority(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	open(t, dir, time.Now(), names...)
	return dir
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, text, 0o600); err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(time.Duration(len(to)+len(from)+int(time.Now().UnixNano()%1000)) * time.Second)
	if err := os.Chtimes(to, later, later); err != nil { // a test is quicker than the clock of some file systems
		t.Fatal(err)
	}
}

// meets does a handshake, and says something over it so that a refusal by the server is seen. It returns the server's view.
func (s *secure) meets(config, client *tls.Config) (*tls.ConnectionState, error) {
	s.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	defer l.Close()
	seen := make(chan *tls.ConnectionState, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		server := tls.Server(conn, config)
		server.Handshake()
		state := server.ConnectionState()
		server.Write([]byte("x"))
		seen <- &state
	}()
	conn, err := tls.Dial("tcp", l.Addr().String(), client)
	if err == nil {
		defer conn.Close()
		_, err = io.ReadFull(conn, make([]byte, 1))
	}
	return <-seen, err
}

func trusting(t *testing.T, dir, name string) *tls.Config {
	t.Helper()
	roots, err := loadPool(x509.NewCertPool(), filepath.Join(dir, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{RootCAs: roots, ServerName: name}
}

func (s *secure) wantsLines(what string, want int) {
	s.t.Helper()
	if got := strings.Count(s.log.String(), "level="); got != want {
		s.t.Errorf("%s: %d lines in the log, want %d:\n%s", what, got, want, s.log)
	}
	s.log.Reset()
}

func TestCertificateOfFiles(t *testing.T) {
	const name = "conference.example.com"
	first, second := authority(t, name), authority(t, name)
	at := t.TempDir()
	cert, key := filepath.Join(at, "c.pem"), filepath.Join(at, "k.pem")
	copyFile(t, first+"/cert.pem", cert)
	copyFile(t, first+"/key.pem", key)
	s := newSecure(t, func(o *options) { o.tlsCert, o.tlsKey = cert, key })
	wants := func(what, dir, name string, good bool) {
		t.Helper()
		if _, err := s.meets(s.i.sip(), trusting(t, dir, name)); (err == nil) != good {
			t.Errorf("%s: %v, want good: %v", what, err, good)
		}
	}
	wants("a telephone", first, name, true)
	wants("a command of this host", s.o.data, "localhost", true)
	wants("a command of this host, by the address", s.o.data, "127.0.0.1", true)
	if _, err := s.meets(s.i.https(), trusting(t, first, name)); err != nil {
		t.Errorf("HTTPS: %v", err)
	}

	t.Log("# nothing has changed: nothing is read")
	s.i.check(false)
	s.wantsLines("unchanged", 0)

	t.Log("# the new certificate is there before its key: the old pair stays, and the log says so once")
	copyFile(t, second+"/cert.pem", cert)
	s.i.check(false)
	s.i.check(false)
	s.wantsLines("half", 1)
	wants("a telephone", first, name, true)

	t.Log("# now the key")
	copyFile(t, second+"/key.pem", key)
	s.i.check(false)
	s.wantsLines("whole", 1)
	wants("a telephone of yesterday", first, name, false)
	wants("a telephone", second, name, true)

	t.Log("# somebody breaks it, and sends SIGHUP")
	if err := os.WriteFile(cert, []byte("nothing like it"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.i.check(true)
	if line := s.log.String(); !strings.Contains(line, "the old one stays") || !strings.Contains(line, "level=ERROR") {
		t.Errorf("log %q", line)
	}
	wants("a telephone", second, name, true)
}

func TestCertificateInTheDataFolderIsReadAgain(t *testing.T) {
	s := newSecure(t, func(*options) {})
	theirs := authority(t, "theirs.example.com")
	for _, name := range []string{"cert.pem", "key.pem"} {
		copyFile(t, filepath.Join(theirs, name), s.o.in(name))
	}
	s.i.check(false)
	s.wantsLines("theirs", 1)
	if _, err := s.meets(s.i.sip(), trusting(t, theirs, "theirs.example.com")); err != nil {
		t.Error(err)
	}
	if err := os.Remove(s.o.in("cert.pem")); err != nil {
		t.Fatal(err)
	}
	s.i.check(false)
	if _, err := s.meets(s.i.sip(), trusting(t, s.o.data, "localhost")); err != nil {
		t.Errorf("without cert.pem one is made: %v", err)
	}
}

func TestLeastVersion(t *testing.T) {
	for min, good := range map[uint16]bool{tls.VersionTLS12: true, tls.VersionTLS13: false} {
		s := newSecure(t, func(o *options) { o.tlsMin = min })
		client := trusting(t, s.o.data, "localhost")
		client.MaxVersion = tls.VersionTLS12
		for what, config := range map[string]*tls.Config{"SIPS": s.i.sip(), "HTTPS": s.i.https()} {
			if _, err := s.meets(config, client); (err == nil) != good {
				t.Errorf("%s with 1.2 at a server with %x: %v, want good: %v", what, min, err, good)
			}
		}
		client.MinVersion, client.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
		if _, err := s.meets(s.i.sip(), client); err == nil {
			t.Error("TLS 1.1 was taken")
		}
	}
}

// The proxy next door shows a certificate of an authority that we know; telephones show none; one of another authority is refused.
func TestCertificateOfAPeer(t *testing.T) {
	known, unknown := authority(t, "proxy.example.net"), authority(t, "proxy.example.net")
	ca := filepath.Join(t.TempDir(), "peers.pem")
	copyFile(t, known+"/ca.pem", ca)
	s := newSecure(t, func(o *options) { o.tlsClientCA = ca })
	shows := func(dir string) (*tls.ConnectionState, error) {
		client := trusting(t, s.o.data, "localhost")
		if dir != "" {
			pair, err := tls.LoadX509KeyPair(dir+"/cert.pem", dir+"/key.pem")
			if err != nil {
				t.Fatal(err)
			}
			client.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
		}
		return s.meets(s.i.sip(), client)
	}
	if state, err := shows(""); err != nil || len(state.VerifiedChains) != 0 {
		t.Errorf("a telephone: %v", err)
	}
	if state, err := shows(known); err != nil || len(state.VerifiedChains) != 1 || state.PeerCertificates[0].DNSNames[0] != "proxy.example.net" {
		t.Errorf("the proxy: %v", err)
	}
	if _, err := shows(unknown); err == nil {
		t.Error("a stranger's certificate was taken")
	}

	t.Log("# the proxy gets another authority")
	copyFile(t, unknown+"/ca.pem", ca)
	s.i.check(false)
	s.wantsLines("another authority", 1)
	if _, err := shows(known); err == nil {
		t.Error("the old authority is still good")
	}
	if _, err := shows(unknown); err != nil {
		t.Errorf("the new one: %v", err)
	}
}

// Servers that we call are checked for their name; to one that asks we show who we are.
func TestServersThatWeCall(t *testing.T) {
	theirs := authority(t, "sip.example.net")
	s := newSecure(t, func(o *options) { o.tlsCA = theirs + "/ca.pem" })
	pair, err := tls.LoadX509KeyPair(theirs+"/cert.pem", theirs+"/key.pem")
	if err != nil {
		t.Fatal(err)
	}
	server := &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: trusting(t, s.o.data, "").RootCAs}
	for name, good := range map[string]bool{"sip.example.net": true, "sip.example.org": false, "localhost": false} {
		client := s.i.outgoing()
		client.ServerName = name
		if _, err := s.meets(server, client); (err == nil) != good {
			t.Errorf("%s: %v, want good: %v", name, err, good)
		}
	}
	server.ClientCAs = trusting(t, theirs, "").RootCAs // which has not signed ours: we show none
	client := s.i.outgoing()
	client.ServerName = "sip.example.net"
	if _, err := s.meets(server, client); err == nil {
		t.Error("let in without a certificate")
	}
}

func TestFilesThatAreNotThere(t *testing.T) {
	known := authority(t, "a.example.com")
	for what, change := range map[string]func(*options){
		"--tls-cert":      func(o *options) { o.tlsCert, o.tlsKey = "/nowhere/c.pem", "/nowhere/k.pem" },
		"private key":     func(o *options) { o.tlsCert, o.tlsKey = known+"/cert.pem", known+"/ca-key.pem" },
		"--tls-client-ca": func(o *options) { o.tlsClientCA = known + "/key.pem" },
		"--tls-ca":        func(o *options) { o.tlsCA = "/nowhere/ca.pem" },
	} {
		o := &options{data: t.TempDir()}
		change(o)
		if _, err := openIdentity(o, []string{"localhost"}, slog.New(slog.DiscardHandler), time.Now()); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%v, want %q", err, what)
		}
	}
}
