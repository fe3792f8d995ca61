package cluster

import "errors"

// What callers branch on. Of conferences it is conference.ErrNotFound, ErrExists and ErrVersion.
var (
	ErrDirInUse         = errors.New("another process uses the data folder")
	ErrKeyFile          = errors.New("secret key")
	ErrUserExists       = errors.New("user exists")
	ErrNoSuchUser       = errors.New("no such user")
	ErrNoSuchToken      = errors.New("no such token")
	ErrNoSuchWebhook    = errors.New("no such webhook")
	ErrTooManyWebhooks  = errors.New("too many webhooks")
	ErrInvalidUser      = errors.New("invalid user")
	ErrInvalidToken     = errors.New("invalid token")
	ErrWrongCredentials = errors.New("wrong credentials") // unknown user, wrong password, unknown, expired or revoked token
	ErrUnknownRealm     = errors.New("not our realm")
	ErrUnknownAlgorithm = errors.New("no such digest algorithm")
	ErrBusy             = errors.New("too many logins at once")
)
