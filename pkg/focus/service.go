package focus

import (
	"context"
	"errors"
	"strings"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// service takes a command for the focus factory; the C3P answer is the body of the 200 OK ([MS-CONFPRO]). The organizer of what is made is the
// sender, proved by digest or by whoever may vouch for him; reports of quality are for collect.go:
//
//	factory        the URI is the sender's factory, or just a factory    404, 405; 403
//	authenticate   digest; nobody is served without                      401 (407)
//	readC3P        from is the sender, to the factory                    400, 403, 413, 415
//	serve          the command; its refusal is code="failure" in a 200, but for what may be tried again: 503
func (s *Server) service(tx *sip.ServerTransaction) error {
	if isForQuality(tx.Request()) {
		return s.serviceQuality(tx)
	}
	to, err := s.factory(tx)
	if errors.Is(err, errNoService) {
		return tx.Reply(405, allowHeader(sip.SERVICE))
	}
	if err != nil {
		return err
	}
	who, err := s.proved(tx)
	if err != nil {
		return err
	}
	if !who.caller.Administrator && !sameOrganizer(to.Organizer, who.caller.URI.UserID()) {
		return conference.ErrNotPermitted
	}
	request, _, err := s.readC3P(tx.Request(), who, to)
	if err != nil {
		return s.factoryRefusal(tx, err)
	}
	ctx, cancel := context.WithTimeout(s.ctx, maxCommandTime)
	defer cancel()
	response, err := s.carryOut(ctx, &c3p.Call{Principal: principalOf(who.caller), Request: request})
	if err != nil {
		return s.factoryRefusal(tx, err)
	}
	return answerC3P(tx, response)
}

// errNoService: "The server MUST include an Allow header field ... listing the set of methods supported by the resource" (RFC 3261 §21.4.6).
var errNoService = errors.New("SERVICE is for the focus factory")

// factory reads which factory a SERVICE is for.
func (s *Server) factory(tx *sip.ServerTransaction) (conference.Address, error) {
	uri := tx.Request().Recipient
	if scheme := strings.ToLower(uri.Scheme); scheme != "sip" && scheme != "sips" {
		return conference.Address{}, errScheme
	}
	if !s.home(uri.Host, tx) {
		return conference.Address{}, errNotOurs
	}
	to, err := conference.ParseURI(uri.String())
	if err != nil || to.Kind != conference.KindFactory {
		return to, errNoService
	}
	return to, nil
}

// proved is who sent a request that is for users only.
func (s *Server) proved(tx *sip.ServerTransaction) (visitor, error) {
	who, err := s.authenticate(tx)
	if err == nil && !who.caller.Authenticated {
		err = &challengeError{sip.ErrNoCredentials}
	}
	return who, err
}

// factoryRefusal answers a command that was understood with 200, code="failure" and its reason, and says in ms-diagnostics what SIP's status would
// say. What is wrong with the envelope, and what may be tried again, has a status of its own.
func (s *Server) factoryRefusal(tx *sip.ServerTransaction, err error) error {
	var refused *documentError
	o, _ := outcomeOf(err)
	if !errors.As(err, &refused) || o.status == 503 || errors.Is(err, errWrongFrom) || errors.Is(err, errWrongTo) {
		return err
	}
	return answerC3P(tx, refused.request.Failure(s.wireError(refused.err)), s.diagnostics(o)...)
}
