package turn

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pion/turn/v5"
)

// Issuer makes credentials that end by themselves, as draft-uberti-behave-turn-rest-00 §2.2 has them and coturn's use-auth-secret: the user name is
// "EXPIRY:USER", where EXPIRY is in seconds since 1970, and the password base64(HMAC-SHA1(secret, user name)). Who has the secret can make them.
type Issuer struct{ secret []byte }

// NewIssuer needs a secret that nobody guesses.
func NewIssuer(secret []byte) Issuer { return Issuer{secret} }

// String hides the secret.
func (Issuer) String() string { return "turn.Issuer" }

// GoString hides the secret.
func (Issuer) GoString() string { return "turn.Issuer" }

// maxUser bounds the name of a user: a USERNAME has less than 509 bytes (RFC 8489 §14.3).
const maxUser = 256

// Errors of credentials.
var (
	errExpired = errors.New("credentials have expired")
	errNoUser  = errors.New("not a user name of ours")
	// ErrUser is a name that no credentials can be made for.
	ErrUser = fmt.Errorf("a TURN user has 1 to %d printable characters", maxUser)
)

// Issue makes credentials for a user, good until that time. The user is for the server alone: whom a quota belongs to. ErrUser.
func (i Issuer) Issue(user string, until time.Time) (username, password string, err error) {
	if user == "" || len(user) > maxUser || strings.ContainsFunc(user, func(r rune) bool { return r <= ' ' || r == 0x7F }) {
		return "", "", ErrUser
	}
	username = strconv.FormatInt(until.Unix(), 10) + ":" + user
	return username, i.password(username), nil
}

func (i Issuer) password(username string) string {
	mac := hmac.New(sha1.New, i.secret)
	mac.Write([]byte(username))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// check returns whose credentials have that user name, and the key with which their messages are signed (RFC 8489 §9.2.2); errExpired, errNoUser.
func (i Issuer) check(username, realm string, now time.Time) (user string, key []byte, err error) {
	expiry, user, _ := strings.Cut(username, ":")
	until, err := strconv.ParseInt(expiry, 10, 64)
	if err != nil || until <= 0 || user == "" || len(user) > maxUser {
		return "", nil, errNoUser
	}
	if now.Unix() >= until {
		return "", nil, errExpired
	}
	return user, turn.GenerateAuthKey(username, realm, i.password(username)), nil
}
