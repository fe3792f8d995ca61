package focus

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/registrar"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// ConnectionIdentity says on which connections a REGISTER proves who sends what comes later on the same one.
type ConnectionIdentity string

const (
	IdentityOfTLS  ConnectionIdentity = "tls"
	IdentityOfTCP  ConnectionIdentity = "tcp" // and TLS; somebody on the way could write into such a connection
	IdentityOfNone ConnectionIdentity = "off" // each request proves itself
)

// covers: the zero ConnectionIdentity is IdentityOfTLS.
func (i ConnectionIdentity) covers(transport string) bool {
	return transport == "TLS" && i != IdentityOfNone || transport == "TCP" && i == IdentityOfTCP
}

// connections knows on which connection which user has registered with his password. SIPE and Microsoft's clients prove themselves once on each, and
// not again with every request (c3p.md §5.1). What comes on it is his as long as all of this holds:
//
//	the request is from the client itself: no proxy has written a Via
//	its From is that user, and it is no REGISTER
//	a contact of his is registered on this connection, and has not expired
//	nobody else has registered on it, nobody through a proxy, and it is not that of a trusted peer: others may be behind it, and their From is no
//	more than a claim
type connections struct {
	mu      sync.Mutex
	users   map[string]string // names, by token of the flow; several is none
	sweepAt int               // how many there may be until those that are closed are looked for
}

const (
	several  = ""
	minSweep = 64 // keeps the sweeps of a small table rare
)

// note remembers who has registered on a connection.
func (c *connections) note(token, user string, open func(token string) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.users == nil {
		c.users, c.sweepAt = make(map[string]string), minSweep
	}
	if known, found := c.users[token]; found && known != user {
		user = several
	}
	c.users[token] = user
	if len(c.users) < c.sweepAt {
		return
	}
	for token := range c.users {
		if !open(token) {
			delete(c.users, token)
		}
	}
	c.sweepAt = max(minSweep, 2*len(c.users))
}

// user is the one who has registered on a connection; "" for nobody and for several.
func (c *connections) user(token string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.users[token]
}

// noteRegistration is for a REGISTER that has been carried out: who has proved himself, and whose contacts they are.
func (s *Server) noteRegistration(tx *sip.ServerTransaction, who visitor, aor sip.URI) {
	if !s.config.ConnectionIdentity.covers(tx.Transport()) {
		return
	}
	user := aor.User
	if !direct(tx.Request()) || s.config.Trust.is(tx.Peer()) || who.caller.URI.UserID() != userOf(aor.String()) {
		user = several
	}
	s.connections.note(tx.Flow().Token(), user, s.flowUsable)
}

// direct says that a request comes from who has written it: a proxy "MUST insert a Via header field value into the copy before the existing Via
// header field values" (RFC 3261 §16.6).
func direct(req *sip.Request) bool {
	return len(sip.HeaderValues(req, "Via")) == 1 && sip.HeaderValue(req, "Path") == ""
}

// registeredHere is who sent a request without credentials, as his registration on the same connection proves; ok is false when nothing does.
func (s *Server) registeredHere(tx *sip.ServerTransaction) (who visitor, ok bool) {
	req, from := tx.Request(), tx.Request().From()
	if req.Method == sip.REGISTER || !s.config.ConnectionIdentity.covers(tx.Transport()) || !direct(req) {
		return visitor{}, false
	}
	token := tx.Flow().Token()
	user := s.connections.user(token)
	if user == several || !isSIP(from.Address) || !s.home(from.Address.Host, tx) || !strings.EqualFold(sip.NormaliseUser(from.Address.User), user) {
		return visitor{}, false
	}
	if !s.isRegistered(tx.Context(), user, token) {
		return visitor{}, false
	}
	who, err := s.known(tx.Context(), user, from.DisplayName)
	return who, err == nil
}

// isRegistered says whether a user has a contact on the flow of a token now.
func (s *Server) isRegistered(ctx context.Context, user, token string) bool {
	bindings, err := s.registrar.BindingsOf(ctx, time.Now(), user)
	if err != nil {
		s.log.Warn("who has registered on a connection", "user", user, "err", err)
		return false
	}
	return slices.ContainsFunc(bindings, func(b registrar.Binding) bool { return b.Flow == token })
}
