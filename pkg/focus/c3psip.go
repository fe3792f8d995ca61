package focus

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// What is wrong with C3P in SIP before its command is looked at. The numbers of ms-diagnostics are in errors.go.
var (
	errC3PUnreadable = errors.New("the C3P cannot be read")
	errC3PTooLarge   = errors.New("a C3P document may have 256 KB")
	errC3PMediaType  = errors.New("the body is not C3P")
	errWrongTo       = errors.New("to is not where the request went")
	errWrongMCU      = errors.New("mcuUri is no MCU of the conference")
)

// documentError is the refusal of a C3P request that was read as far as its number: the answer carries the failure document.
type documentError struct {
	request *c3p.Request
	err     error
}

func (e *documentError) Error() string { return e.err.Error() }
func (e *documentError) Unwrap() error { return e.err }

// hasC3P says whether a request brings C3P, alone or as a part of its body.
func hasC3P(req *sip.Request) bool {
	mediaType := sip.ContentType(req)
	if !strings.HasPrefix(mediaType, "multipart/") {
		return mediaType == c3p.MediaType
	}
	_, found, _ := sip.BodyOf(req, c3p.MediaType)
	return found
}

// readC3P reads the C3P of a request that went to an address of ours, and which conferences it names. "from: the requesting user"; "to: the SIP
// URI of the To header" ([MS-CONFPRO] 2.2.2); either may be left out. Whoever sent the request is the sender, whatever the document says.
func (s *Server) readC3P(req *sip.Request, who visitor, to conference.Address) (*c3p.Request, []c3p.ConferenceKeys, error) {
	body, found, err := sip.BodyOf(req, c3p.MediaType)
	switch {
	case err != nil:
		return nil, nil, fmt.Errorf("%w: %w", errC3PUnreadable, err)
	case !found || isEncoded(req):
		return nil, nil, errC3PMediaType
	case len(body) > c3p.MaxBytes:
		return nil, nil, errC3PTooLarge
	}
	request, named, err := c3p.ParseRequestKeys(body)
	switch {
	case request == nil:
		return nil, nil, fmt.Errorf("%w: %w", errC3PUnreadable, err)
	case err == nil && request.From != "" && userOf(request.From) != who.caller.URI.UserID():
		err = errWrongFrom
	case err == nil && request.To != "" && !s.sameAddress(request.To, to):
		err = errWrongTo
	}
	if err != nil {
		return request, nil, &documentError{request, err}
	}
	return request, named, nil
}

func isEncoded(req *sip.Request) bool {
	encoding := sip.HeaderValue(req, "Content-Encoding")
	return encoding != "" && !strings.EqualFold(encoding, "identity")
}

// sameAddress compares a URI of a document with what was addressed: the domain may be written as any of our names, and the organizer left out.
func (s *Server) sameAddress(uri string, to conference.Address) bool {
	a, err := conference.ParseURI(uri)
	return err == nil && s.ours(a.Domain, nil) && a.Kind == to.Kind && a.ID == to.ID && a.MCUType == to.MCUType &&
		sameOrganizer(a.Organizer, to.Organizer)
}

func sameOrganizer(a, b conference.UserID) bool {
	return a == "" || b == "" || userPart(a) == userPart(b)
}

// principalOf is a caller as C3P knows him.
func principalOf(c conference.Caller) c3p.Principal {
	p := c3p.Principal{URI: string(c.URI), Role: c3p.RoleUser, Authenticated: c.Authenticated}
	switch {
	case !c.Authenticated:
		p.Role = c3p.RoleAnonymous
	case c.Administrator:
		p.Role = c3p.RoleAdministrator
	}
	return p
}

// maxCommandTime bounds a command that came by SIP. The client of SERVICE waits for 32 s (Timer F).
const maxCommandTime = 25 * time.Second

// carryOut is ServeC3P with the error of a refusal, for who answers with more than the document.
func (s *Server) carryOut(ctx context.Context, call *c3p.Call) (*c3p.Response, error) {
	body, err := s.serveGuarded(ctx, call)
	if err != nil {
		return nil, &documentError{call.Request, err}
	}
	return call.Request.Success(body), nil
}

// attach puts the failure document into the refusal of a C3P request.
func (s *Server) attach(res *sip.Response, err error) {
	var refused *documentError
	if errors.As(err, &refused) {
		sip.SetBody(res, c3p.MediaType, refused.request.Failure(s.wireError(refused.err)).AppendXML(nil))
	}
}

// answerC3P is a 200 with the response.
func answerC3P(tx *sip.ServerTransaction, response *c3p.Response, headers ...sip.Header) error {
	res := sip.NewResponse(tx.Request(), 200, "")
	for _, h := range headers {
		res.AppendHeader(h)
	}
	sip.SetBody(res, c3p.MediaType, response.AppendXML(nil))
	return tx.Respond(res)
}
