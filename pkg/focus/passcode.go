package focus

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"sync"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
)

var (
	errEncryptionKey = errors.New("not an X.509 certificate with an RSA key of 2048 to 8192 bits")
	errOtherKey      = errors.New("the PIN is encrypted to another key than the server's")
)

// passcodes is the key to which PINs are encrypted (getEncryptionKey). It is made when somebody first asks for it, and lives as long as the
// process: nothing that was encrypted to it is kept.
type passcodes struct {
	once        sync.Once
	domain      string
	key         *rsa.PrivateKey
	certificate []byte
	err         error
}

const (
	passcodeKeyBits = 2048
	passcodeKeyTime = 365 * 24 * time.Hour
)

// Certificate is X.509, DER, signed by itself.
func (p *passcodes) Certificate() ([]byte, error) {
	p.once.Do(func() { p.err = p.make(time.Now()) })
	return p.certificate, p.err
}

func (p *passcodes) make(now time.Time) (err error) {
	if p.key, err = rsa.GenerateKey(rand.Reader, passcodeKeyBits); err != nil {
		return fmt.Errorf("making the key of pass codes: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: p.domain},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(passcodeKeyTime), KeyUsage: x509.KeyUsageKeyEncipherment | x509.KeyUsageDataEncipherment,
	}
	p.certificate, err = x509.CreateCertificate(rand.Reader, template, template, &p.key.PublicKey, p.key)
	return err
}

// open decrypts an fx:encrypted-passcode. Whatever is wrong with it is errOtherKey: to say more would help who guesses.
func (p *passcodes) open(text string) (conference.PIN, error) {
	if _, err := p.Certificate(); err != nil {
		return "", err
	}
	sealed, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return "", errOtherKey
	}
	pin, err := rsa.DecryptOAEP(sha256.New(), nil, p.key, sealed, nil)
	if err != nil {
		return "", errOtherKey
	}
	return conference.PIN(pin), nil
}

// pinOf is the PIN that a description asks for, encrypted or not.
func (p *passcodes) pinOf(d *confinfo.Description) (conference.PIN, error) {
	if d.Encrypted != "" {
		return p.open(d.Encrypted)
	}
	return conference.PIN(d.Passcode), nil
}

// seal encrypts the PIN in a document to the key of a certificate.
func seal(document *confinfo.Document, certificate []byte) error {
	key, err := sealingKey(certificate)
	if err != nil || document.Description == nil || document.Description.Passcode == "" {
		return err
	}
	sealed, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, key, []byte(document.Description.Passcode), nil)
	if err != nil {
		return fmt.Errorf("%w: %w", errEncryptionKey, err)
	}
	document.Description.Passcode, document.Description.Encrypted = "", base64.StdEncoding.EncodeToString(sealed)
	return nil
}

func sealingKey(certificate []byte) (*rsa.PublicKey, error) {
	parsed, err := x509.ParseCertificate(certificate)
	if err != nil {
		return nil, errEncryptionKey
	}
	key, ok := parsed.PublicKey.(*rsa.PublicKey)
	if !ok || key.N.BitLen() < passcodeKeyBits || key.N.BitLen() > 4*passcodeKeyBits {
		return nil, errEncryptionKey
	}
	return key, nil
}
