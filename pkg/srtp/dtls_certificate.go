package srtp

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	_ "crypto/sha256" // the hashes of fingerprints
	_ "crypto/sha512"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"
)

const (
	// rotateAfter is how old a certificate may be when an association begins with it, and certificateLife until when its dates are right. Nobody
	// is asked to look at those: fingerprints alone count.
	rotateAfter     = 24 * time.Hour
	certificateLife = 30 * 24 * time.Hour
)

// ErrFingerprint is the error of a peer whose certificate is not the one that signalling has announced.
var ErrFingerprint = errors.New("the peer's certificate is not the one announced")

// Fingerprint is of a certificate (RFC 8122 §5).
type Fingerprint struct {
	Hash  string // "sha-256", "sha-384" or "sha-512"
	Value string // pairs of upper-case hexadecimal digits with colons between them
}

// hashes are those that count, the one that we prefer first. SHA-1 and older are none of them.
var hashes = [...]struct {
	name string
	hash crypto.Hash
}{{"sha-512", crypto.SHA512}, {"sha-384", crypto.SHA384}, {"sha-256", crypto.SHA256}}

// Certificate is what we show in DTLS: an ECDSA key on P-256, and a signature of its own.
type Certificate struct {
	tls   tls.Certificate
	born  time.Time
	print Fingerprint
}

// NewCertificate makes one with a new key. Its name says nothing: it would tell who passes by which server this is.
func NewCertificate(now time.Time) (*Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("key for DTLS: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, fmt.Errorf("serial number for DTLS: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "WebRTC"},
		NotBefore: now.Add(-24 * time.Hour), NotAfter: now.Add(certificateLife),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("certificate for DTLS: %w", err)
	}
	c := &Certificate{tls: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, born: now}
	c.print = fingerprintOf(der, crypto.SHA256, "sha-256")
	return c, nil
}

// Fingerprint is the one with SHA-256, for a=fingerprint.
func (c *Certificate) Fingerprint() Fingerprint { return c.print }

func fingerprintOf(der []byte, hash crypto.Hash, name string) Fingerprint {
	h := hash.New()
	h.Write(der)
	digits := strings.ToUpper(hex.EncodeToString(h.Sum(nil)))
	var b strings.Builder
	for i := 0; i < len(digits); i += 2 {
		if i > 0 {
			b.WriteByte(':')
		}
		b.WriteString(digits[i : i+2])
	}
	return Fingerprint{Hash: name, Value: b.String()}
}

// verify looks for the fingerprint of a certificate among those announced. RFC 8122 §5.1: an endpoint "MUST select the set of
// fingerprints for its most preferred hash function … and verify that each certificate used matches one fingerprint out of that set".
func verify(chain [][]byte, announced []Fingerprint) error {
	if len(chain) == 0 {
		return ErrFingerprint
	}
	for _, h := range hashes {
		found := false
		for _, f := range announced {
			if !strings.EqualFold(f.Hash, h.name) {
				continue
			}
			if found = true; strings.EqualFold(f.Value, fingerprintOf(chain[0], h.hash, h.name).Value) {
				return nil
			}
		}
		if found {
			break
		}
	}
	return ErrFingerprint
}
