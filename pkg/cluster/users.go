package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/seed-f3cefc8c/focus/pkg/conference"
)

// User is somebody with a password.
type User struct {
	Name          string            // of the login and the user part of the URI: up to 64 of a-z 0-9 . - _
	URI           conference.UserID // sip:Name@Realm; Add fills it in
	DisplayName   string
	Administrator bool
	DialOut       string    // whom conferences may call for the user: none, registered, any; "": what the server says
	Created       time.Time // Add fills it in
}

// storedUser is a user as JSON.
type storedUser struct {
	Name          string            `json:"name"`
	DisplayName   string            `json:"displayName,omitempty"`
	Administrator bool              `json:"administrator,omitempty"`
	DialOut       string            `json:"dialOut,omitempty"`
	Created       time.Time         `json:"created"`
	Verifier      Verifier          `json:"verifier"`
	HA1           map[string][]byte `json:"ha1"` // sealed, by algorithm
}

// Users are those who may log in.
type Users struct {
	bucket   bucket
	secrets  *sealer
	realm    string
	cost     HashCost
	hasher   *hasher
	verified *verified
	nobody   Verifier // what an unknown user's password is compared with, so that it takes as long
	ghost    []byte   // the record that is read in his place for digest
	tokens   *Tokens
}

func newUsers(b bucket, secrets *sealer, realm string, cost HashCost) *Users {
	if cost == (HashCost{}) {
		cost = DefaultHashCost()
	}
	u := &Users{
		bucket: b, secrets: secrets, realm: realm, cost: cost, hasher: newHasher(), verified: newVerified(),
		nobody: Verifier{HashCost: cost, Salt: make([]byte, saltSize), Hash: make([]byte, hashSize)},
	}
	u.ghost, _ = json.Marshal(storedUser{Verifier: u.nobody, HA1: sealHA1s(secrets, "", realm, "")}) // has no part that could fail
	return u
}

// Add stores a new user with a password of 8 to 256 bytes. ErrUserExists, ErrInvalidUser.
func (u *Users) Add(ctx context.Context, user User, password string) (User, error) {
	user.Name = strings.ToLower(user.Name)
	user.Created = time.Now().UTC()
	if err := validUser(user, password); err != nil {
		return User{}, err
	}
	stored := storedUser{
		Name: user.Name, DisplayName: user.DisplayName, Administrator: user.Administrator, DialOut: user.DialOut, Created: user.Created,
	}
	value, err := u.marshal(ctx, stored, password)
	if err != nil {
		return User{}, fmt.Errorf("adding user %s: %w", user.Name, err)
	}
	if _, err = u.bucket.create(ctx, encodeKey(user.Name), value); errors.Is(err, errKeyExists) {
		err = ErrUserExists
	}
	if err != nil {
		return User{}, fmt.Errorf("adding user %s: %w", user.Name, err)
	}
	return u.public(stored), nil
}

// SetPassword gives a user a new password; the old one is wrong from now on.
func (u *Users) SetPassword(ctx context.Context, name, password string) error {
	stored, revision, err := u.load(ctx, name)
	if err != nil {
		return err
	}
	if err := validUser(u.public(stored), password); err != nil {
		return err
	}
	value, err := u.marshal(ctx, stored, password)
	if err == nil {
		_, err = u.bucket.update(ctx, encodeKey(stored.Name), value, revision)
	}
	if err != nil {
		return fmt.Errorf("setting the password of %s: %w", stored.Name, err)
	}
	return nil
}

// SetDialOut says whom conferences may call for a user: "none", "registered", "any", or "" for what the server says. ErrNoSuchUser,
// ErrInvalidUser.
func (u *Users) SetDialOut(ctx context.Context, name, policy string) (User, error) {
	if !validDialOut(policy) {
		return User{}, errDialOut
	}
	stored, revision, err := u.load(ctx, name)
	if err != nil {
		return User{}, err
	}
	stored.DialOut = policy
	value, err := json.Marshal(stored)
	if err == nil {
		_, err = u.bucket.update(ctx, encodeKey(stored.Name), value, revision)
	}
	if err != nil {
		return User{}, fmt.Errorf("changing user %s: %w", stored.Name, err)
	}
	return u.public(stored), nil
}

// Get reads a user, or ErrNoSuchUser.
func (u *Users) Get(ctx context.Context, name string) (User, error) {
	stored, _, err := u.load(ctx, name)
	if err != nil {
		return User{}, err
	}
	return u.public(stored), nil
}

// List reads all users, sorted by name.
func (u *Users) List(ctx context.Context) ([]User, error) {
	entries, err := u.bucket.all(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing users: %w", err)
	}
	users := make([]User, 0, len(entries))
	for _, e := range entries {
		stored, err := unmarshalUser(e)
		if err != nil {
			return nil, err
		}
		users = append(users, u.public(stored))
	}
	return users, nil
}

// Remove takes a user out, and revokes the user's tokens. ErrNoSuchUser.
func (u *Users) Remove(ctx context.Context, name string) error {
	stored, revision, err := u.load(ctx, name)
	if err != nil {
		return err
	}
	if err := u.tokens.revokeOf(ctx, stored.Name); err != nil {
		return fmt.Errorf("removing user %s: %w", stored.Name, err)
	}
	if err := u.bucket.remove(ctx, encodeKey(stored.Name), revision); err != nil {
		return fmt.Errorf("removing user %s: %w", stored.Name, err)
	}
	return nil
}

