package cluster

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Token is what is known of a bearer token (RFC 6750); the token itself is not stored.
type Token struct {
	ID            string    `json:"id"`              // 16 hex digits, to name it by
	Name          string    `json:"name"`            // what it is for
	Owner         string    `json:"owner,omitempty"` // name of a user; "" for the server itself (the CLI of the same host)
	Administrator bool      `json:"administrator,omitempty"`
	Created       time.Time `json:"created"`
	Expires       time.Time `json:"expires,omitzero"` // zero: never
}

// Tokens are the bearer tokens.
type Tokens struct {
	bucket bucket
	users  *Users
}

const (
	tokenPrefix = "focus_" // says what it is when one is found lying about
	tokenBytes  = 32
)

// NewToken makes a token for t.Owner and returns its text, which is shown this once. ErrNoSuchUser, ErrInvalidToken.
func (t *Tokens) NewToken(ctx context.Context, token Token) (text string, _ Token, err error) {
	token.Owner, token.Created = strings.ToLower(token.Owner), time.Now().UTC()
	if err := t.validate(ctx, token); err != nil {
		return "", Token{}, err
	}
	var secret [tokenBytes]byte
	rand.Read(secret[:])
	text = tokenPrefix + base64.RawURLEncoding.EncodeToString(secret[:])
	key := tokenKey(text)
	token.ID = key[:16]
	value, err := json.Marshal(token)
	if err == nil {
		_, err = t.bucket.create(ctx, key, value)
	}
	if err != nil {
		return "", Token{}, fmt.Errorf("making a token: %w", err)
	}
	return text, token, nil
}

func (t *Tokens) validate(ctx context.Context, token Token) error {
	if len(token.Name) > maxDisplayName || !printable(token.Name) {
		return fmt.Errorf("%w: want a name of up to %d printable bytes", ErrInvalidToken, maxDisplayName)
	}
	if token.expired(token.Created) {
		return fmt.Errorf("%w: it has expired already", ErrInvalidToken)
	}
	if token.Owner == "" {
		return nil
	}
	owner, err := t.users.Get(ctx, token.Owner)
	if err == nil && token.Administrator && !owner.Administrator {
		err = fmt.Errorf("%w: %s is not an administrator", ErrInvalidToken, token.Owner)
	}
	return err
}

// CheckToken logs a token in, or ErrWrongCredentials: an unknown, expired or revoked one, or one whose owner is gone. Its Administrator
// is false when its owner is no longer one.
func (t *Tokens) CheckToken(ctx context.Context, text string) (Token, error) {
	// The key is the hash of the whole text, so how long the look-up takes says nothing about the tokens there are.
	e, err := t.bucket.get(ctx, tokenKey(text))
	if errors.Is(err, errKeyNotFound) {
		return Token{}, ErrWrongCredentials
	}
	if err != nil {
		return Token{}, fmt.Errorf("checking a token: %w", err)
	}
	token, err := unmarshalToken(e)
	if err != nil {
		return Token{}, err
	}
	if token.expired(time.Now()) {
		return Token{}, ErrWrongCredentials
	}
	return t.ofOwner(ctx, token)
}

func (t *Tokens) ofOwner(ctx context.Context, token Token) (Token, error) {
	if token.Owner == "" {
		return token, nil
	}
	owner, err := t.users.Get(ctx, token.Owner)
	if errors.Is(err, ErrNoSuchUser) {
		return Token{}, ErrWrongCredentials
	}
	token.Administrator = token.Administrator && owner.Administrator
	return token, err
}

// List reads the tokens of a user, or all with "", also the expired ones.
func (t *Tokens) List(ctx context.Context, owner string) ([]Token, error) {
	stored, err := t.list(ctx)
	if err != nil {
		return nil, err
	}
	var tokens []Token
	for _, s := range stored {
		if owner == "" || s.Owner == strings.ToLower(owner) {
			tokens = append(tokens, s.Token)
		}
	}
	return tokens, nil
}

// Revoke takes a token out by its ID. ErrNoSuchToken.
func (t *Tokens) Revoke(ctx context.Context, id string) error {
	n, err := t.revoke(ctx, func(token Token) bool { return token.ID == id })
	if err == nil && n == 0 {
		err = ErrNoSuchToken
	}
	return err
}

// Sweep takes the tokens out that have expired at now.
func (t *Tokens) Sweep(ctx context.Context, now time.Time) error {
	_, err := t.revoke(ctx, func(token Token) bool { return token.expired(now) })
	return err
}

func (t *Tokens) revokeOf(ctx context.Context, owner string) error {
	_, err := t.revoke(ctx, func(token Token) bool { return token.Owner == owner })
	return err
}

func (t *Tokens) revoke(ctx context.Context, which func(Token) bool) (n int, err error) {
	stored, err := t.list(ctx)
	if err != nil {
		return 0, err
	}
	for _, s := range stored {
		if !which(s.Token) {
			continue
		}
		if err := t.bucket.remove(ctx, s.key, s.revision); err != nil && !errors.Is(err, errRevision) { // else it is gone already
			return n, fmt.Errorf("revoking token %s: %w", s.ID, err)
		}
		n++
	}
	return n, nil
}

type storedToken struct {
	Token
	key      string
	revision uint64
}

func (t *Tokens) list(ctx context.Context) ([]storedToken, error) {
	entries, err := t.bucket.all(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing tokens: %w", err)
	}
	tokens := make([]storedToken, 0, len(entries))
	for _, e := range entries {
		token, err := unmarshalToken(e)
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, storedToken{token, e.key, e.revision})
	}
	return tokens, nil
}

func unmarshalToken(e entry) (t Token, err error) {
	if err = json.Unmarshal(e.value, &t); err != nil {
		err = fmt.Errorf("reading a token: %w", err)
	}
	return t, err
}

func (t Token) expired(now time.Time) bool { return !t.Expires.IsZero() && !now.Before(t.Expires) }

func tokenKey(text string) string {
	hash := sha256.Sum256([]byte(text))
	return hex.EncodeToString(hash[:])
}
