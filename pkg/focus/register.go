package focus

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/registrar"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// register binds contacts to a user, in the order of the steps of RFC 3261 §10.3:
//
//	domain         the Request-URI is ours                               404
//	extensions     Require, by the user agent                            420
//	authenticate   digest                                                401
//	authorize      oneself; an administrator anybody                     403
//	address        To is a user                                          404
//	Read, Register the contacts                                          400, 403, 423, 439, 500
func (s *Server) register(tx *sip.ServerTransaction) error {
	req := tx.Request()
	if scheme := strings.ToLower(req.Recipient.Scheme); scheme != "sip" && scheme != "sips" {
		return errScheme
	}
	if !s.home(req.Recipient.Host, tx) {
		return errNotOurs
	}
	who, err := s.authenticate(tx)
	if err != nil {
		return err
	}
	if !who.caller.Authenticated {
		return &challengeError{sip.ErrNoCredentials}
	}
	aor, err := s.registered(tx, who)
	if err != nil {
		return err
	}
	reg, err := registrar.Read(req, registrar.Arrival{Transport: tx.Transport(), Source: tx.Source(), Flow: tx.Flow().Token()})
	if err != nil {
		return err
	}
	answer, err := s.registrar.Register(tx.Context(), time.Now(), aor, reg)
	if err != nil {
		return err
	}
	s.noteRegistration(tx, who, aor)
	s.log.Debug("registered", "user", aor.User, "from", tx.Source(), "transport", tx.Transport(), "contacts", len(answer.Bindings))
	if timer := answer.FlowTimer(); timer > 0 {
		tx.Flow().Expect(timer)
	}
	return tx.Reply(200, append(answer.Headers(), s.forOCSClient(req, answer.Lifetime())...)...)
}

// registered is the address-of-record that a REGISTER is about. "The registrar SHOULD determine if the authenticated user is authorized to modify
// registrations for this address-of-record": oneself, or everybody's for an administrator. Others learn nothing of who there is.
func (s *Server) registered(tx *sip.ServerTransaction, who visitor) (sip.URI, error) {
	to := tx.Request().To().Address
	own, err := sip.ParseURI(string(who.caller.URI))
	if err != nil {
		return sip.URI{}, fmt.Errorf("address of %s: %w", who.caller.URI, err)
	}
	if !s.home(to.Host, tx) || !strings.EqualFold(sip.NormaliseUser(to.User), own.User) {
		if !who.caller.Administrator {
			return sip.URI{}, conference.ErrNotPermitted
		}
		return s.userAddress(tx, to)
	}
	return own, nil
}

// home says whether users live there: where conferences do, or in the domain of the first start, which the users keep.
func (s *Server) home(host string, tx *sip.ServerTransaction) bool {
	return s.ours(host, tx) || strings.EqualFold(hostOnly(host), hostOnly(s.config.Realm))
}

// flowUsable is registrar.Config's.
func (s *Server) flowUsable(token string) bool {
	flow, err := s.ua.Flow(token)
	return err == nil && flow.Usable()
}

// userAddress: "If the address-of-record is not valid for the domain in the Request-URI, the registrar MUST send a 404 (Not Found)".
func (s *Server) userAddress(tx *sip.ServerTransaction, to sip.URI) (sip.URI, error) {
	if !s.home(to.Host, tx) {
		return sip.URI{}, errNotOurs
	}
	user, err := s.config.Users.User(tx.Context(), sip.NormaliseUser(to.User))
	if err != nil {
		s.log.Log(tx.Context(), slog.LevelDebug, "no such user to register", "user", to.User, "err", err)
		return sip.URI{}, conference.ErrNoSuchUser
	}
	return sip.ParseURI(string(user.URI))
}

// Registrar is where users are.
func (s *Server) Registrar() *registrar.Registrar { return s.registrar }

// registrationRefusal is what a refused REGISTER gets beside its status: "a 423 (Interval Too Brief). This response MUST contain a Min-Expires
// header field" (RFC 3261 §10.3).
func registrationRefusal(err error) (code int, headers []sip.Header) {
	var brief *registrar.BriefError
	if !errors.As(err, &brief) {
		return 0, nil
	}
	least := strconv.Itoa(int(math.Ceil(brief.Min.Seconds())))
	return 423, []sip.Header{sip.NewHeader("Min-Expires", least)}
}
