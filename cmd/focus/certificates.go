package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/big"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// How long certificates live. A server certificate is renewed well before clients would complain.
const (
	authorityLife   = 10 * 365 * 24 * time.Hour
	certificateLife = 397 * 24 * time.Hour // the most that browsers take
	renewBefore     = 30 * 24 * time.Hour
	clockSkew       = time.Hour
)

// certificates is the TLS identity of the server, in DATA: ca.pem and ca-key.pem of an authority of its own, cert.pem and key.pem
// signed by it. An operator who puts another cert.pem and key.pem there is left alone: what our authority has not signed is not
// renewed.
type certificates struct {
	dir   string
	names []string // for which it is valid: host names and addresses
	log   *slog.Logger

	mu      sync.Mutex // guards current
	current *tls.Certificate
	seen    []stamp // of cert.pem and key.pem, when they were last read
}

// openCertificates loads the certificate, and makes what is missing.
func openCertificates(dir string, names []string, log *slog.Logger, now time.Time) (*certificates, error) {
	c := &certificates{dir: dir, names: cleanNames(names), log: log}
	if _, err := c.certificate(now); err != nil {
		return nil, fmt.Errorf("the certificate in %s: %w", dir, err)
	}
	return c, nil
}

// certificate is what is shown at a handshake. The one in memory is used until it is near its end.
func (c *certificates) certificate(now time.Time) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current != nil && now.Before(c.current.Leaf.NotAfter.Add(-renewBefore)) {
		return c.current, nil
	}
	renewed, err := c.load(now)
	c.seen = stampsOf([]string{c.path("cert.pem"), c.path("key.pem")})
	if err != nil && c.current != nil {
		c.log.Error("renewing the certificate", "err", err)
		return c.current, nil
	}
	if err == nil {
		c.current = renewed
	}
	return renewed, err
}

// check reads cert.pem and key.pem again if somebody has put others there.
func (c *certificates) check(now time.Time, always bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	stamps := stampsOf([]string{c.path("cert.pem"), c.path("key.pem")})
	if !always && slices.Equal(stamps, c.seen) {
		return
	}
	c.seen = stamps
	renewed, err := c.load(now)
	if err != nil {
		c.log.Error("what is new cannot be read: the old one stays", "what", "cert.pem and key.pem", "err", err)
		return
	}
	c.seen = stampsOf([]string{c.path("cert.pem"), c.path("key.pem")}) // load may have made them
	if !slices.EqualFunc(renewed.Certificate, c.current.Certificate, slices.Equal) {
		c.log.Info("read again", "what", "the certificate", "files", []string{c.path("cert.pem"), c.path("key.pem")})
	}
	c.current = renewed
}

// load reads cert.pem and key.pem, and makes new ones when there are none or they will not do.
func (c *certificates) load(now time.Time) (*tls.Certificate, error) {
	authority, key, err := c.authority(now)
	if err != nil {
		return nil, err
	}
	pair, err := tls.LoadX509KeyPair(c.path("cert.pem"), c.path("key.pem"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	case pair.Leaf.CheckSignatureFrom(authority) != nil || c.willDo(pair.Leaf, now):
		return &pair, nil
	}
	if err := c.issue(authority, key, now); err != nil {
		return nil, err
	}
	pair, err = tls.LoadX509KeyPair(c.path("cert.pem"), c.path("key.pem"))
	return &pair, err
}

func (c *certificates) willDo(leaf *x509.Certificate, now time.Time) bool {
	for _, name := range c.names {
		if leaf.VerifyHostname(name) != nil {
			return false
		}
	}
	return now.Before(leaf.NotAfter.Add(-renewBefore))
}

// authority reads ca.pem and ca-key.pem, or makes them.
func (c *certificates) authority(now time.Time) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	pair, err := tls.LoadX509KeyPair(c.path("ca.pem"), c.path("ca-key.pem"))
	if errors.Is(err, fs.ErrNotExist) || err == nil && now.After(pair.Leaf.NotAfter.Add(-certificateLife)) {
		if err = c.makeAuthority(now); err == nil {
			pair, err = tls.LoadX509KeyPair(c.path("ca.pem"), c.path("ca-key.pem"))
		}
	}
	if err != nil {
		return nil, nil, fmt.Errorf("ca.pem and ca-key.pem: %w", err)
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok {
		return nil, nil, errors.New("ca-key.pem is not an ECDSA key")
	}
	return pair.Leaf, key, nil
}

func (c *certificates) makeAuthority(now time.Time) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{Organization: []string{"Focus"}, CommonName: "Focus CA of this server"},
		NotBefore: now.Add(-clockSkew), NotAfter: now.Add(authorityLife),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	return c.write("ca.pem", "ca-key.pem", template, template, key, key)
}

func (c *certificates) issue(authority *x509.Certificate, authorityKey *ecdsa.PrivateKey, now time.Time) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{Organization: []string{"Focus"}, CommonName: c.names[0]},
		NotBefore: now.Add(-clockSkew), NotAfter: now.Add(certificateLife),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}, // SIP has no clients and servers
	}
	for _, name := range c.names {
		if ip, err := netip.ParseAddr(name); err == nil {
			template.IPAddresses = append(template.IPAddresses, ip.AsSlice())
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	return c.write("cert.pem", "key.pem", template, authority, key, authorityKey)
}

// write signs a certificate and stores it, the key first: a certificate without its key would not be made again.
func (c *certificates) write(certFile, keyFile string, template, parent *x509.Certificate, key, signer *ecdsa.PrivateKey) error {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		return err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := os.Remove(c.path(certFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := writeFile(c.path(keyFile), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600); err != nil {
		return err
	}
	return writeFile(c.path(certFile), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644)
}

func (c *certificates) path(name string) string { return filepath.Join(c.dir, name) }

func serial() *big.Int {
	var bytes [16]byte
	rand.Read(bytes[:])
	bytes[0] &= 0x7f // positive
	return new(big.Int).SetBytes(bytes[:])
}

// cleanNames takes the brackets off IPv6 addresses and leaves each name once, in order.
func cleanNames(names []string) (clean []string) {
	for _, name := range names {
		name = strings.ToLower(strings.Trim(name, "[]"))
		if name != "" && !slices.Contains(clean, name) {
			clean = append(clean, name)
		}
	}
	return clean
}

// writeFile stores a file whole or not at all, and so that it is there after a crash.
func writeFile(path string, data []byte, mode fs.FileMode) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // of no effect once it has its name
	_, err = file.Write(data)
	err = errors.Join(err, file.Chmod(mode), file.Sync(), file.Close())
	if err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
