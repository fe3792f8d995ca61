package registrar

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// Globally routable user agent URIs (RFC 5627): a URI for one device of a user. The public one names the user; a temporary one tells nobody
// who that is, and is a new one with each REGISTER.

// generationSize is how much of the temporary GRUUs of an instance and Call-ID is the same, and random.
const generationSize = 8

// generationOf: the temporary GRUUs of a device end when it registers with another Call-ID (RFC 5627 §5.1). They have a generation in common,
// which ends when no binding of the instance has it any more.
func generationOf(bindings []Binding, instance, callID string) []byte {
	for _, b := range bindings {
		if b.CallID == callID && strings.EqualFold(b.Instance, instance) && len(b.GRUUs) == generationSize {
			return b.GRUUs
		}
	}
	generation := make([]byte, generationSize)
	rand.Read(generation) // never fails
	return generation
}

// tempPrefix marks the user part of a temporary GRUU (RFC 5627 §A.2 has the same).
const tempPrefix = "tgruu."

// padding is what the length of a user name is rounded up to, so that a temporary GRUU does not tell it.
const padding = 32

// gruus makes and reads GRUUs with a key that nobody else has.
type gruus struct{ aead cipher.AEAD }

func newGRUUs(key []byte) (*gruus, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("key of temporary GRUUs: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &gruus{aead}, nil
}

// public is the address-of-record with gr: `sip:alice@example.com;gr=urn:uuid:...` (RFC 5627 §5.4).
func public(aor sip.URI, instance string) sip.URI {
	aor.UriParams = sip.Params{{K: "gr", V: escape(instance)}}
	return aor
}

// temporary is `sip:tgruu.XXX@example.com;gr`: nobody can tell from it who the user is, nor that two are of one user, nor
// make one up (RFC 5627 §5.4). It is sealed and authenticated, and needs no table.
func (g *gruus) temporary(aor sip.URI, generation []byte) sip.URI {
	plain := append(bytes.Clone(generation), aor.User...)
	plain = append(plain, make([]byte, padding-len(plain)%padding)...)
	return sip.URI{
		Scheme: aor.Scheme, User: tempPrefix + base64.RawURLEncoding.EncodeToString(g.aead.Seal(nil, nil, plain, []byte(aor.Host))),
		Host: aor.Host, Port: aor.Port, UriParams: sip.Params{{K: "gr"}},
	}
}

var errNoGRUU = errors.New("no GRUU of ours")

// open reads a temporary GRUU: whose it is, and of which generation. host is the domain of the addresses-of-record.
func (g *gruus) open(uri sip.URI, host string) (user string, generation []byte, err error) {
	sealed, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(uri.User, tempPrefix))
	if err != nil || !strings.HasPrefix(uri.User, tempPrefix) {
		return "", nil, errNoGRUU
	}
	plain, err := g.aead.Open(nil, nil, sealed, []byte(host))
	if err != nil || len(plain) <= generationSize {
		return "", nil, errNoGRUU
	}
	return string(bytes.TrimRight(plain[generationSize:], "\x00")), plain[:generationSize], nil
}

func isGRUU(uri sip.URI) bool { _, found := grOf(uri); return found }

// grOf is the value of gr; a temporary GRUU has gr without one.
func grOf(uri sip.URI) (value string, found bool) {
	for _, p := range uri.UriParams {
		if strings.EqualFold(p.K, "gr") {
			return p.V, true
		}
	}
	return "", false
}

// ofInstance are the bindings of one device.
func ofInstance(bindings []Binding, same func(Binding) bool) (found []Binding) {
	i := slices.IndexFunc(bindings, same)
	if i < 0 {
		return nil
	}
	for _, b := range bindings {
		if strings.EqualFold(b.Instance, bindings[i].Instance) {
			found = append(found, b)
		}
	}
	return found
}

// escape writes what cannot stand in a URI parameter as %XX (RFC 3261 §25.1, paramchar).
func escape(text string) string {
	var b strings.Builder
	for i := range len(text) {
		c := text[i]
		if '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' || strings.IndexByte("[]/:&+$-_.!~*'()", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
