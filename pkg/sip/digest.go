package sip

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/icholy/digest"
)

// Algorithm is a hash for digest authentication (RFC 8760).
type Algorithm string

const (
	SHA256    Algorithm = "SHA-256"
	SHA512256 Algorithm = "SHA-512-256"
	MD5       Algorithm = "MD5"
)

func (a Algorithm) hash(text string) string {
	switch a {
	case SHA256:
		sum := sha256.Sum256([]byte(text))
		return hex.EncodeToString(sum[:])
	case SHA512256:
		sum := sha512.Sum512_256([]byte(text))
		return hex.EncodeToString(sum[:])
	}
	sum := md5.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}

// HA1 is what a server stores instead of a password: H(username:realm:password), in hex (RFC 7616 §3.4.2).
func HA1(algorithm Algorithm, username, realm, password string) string {
	return algorithm.hash(username + ":" + realm + ":" + password)
}

// Credentials know the users. ok is false for one who does not exist or has nothing stored for that algorithm.
type Credentials interface {
	HA1(ctx context.Context, username, realm string, algorithm Algorithm) (ha1 string, ok bool)
}

// CredentialsFunc is Credentials in one function.
type CredentialsFunc func(ctx context.Context, username, realm string, algorithm Algorithm) (string, bool)

func (f CredentialsFunc) HA1(ctx context.Context, username, realm string, algorithm Algorithm) (string, bool) {
	return f(ctx, username, realm, algorithm)
}

// Why a request is not authenticated.
var (
	ErrNoCredentials  = errors.New("no digest credentials") // none for this realm, or not to be read
	ErrStale          = errors.New("nonce is stale")        // the answer was right, the nonce is too old or used up: ask again, with stale=true
	ErrBadCredentials = errors.New("wrong digest credentials")
)

// DigestConfig configures a [Digest]. Realm and Credentials must be there.
type DigestConfig struct {
	Realm         string
	Credentials   Credentials
	Algorithms    []Algorithm   // offered in this order; nil is SHA-512-256, SHA-256, MD5
	NonceLifetime time.Duration // 5 min
	MaxNonces     int           // remembered, 10000; the oldest is forgotten first and then is stale
	Proxy         bool          // 407 and Proxy-Authenticate instead of 401 and WWW-Authenticate
	// AllowNullURI admits uri="(null)", which SIPE sends and hashes. Nil admits it from nobody.
	AllowNullURI func(*Request) bool
	// OnlyMD5 tells who stumbles over a challenge for another algorithm; MD5 alone is offered to him, if it is among Algorithms.
	OnlyMD5 func(*Request) bool
}

// Digest authenticates requests (RFC 3261 §22, RFC 7616, RFC 8760) with qop=auth. It is safe for concurrent use.
type Digest struct {
	cfg    DigestConfig
	nonces *nonces
}

// NewDigest makes one that has given out no challenge yet.
func NewDigest(cfg DigestConfig) *Digest {
	if cfg.Algorithms == nil {
		cfg.Algorithms = []Algorithm{SHA512256, SHA256, MD5}
	}
	cfg.NonceLifetime = or(cfg.NonceLifetime, 5*time.Minute)
	return &Digest{cfg: cfg, nonces: newNonces(or(cfg.MaxNonces, 10000), cfg.NonceLifetime)}
}

func (g *Digest) headerNames() (challenge, credentials string, code int) {
	if g.cfg.Proxy {
		return "Proxy-Authenticate", "Proxy-Authorization", 407
	}
	return "WWW-Authenticate", "Authorization", 401
}

// Challenge asks for credentials: one header per algorithm, best first, since "the UAC ... SHOULD use the first (topmost) header field it
// supports" (RFC 8760 §2.4). err is what Authenticate said.
func (g *Digest) Challenge(req *Request, err error, now time.Time) *Response {
	name, _, code := g.headerNames()
	res := NewResponse(req, code, "")
	nonce := g.nonces.issue(now)
	stale := ""
	if errors.Is(err, ErrStale) {
		stale = ", stale=true"
	}
	for _, algorithm := range g.offered(req) {
		AddHeader(res, name, fmt.Sprintf(`Digest realm=%s, nonce="%s"%s, algorithm=%s, qop="auth"`, quote(g.cfg.Realm), nonce, stale, algorithm))
	}
	return res
}

func (g *Digest) offered(req *Request) []Algorithm {
	if g.cfg.OnlyMD5 != nil && slices.Contains(g.cfg.Algorithms, MD5) && g.cfg.OnlyMD5(req) {
		return []Algorithm{MD5}
	}
	return g.cfg.Algorithms
}

// Authenticate checks the credentials that a request brings for our realm. The method is that of the request, the body does not count (qop=auth).
// A scheme other than Digest is as good as none. With ErrBadCredentials comes the name that was tried, for who counts failures.
func (g *Digest) Authenticate(ctx context.Context, req *Request, now time.Time) (username string, err error) {
	_, name, _ := g.headerNames()
	for _, h := range req.GetHeaders(name) {
		c, err := digest.ParseCredentials(h.Value())
		if err == nil && c.Realm == g.cfg.Realm {
			return g.check(ctx, req, c, now)
		}
	}
	return "", ErrNoCredentials
}

func (g *Digest) check(ctx context.Context, req *Request, c *digest.Credentials, now time.Time) (string, error) {
	algorithm, ok := g.algorithm(c.Algorithm)
	if !ok || !strings.EqualFold(c.QOP, "auth") || c.Nc <= 0 || c.Cnonce == "" || !g.rightURI(req, c.URI) {
		return "", ErrBadCredentials
	}
	ha1, known := g.cfg.Credentials.HA1(ctx, c.Username, g.cfg.Realm, algorithm)
	if !known {
		ha1 = algorithm.hash(c.Username) // an unknown user costs as much as a wrong password
	}
	want := answer(algorithm, ha1, string(req.Method), c)
	if subtle.ConstantTimeCompare([]byte(want), []byte(strings.ToLower(c.Response))) != 1 || !known {
		return c.Username, ErrBadCredentials
	}
	// Only who knows the password is told about the nonce, and only he can use a count up.
	if !g.nonces.use(c.Nonce, c.Nc, now) {
		return "", ErrStale
	}
	return c.Username, nil
}

func (g *Digest) algorithm(name string) (Algorithm, bool) {
	if name == "" {
		name = string(MD5) // RFC 7616 §3.3
	}
	for _, a := range g.cfg.Algorithms {
		if strings.EqualFold(string(a), name) {
			return a, true
		}
	}
	return "", false
}

// rightURI: the credentials must be for this server. "In a SIP context, these two URIs may refer to different users, due to forwarding at
// some proxy ... it is not necessarily a failure if the two fields are not equivalent" (RFC 3261 §22.4); SIPp leaves the user out.
func (g *Digest) rightURI(req *Request, text string) bool {
	if text == "(null)" {
		return g.cfg.AllowNullURI != nil && g.cfg.AllowNullURI(req)
	}
	uri, err := ParseURI(text)
	if err != nil {
		return false
	}
	return sameHost(uri.Host, req.Recipient.Host)
}

// answer is the request-digest of RFC 7616 §3.4.1, from the uri as it was received.
func answer(algorithm Algorithm, ha1, method string, c *digest.Credentials) string {
	ha2 := algorithm.hash(method + ":" + c.URI)
	return algorithm.hash(fmt.Sprintf("%s:%s:%08x:%s:%s:%s", ha1, c.Nonce, c.Nc, c.Cnonce, c.QOP, ha2))
}