// CheckPassword logs a user in: ErrWrongCredentials for a wrong password and for a user there is not, after the same time. A right
// password is remembered for 60 s, until the user changes. ErrBusy when too many wait.
func (u *Users) CheckPassword(ctx context.Context, name, password string) (User, error) {
	stored, revision, err := u.load(ctx, name)
	if err != nil && !errors.Is(err, ErrNoSuchUser) {
		return User{}, err
	}
	known := err == nil
	if known && u.verified.has(time.Now(), stored.Name, password, revision) {
		return u.public(stored), nil
	}
	verifier := u.nobody
	if known {
		verifier = stored.Verifier
	}
	right := false
	if len(password) <= maxPassword {
		if right, err = u.hasher.verify(ctx, verifier, password); err != nil {
			return User{}, fmt.Errorf("checking a password: %w", err)
		}
	}
	if !known || !right {
		return User{}, ErrWrongCredentials
	}
	u.verified.add(time.Now(), stored.Name, password, revision)
	return u.public(stored), nil
}

// HA1 is what SIP digest needs of a user (RFC 7616 §3.4.2), in hex; algorithm is MD5, SHA-256 or SHA-512-256. It is as good as the
// password: keep it out of logs. ErrNoSuchUser, after the same work, ErrUnknownRealm, ErrUnknownAlgorithm.
func (u *Users) HA1(ctx context.Context, name, realm, algorithm string) (string, error) {
	if realm != u.realm {
		return "", ErrUnknownRealm
	}
	stored, _, err := u.load(ctx, name)
	if errors.Is(err, ErrNoSuchUser) {
		ghost, _ := unmarshalUser(entry{value: u.ghost})
		_, _ = u.openHA1(ghost, algorithm)
	}
	if err != nil {
		return "", err
	}
	return u.openHA1(stored, algorithm)
}

func (u *Users) openHA1(stored storedUser, algorithm string) (string, error) {
	algorithm = strings.ToUpper(algorithm)
	sealed, found := stored.HA1[algorithm]
	if !found {
		return "", fmt.Errorf("%w: %.20q", ErrUnknownAlgorithm, algorithm)
	}
	return u.secrets.open(ha1Place(stored.Name, algorithm), sealed)
}

func (u *Users) load(ctx context.Context, name string) (storedUser, uint64, error) {
	name = strings.ToLower(name)
	if !validName(name) {
		return storedUser{}, 0, ErrNoSuchUser
	}
	e, err := u.bucket.get(ctx, encodeKey(name))
	if errors.Is(err, errKeyNotFound) {
		return storedUser{}, 0, ErrNoSuchUser
	}
	if err != nil {
		return storedUser{}, 0, fmt.Errorf("reading user %s: %w", name, err)
	}
	stored, err := unmarshalUser(e)
	return stored, e.revision, err
}

func (u *Users) marshal(ctx context.Context, stored storedUser, password string) (_ []byte, err error) {
	if stored.Verifier, err = u.hasher.newVerifier(ctx, u.cost, password); err != nil {
		return nil, err
	}
	stored.HA1 = sealHA1s(u.secrets, stored.Name, u.realm, password)
	return json.Marshal(stored)
}

func unmarshalUser(e entry) (s storedUser, err error) {
	if err = json.Unmarshal(e.value, &s); err != nil {
		err = fmt.Errorf("reading user %s: %w", e.key, err)
	}
	return s, err
}

func (u *Users) public(s storedUser) User {
	return User{
		Name: s.Name, URI: conference.URI("sip:" + s.Name + "@" + u.realm).UserID(), DisplayName: s.DisplayName,
		Administrator: s.Administrator, DialOut: s.DialOut, Created: s.Created,
	}
}

func validUser(user User, password string) error {
	switch {
	case !validName(user.Name):
		return fmt.Errorf("%w: name %.80q: want 1 to 64 of a-z 0-9 . - _", ErrInvalidUser, user.Name)
	case len(password) < minPassword || len(password) > maxPassword || !utf8.ValidString(password):
		return fmt.Errorf("%w: want a password of %d to %d bytes", ErrInvalidUser, minPassword, maxPassword)
	case !validDialOut(user.DialOut):
		return errDialOut
	case len(user.DisplayName) > maxDisplayName || !printable(user.DisplayName):
		return fmt.Errorf("%w: want a display name of up to %d printable bytes", ErrInvalidUser, maxDisplayName)
	}
	return nil
}

var errDialOut = fmt.Errorf("%w: who may be called is none, registered or any, or nothing for what the server says", ErrInvalidUser)

func validDialOut(policy string) bool {
	return policy == "" || policy == "none" || policy == "registered" || policy == "any"
}

const (
	maxName        = 64
	maxDisplayName = 256
)

// validName keeps ":" out, which Basic (RFC 7617 §2) and digest cut at.
func validName(name string) bool {
	return name != "" && len(name) <= maxName && !strings.ContainsFunc(name, notOfName)
}

func printable(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsGraphic(r) })
}

func notOfName(r rune) bool {
	return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789.-_", r)
}
