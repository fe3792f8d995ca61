package ice

import "crypto/rand"

// Credentials are a username fragment and its password (RFC 8445 §5.3). They print without the password.
type Credentials struct{ Ufrag, Password string }

// String leaves the password out.
func (c Credentials) String() string { return c.Ufrag + ":***" }

// GoString leaves the password out, too.
func (c Credentials) GoString() string { return c.String() }

const (
	ufragLength    = 8  // 48 bits: "at least 24 bits of randomness"
	passwordLength = 24 // 144 bits: "at least 128 bits of randomness"
	// iceChars are those of RFC 8839 §5.1, 64 of them.
	iceChars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
)

func newCredentials() Credentials {
	return Credentials{Ufrag: randomText(ufragLength), Password: randomText(passwordLength)}
}

func randomText(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	for i := range b {
		b[i] = iceChars[b[i]%64]
	}
	return string(b)
}

// Valid reports whether the lengths are those of RFC 8839 §5.4: ufrag 4 to 256 ice-chars, password 22 to 256.
func (c Credentials) Valid() bool {
	return len(c.Ufrag) >= 4 && len(c.Ufrag) <= 256 && len(c.Password) >= 22 && len(c.Password) <= 256
}
