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
	"strconv"
	"strings"
	"sync/atomic"
	"time"
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
	MaxNonces     int           // answered ones remembered, 10000; the oldest is forgotten first and then is stale
	Proxy         bool          // 407 and Proxy-Authenticate instead of 401 and WWW-Authenticate
	// AsProxy tells who is asked with 407 although this is no proxy, because he answers nothing else: SIPE.
	AsProxy func(*Request) bool
	// AllowNullURI admits uri="(null)", which SIPE sends and hashes. Nil admits it from nobody.
	AllowNullURI func(*Request) bool
	// Knows tells if the sender of a request does not stumble over a challenge for an algorithm. Those that he knows are offered; all, if he
	// knows none. Nil is everybody knows them, or passes over what he does not know.
	Knows func(*Request, Algorithm) bool
}

// Digest authenticates requests (RFC 3261 §22, RFC 7616, RFC 8760) with qop auth or auth-int. It is safe for concurrent use.
type Digest struct {
	cfg    DigestConfig
	nonces *nonces
	opaque string
	nobody map[Algorithm]string // what stands for the HA1 of those who do not exist
	stats  struct{ right, wrong, stale, nullURI atomic.Uint64 }
}

// DigestStats are counters since NewDigest. NullURI are those of the right ones that SIPE's quirk was forgiven.
type DigestStats struct{ Right, Wrong, Stale, NullURI uint64 }

// NewDigest makes one that has given out no challenge yet.
func NewDigest(cfg DigestConfig) *Digest {
	if cfg.Algorithms == nil {
		cfg.Algorithms = []Algorithm{SHA512256, SHA256, MD5}
	}
	cfg.NonceLifetime = or(cfg.NonceLifetime, 5*time.Minute)
	g := &Digest{cfg: cfg, nonces: newNonces(or(cfg.MaxNonces, 10000), cfg.NonceLifetime), opaque: randomHex(8), nobody: map[Algorithm]string{}}
	for _, a := range cfg.Algorithms {
		g.nobody[a] = a.hash(randomHex(16))
	}
	return g
}

// Stats reads the counters.
func (g *Digest) Stats() DigestStats {
	return DigestStats{Right: g.stats.right.Load(), Wrong: g.stats.wrong.Load(), Stale: g.stats.stale.Load(), NullURI: g.stats.nullURI.Load()}
}

func (g *Digest) headerNames(req *Request) (challenge, credentials string, code int) {
	if g.cfg.Proxy || g.cfg.AsProxy != nil && g.cfg.AsProxy(req) {
		return "Proxy-Authenticate", "Proxy-Authorization", 407
	}
	return "WWW-Authenticate", "Authorization", 401
}

// HasCredentials tells if a request brings credentials of any scheme and realm.
func (g *Digest) HasCredentials(req *Request) bool {
	_, name, _ := g.headerNames(req)
	return HeaderValue(req, name) != ""
}

// Challenge asks for credentials: one header per algorithm, best first, since "the UAC ... SHOULD use the first (topmost) header field it
// supports" (RFC 8760 §2.4). err is what Authenticate said.
func (g *Digest) Challenge(req *Request, err error, now time.Time) *Response {
	name, _, code := g.headerNames(req)
	res := NewResponse(req, code, "")
	nonce, stale, qop := g.nonces.issue(now), "", "auth,auth-int"
	if errors.Is(err, ErrStale) {
		stale = ", stale=true"
	}
	offered := g.offered(req)
	if len(offered) == 1 && offered[0] == MD5 { // for those who compare instead of reading
		qop = "auth"
	}
	for _, algorithm := range offered {
		AddHeader(res, name, fmt.Sprintf(`Digest realm=%s, nonce="%s", opaque="%s"%s, algorithm=%s, qop="%s"`,
			quote(g.cfg.Realm), nonce, g.opaque, stale, algorithm, qop))
	}
	return res
}

func (g *Digest) offered(req *Request) (known []Algorithm) {
	for _, a := range g.cfg.Algorithms {
		if g.cfg.Knows == nil || g.cfg.Knows(req, a) {
			known = append(known, a)
		}
	}
	if len(known) == 0 {
		return g.cfg.Algorithms
	}
	return known
}

