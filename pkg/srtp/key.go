package srtp

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
)

// The most that one master key may protect: "when 2^48 SRTP packets or 2^31 SRTCP packets have been secured with the same key
// (whichever occurs before), the key management MUST be called to provide new master key(s)" (RFC 3711 §9.2).
const (
	maxPackets = 1 << 48
	maxControl = 1 << 31
)

// ErrKey is the error of a key that is not as long as its suite wants it, or whose suite is none.
var ErrKey = errors.New("not a key of this suite")

// Key is a master key and its salt: what one direction of one media stream is protected with. Neither printing it nor writing it to
// a log shows it. The zero value is no key.
type Key struct {
	suite    Suite
	secret   func() []byte // master key, then master salt; fmt follows everything else into a struct of somebody else's
	mki      []byte        // nil: packets carry none
	lifetime uint64        // packets; 0: as many as RFC 3711 §9.2 allows
}

// NewKey makes a key of the suite's master key followed by its master salt.
func NewKey(suite Suite, octets []byte) (Key, error) {
	if suite.String() == "" || len(octets) != suite.KeyLen()+suite.SaltLen() {
		return Key{}, fmt.Errorf("%d octets for %q: %w", len(octets), suite, ErrKey)
	}
	octets = slices.Clone(octets)
	return Key{suite: suite, secret: func() []byte { return octets }}, nil
}

// GenerateKey makes a random key. It panics for the zero Suite.
func GenerateKey(suite Suite) Key {
	octets := make([]byte, suite.KeyLen()+suite.SaltLen())
	_, _ = rand.Read(octets) // never fails
	key, err := NewKey(suite, octets)
	if err != nil {
		panic(err)
	}
	return key
}

// Suite is what the key is for.
func (k Key) Suite() Suite { return k.suite }

// MKI is the master key identifier that packets carry; nil: none.
func (k Key) MKI() []byte { return k.mki }

// Lifetime is how many packets the key may protect.
func (k Key) Lifetime() uint64 {
	if k.lifetime == 0 {
		return maxPackets
	}
	return k.lifetime
}

// IsZero reports whether this is no key.
func (k Key) IsZero() bool { return k.suite == 0 }

// Equal reports whether both are the same key with the same identifier. A lifetime that is stated anew changes nothing.
func (k Key) Equal(other Key) bool {
	return k.suite == other.suite && subtle.ConstantTimeCompare(k.octets(), other.octets()) == 1 && string(k.mki) == string(other.mki)
}

// octets are the master key and the master salt.
func (k Key) octets() []byte {
	if k.IsZero() {
		return nil
	}
	return k.secret()
}

func (k Key) master() []byte { return k.octets()[:k.suite.KeyLen()] }
func (k Key) salt() []byte   { return k.octets()[k.suite.KeyLen():] }

// controlLifetime is the lifetime in SRTCP packets.
func (k Key) controlLifetime() uint64 { return min(k.Lifetime(), maxControl) }

// String says what kind of key it is, and nothing of the key.
func (k Key) String() string {
	if k.IsZero() {
		return "no key"
	}
	return k.suite.String() + " key"
}

// Format keeps every verb of package fmt from the key.
func (k Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, k.String()) }

// LogValue keeps the key out of logs.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalText keeps the key out of JSON and whatever else is made of values.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }
