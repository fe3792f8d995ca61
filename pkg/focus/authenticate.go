package focus

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// visitor is who sent a request, as far as the transport and digest know.
type visitor struct {
	caller conference.Caller
	name   string // display text
}

// challengeError asks for credentials; cause is one of pkg/sip's.
type challengeError struct{ cause error }

func (e *challengeError) Error() string { return "authentication required: " + e.cause.Error() }

// waitError sends somebody away who guesses too much.
type waitError struct{ wait time.Duration }

func (e *waitError) Error() string { return fmt.Sprintf("too many failures: wait %s", e.wait) }

// authenticate finds out who called: by whoever may vouch for him, by his password, or by the registration on his connection. Somebody without is a
// guest, whose From is only a claim; what a conference wants of guests is its own policy. Wrong credentials are counted and asked for again.
func (s *Server) authenticate(tx *sip.ServerTransaction) (visitor, error) {
	req, now, address := tx.Request(), time.Now(), tx.Source().Addr()
	from := req.From()
	if who, ok := s.vouched(tx); ok {
		return who, nil
	}
	guest := visitor{caller: conference.Caller{URI: conference.URI(from.Address.String())}, name: from.DisplayName}
	if !s.digest.HasCredentials(req) {
		if who, ok := s.registeredHere(tx); ok {
			return who, nil
		}
		return guest, nil
	}
	username, err := s.digest.Authenticate(tx.Context(), req, now)
	if errors.Is(err, sip.ErrNoCredentials) { // those are for another realm
		return guest, nil
	}
	if wait := s.config.Limiter.Allow(now, address, username); wait > 0 {
		return visitor{}, &waitError{wait} // also for the right password: who guesses must not learn which one it is
	}
	switch {
	case errors.Is(err, sip.ErrBadCredentials):
		s.config.Limiter.Failed(now, address, username)
		s.log.Info("wrong credentials", "user", username, "from", address)
		return visitor{}, &challengeError{err}
	case err != nil:
		return visitor{}, &challengeError{err}
	}
	s.config.Limiter.Succeeded(now, address, username)
	return s.known(tx.Context(), username, from.DisplayName)
}

func (s *Server) known(ctx context.Context, username, name string) (visitor, error) {
	user, err := s.config.Users.User(ctx, username)
	if err != nil {
		return visitor{}, fmt.Errorf("looking up user %q: %w", username, err)
	}
	if name == "" {
		name = user.DisplayName
	}
	caller := conference.Caller{URI: conference.URI(user.URI), Authenticated: true, Administrator: user.Administrator}
	return visitor{caller, name}, nil
}

// ha1 is sip.Credentials.
func (s *Server) ha1(ctx context.Context, username, realm string, algorithm sip.Algorithm) (string, bool) {
	ha1, err := s.config.Users.HA1(ctx, username, realm, string(algorithm))
	return ha1, err == nil
}

// knows is about telephones that end the call when a challenge names an algorithm they do not know, wherever one that they know stands beside it:
// baresip before 2.0 and SIPE know MD5 alone, liblinphone (belle-sip 5.1) no SHA-512-256. Nobody is less safe for it, since what they get is
// offered to everybody else as well.
func knows(req *sip.Request, algorithm sip.Algorithm) bool {
	agent := sip.HeaderValue(req, "User-Agent")
	switch {
	case strings.HasPrefix(agent, "baresip v0."), strings.HasPrefix(agent, "baresip v1."), isSIPE(req):
		return algorithm == sip.MD5
	case strings.HasPrefix(agent, "Linphone"), strings.Contains(agent, "LinphoneSDK/"), strings.Contains(agent, "belle-sip/"):
		return algorithm != sip.SHA512256
	}
	return true
}

// isSIPE knows the plug-in of Pidgin, "Purple/2.14.12 Sipe/1.25.0 (linux-x86_64)": it answers a 407 alone, and signs the URI "(null)".
func isSIPE(req *sip.Request) bool {
	for _, product := range strings.Fields(sip.HeaderValue(req, "User-Agent")) {
		if strings.HasPrefix(product, "Sipe/") {
			return true
		}
	}
	return false
}