// maxCredentials is how many credentials of one request are looked at: a request that passed several proxies has one for each.
const maxCredentials = 8

// Authenticate checks the credentials that a request brings for our realm. The method is that of the request; its body counts with
// qop=auth-int. A scheme other than Digest is as good as none. With ErrBadCredentials comes the name that was tried, for who counts failures;
// with ErrStale too.
func (g *Digest) Authenticate(ctx context.Context, req *Request, now time.Time) (username string, err error) {
	_, name, _ := g.headerNames(req)
	headers := req.GetHeaders(name)
	for _, h := range headers[:min(len(headers), maxCredentials)] {
		c, err := parseAuth(h.Value())
		if err == nil && c["realm"] == g.cfg.Realm {
			return g.count(g.check(ctx, req, c, now))
		}
	}
	return "", ErrNoCredentials
}

func (g *Digest) count(username string, err error) (string, error) {
	switch {
	case errors.Is(err, ErrStale):
		g.stats.stale.Add(1)
	case err != nil:
		g.stats.wrong.Add(1)
	default:
		g.stats.right.Add(1)
	}
	return username, err
}

func (g *Digest) check(ctx context.Context, req *Request, c authParams, now time.Time) (string, error) {
	algorithm, ok := g.algorithm(c["algorithm"])
	count, err := strconv.ParseUint(c["nc"], 16, 31)
	if !ok || err != nil || count == 0 || c["cnonce"] == "" || !isQOP(c["qop"]) || !g.rightURI(req, c["uri"]) {
		return c["username"], ErrBadCredentials
	}
	ha1, known := g.cfg.Credentials.HA1(ctx, c["username"], g.cfg.Realm, algorithm)
	if !known {
		ha1 = g.nobody[algorithm] // an unknown user costs as much as a wrong password
	}
	want := answer(algorithm, ha1, string(req.Method), c, req.Body())
	if subtle.ConstantTimeCompare([]byte(want), []byte(strings.ToLower(c["response"]))) != 1 || !known {
		return c["username"], ErrBadCredentials
	}
	// Only who knows the password is told about the nonce, and only he can use a count up. Opaque "SHOULD be returned by the client unchanged"
	// (RFC 7616 §3.3): another one is from another challenge, that of a server before its restart perhaps.
	if opaque, sent := c["opaque"]; sent && opaque != g.opaque || !g.nonces.use(c["nonce"], int(count), now) {
		return c["username"], ErrStale
	}
	if c["uri"] == nullURI {
		g.stats.nullURI.Add(1)
	}
	return c["username"], nil
}

func isQOP(qop string) bool {
	return strings.EqualFold(qop, "auth") || strings.EqualFold(qop, "auth-int")
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

// nullURI is what SIPE calls every server.
const nullURI = "(null)"

// rightURI: the credentials must be for this server. "In a SIP context, these two URIs may refer to different users, due to forwarding at
// some proxy ... it is not necessarily a failure if the two fields are not equivalent" (RFC 3261 §22.4); SIPp leaves the user out.
func (g *Digest) rightURI(req *Request, text string) bool {
	if text == nullURI {
		return g.cfg.AllowNullURI != nil && g.cfg.AllowNullURI(req)
	}
	uri, err := ParseURI(text)
	if err != nil {
		return false
	}
	return sameHost(uri.Host, req.Recipient.Host)
}

// answer is the request-digest of RFC 7616 §3.4.1, from the parameters as they were received. "If the qop value is "auth-int", then A2 is:
// A2 = Method ":" request-uri ":" H(entity-body)" (§3.4.3).
func answer(algorithm Algorithm, ha1, method string, c authParams, body []byte) string {
	a2 := method + ":" + c["uri"]
	if strings.EqualFold(c["qop"], "auth-int") {
		a2 += ":" + algorithm.hash(string(body))
	}
	if c["qop"] == "" { // RFC 2069, which only our client speaks, when it is asked that way
		return algorithm.hash(ha1 + ":" + c["nonce"] + ":" + algorithm.hash(a2))
	}
	return algorithm.hash(strings.Join([]string{ha1, c["nonce"], c["nc"], c["cnonce"], c["qop"], algorithm.hash(a2)}, ":"))
}
