package api

import (
	"context"
	"errors"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/cluster"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
)

// serverUser is who a token without an owner acts as: the CLI on the server's own host.
const serverUser = "admin"

// handlerFunc serves a request of somebody who is known.
type handlerFunc func(w http.ResponseWriter, r *http.Request, who c3p.Principal)

// user lets those in who can log in.
func (s *server) user(next handlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		who, refusal := s.authenticate(r)
		if refusal != nil {
			s.refuse(w, refusal)
			return
		}
		next(w, r, who)
	}
}

// administrator lets administrators in.
func (s *server) administrator(next handlerFunc) http.HandlerFunc {
	return s.user(func(w http.ResponseWriter, r *http.Request, who c3p.Principal) {
		if who.Role != c3p.RoleAdministrator {
			problem(http.StatusForbidden, "This is for administrators: use the credentials of one.").write(w)
			return
		}
		next(w, r, who)
	})
}

// refuse sends a refusal; a 401 with the two ways to log in (RFC 9110 §11.6.1).
func (s *server) refuse(w http.ResponseWriter, refusal *Problem) {
	if refusal.Status == http.StatusUnauthorized {
		realm := strconv.Quote(s.Realm)
		w.Header().Add("WWW-Authenticate", "Basic realm="+realm+`, charset="UTF-8"`)
		w.Header().Add("WWW-Authenticate", "Bearer realm="+realm)
	}
	refusal.write(w)
}

// authenticate says who sends a request, or why nobody is believed. Credentials are looked at only when the limiter allows, and
// the body not at all.
func (s *server) authenticate(r *http.Request) (c3p.Principal, *Problem) {
	name, check := s.credentials(r)
	if check == nil {
		return c3p.Principal{}, problem(http.StatusUnauthorized, "Log in with a user's name and password (HTTP Basic) or with a bearer token.")
	}
	from := sourceOf(r)
	if wait := s.Limiter.Allow(time.Now(), from, name); wait > 0 {
		return c3p.Principal{}, tooMany(wait)
	}
	who, err := check(r.Context())
	switch {
	case err == nil:
		s.Limiter.Succeeded(time.Now(), from, name)
		return who, nil
	case errors.Is(err, cluster.ErrWrongCredentials):
		s.Limiter.Failed(time.Now(), from, name)
		return c3p.Principal{}, problem(http.StatusUnauthorized, "Name, password or token is wrong.")
	case errors.Is(err, cluster.ErrBusy):
		return c3p.Principal{}, unavailable("Too many are logging in at once: try again in a moment.")
	}
	s.Logger.Error("checking credentials", "err", err)
	return c3p.Principal{}, unavailable("Credentials cannot be checked now: try again in a moment.")
}

// credentials returns what checks the credentials of a request, nil when there are none, and the name they claim.
func (s *server) credentials(r *http.Request) (name string, check func(context.Context) (c3p.Principal, error)) {
	if name, password, ok := r.BasicAuth(); ok {
		return strings.ToLower(name), func(ctx context.Context) (c3p.Principal, error) { return s.checkPassword(ctx, name, password) }
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") && token != "" {
		return "", func(ctx context.Context) (c3p.Principal, error) { return s.checkToken(ctx, token) }
	}
	return "", nil
}

func (s *server) checkPassword(ctx context.Context, name, password string) (c3p.Principal, error) {
	user, err := s.Users.CheckPassword(ctx, name, password)
	return principal(user.URI, user.Administrator), err
}

func (s *server) checkToken(ctx context.Context, text string) (c3p.Principal, error) {
	token, err := s.Tokens.CheckToken(ctx, text)
	owner := token.Owner
	if owner == "" {
		owner = serverUser
	}
	return principal(s.userURI(owner), token.Administrator), err
}

// userURI is how cluster names its users.
func (s *server) userURI(name string) conference.UserID {
	return conference.URI("sip:" + name + "@" + s.Realm).UserID()
}

func principal(uri conference.UserID, administrator bool) c3p.Principal {
	who := c3p.Principal{URI: string(uri), Role: c3p.RoleUser, Authenticated: true}
	if administrator {
		who.Role = c3p.RoleAdministrator
	}
	return who
}

// sourceOf is the peer's address. Headers that claim another one are not believed: anybody can send them.
func sourceOf(r *http.Request) netip.Addr {
	from, _ := netip.ParseAddrPort(r.RemoteAddr)
	return from.Addr().Unmap()
}

func tooMany(wait time.Duration) *Problem {
	seconds := int(math.Ceil(wait.Seconds()))
	p := problem(http.StatusTooManyRequests, "Credentials were wrong too often: try again in "+strconv.Itoa(seconds)+" s.")
	p.retryAfter = seconds
	return p
}
