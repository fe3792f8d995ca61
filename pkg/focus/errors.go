package focus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/b2bua"
	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/registrar"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// outcome is what the outside is told of an error.
type outcome struct {
	err         error
	status      int        // of SIP
	diagnostics int        // of ms-diagnostics; 0: none
	reason      c3p.Reason // of C3P
	text        string     // for a person; "": the error's own
}

// outcomes is the one place where errors become SIP statuses and C3P reasons: the first row that fits. What is not in it is a secret: 500
// and otherFailure, and a line in the log.
var outcomes = []outcome{
	{conference.ErrNotFound, 404, 3012, c3p.ReasonConferenceDoesNotExist, "no such conference"},
	{conference.ErrEnded, 403, 3014, c3p.ReasonConferenceDoesNotExist, "the conference has ended"},
	{conference.ErrExpired, 403, 3014, c3p.ReasonConferenceDoesNotExist, "the conference has expired"},
	{conference.ErrLocked, 403, 3014, c3p.ReasonConferenceLocked, "the conference is locked"},
	{conference.ErrFull, 486, 0, c3p.ReasonMaximumUsersExceeded, "the conference is full"},
	{conference.ErrNotInvited, 403, 3014, c3p.ReasonInvitationOnly, "the conference is for those who are invited"},
	{conference.ErrAnonymousNotAllowed, 403, 3008, c3p.ReasonAnonymousUsersNotAllowed, "the conference is for authenticated users"},
	{conference.ErrNoThirdParty, 403, 3015, c3p.ReasonForbidden, "attendees do not call others in"},
	{conference.ErrNotPermitted, 403, 3014, c3p.ReasonForbidden, "not permitted"},
	{conference.ErrPINRequired, 403, 3014, c3p.ReasonInvalidPasscode, "the PIN is required"},
	{conference.ErrPINWrong, 403, 3014, c3p.ReasonInvalidPasscode, "wrong PIN"},
	{conference.ErrExists, 403, 0, c3p.ReasonConferenceExists, "the conference id is taken"},
	{conference.ErrVersion, 412, 0, c3p.ReasonInvalidVersion, "somebody else has changed the conference: read it again"},
	{conference.ErrNoSuchUser, 404, 3002, c3p.ReasonUserDoesNotExist, "no such participant"},
	{conference.ErrNoSuchEndpoint, 404, 3009, c3p.ReasonEndpointDoesNotExist, "no such endpoint"},
	{conference.ErrWaiting, 403, 3014, c3p.ReasonForbidden, "waits in the lobby already"},
	{conference.ErrNotWaiting, 404, 3002, c3p.ReasonUserDoesNotExist, "nobody of that name waits in the lobby"},
	{conference.ErrNoSuchMedia, 404, 0, c3p.ReasonMediaDoesNotExist, "no such media stream"},
	{conference.ErrEndpointExists, 486, 0, c3p.ReasonUserExists, "the endpoint has joined already"},
	{conference.ErrInvalidURI, 404, 3012, c3p.ReasonConferenceEntityInvalid, ""},
	{conference.ErrInvalidID, 404, 3012, c3p.ReasonInvalidConferenceID, ""},
	{conference.ErrInvalidExpiry, 400, 0, c3p.ReasonInvalidExpiryTime, ""},
	{conference.ErrInvalidPIN, 400, 0, c3p.ReasonInvalidPasscode, ""},
	{conference.ErrInvalidPolicy, 400, 0, c3p.ReasonInvalidAdmissionPolicy, ""},
	{conference.ErrInvalidOrganizer, 400, 0, c3p.ReasonInvalidUserEntity, ""},
	{conference.ErrInvalidInvitee, 400, 0, c3p.ReasonInvalidUserEntity, ""},
	{conference.ErrInvalidRole, 400, 3016, c3p.ReasonInvalidRole, ""},
	{conference.ErrInvalid, 400, 3007, c3p.ReasonInvalidContent, ""},

	{errNotOurs, 404, 3012, c3p.ReasonConferenceEntityInvalid, "not a domain of this server"},
	{errScheme, 416, 0, c3p.ReasonConferenceEntityInvalid, "not a SIP URI"},
	{errDialOut, 403, 0, c3p.ReasonForbidden, "the conference may not call that address"},
	{errNoTrunk, 403, 0, c3p.ReasonForbidden, "no trunk takes that number"},
	{errNumber, 404, 0, c3p.ReasonInvalidUserEntity, "not a telephone number that can be called: write it with + and the code of its country"},
	{errOwnAddress, 403, 0, c3p.ReasonForbidden, "a conference does not call a conference of this server"},
	{errNoSuchCallee, 404, 3002, c3p.ReasonUserDoesNotExist, "no such user"},
	{errTooManyCalls, 503, 0, c3p.ReasonServiceUnavailable, "the conference is calling too many people: try again"},
	{errLoop, 482, 0, c3p.ReasonOtherFailure, "a call of this server has come back to it"},
	{errReferMethod, 403, 0, c3p.ReasonForbidden, "a conference can be asked to INVITE and to BYE"},
	{sip.ErrReferTo, 400, 0, c3p.ReasonInvalidContent, "the Refer-To cannot be obeyed"},
	{errNotAcceptable, 406, 0, c3p.ReasonInvalidContent, "only session descriptions are spoken here"},
	{errNoContact, 400, 0, c3p.ReasonInvalidContent, "no Contact"},
	{errC3PTooLarge, 413, 3006, c3p.ReasonInvalidContent, "a C3P document may have 256 KB"},
	{errC3PMediaType, 415, 3006, c3p.ReasonInvalidContent, "the body is not C3P"},
	{errC3PUnreadable, 400, 3006, c3p.ReasonInvalidContent, ""},
	{errWrongTo, 400, 3001, c3p.ReasonConferenceEntityInvalid, "to is not where the request went"},
	{errWrongMCU, 400, 3013, c3p.ReasonConferenceEntityInvalid, "mcuUri is no MCU of the conference"},
	{errOtherConference, 403, 3003, c3p.ReasonConferenceEntityInvalid, "the command is for another conference than the dialog"},
	{errFactoryCommand, 501, 3004, c3p.ReasonNotImplemented, "the command is for the focus factory"},
	{errTooManyCommands, 503, 0, c3p.ReasonServiceUnavailable, "too many commands are not answered yet"},
	{errNotFocus, 403, 3005, c3p.ReasonConferenceEntityInvalid, "addUser goes to the focus"},
	{errNotAdding, 400, 3007, c3p.ReasonInvalidContent, "a focus dialog begins with addUser"},
	{errNotSelf, 403, 3002, c3p.ReasonInvalidUserEntity, "who joins is the sender"},
	{errNoSuchMCU, 488, 0, c3p.ReasonConferenceEntityInvalid, "conferences have no such media here"},
	{errEndpointChange, 400, 3009, c3p.ReasonInvalidContent, "of an endpoint only the status disconnected and the language can be set"},
	{errEncryptionKey, 400, 0, c3p.ReasonInvalidEncryptionKey, "not a certificate with an RSA key of 2048 to 8192 bits"},
	{errOtherKey, 400, 0, c3p.ReasonInvalidEncryptionKeyUsed, "the PIN is encrypted to another key: ask for it with getEncryptionKey"},
	{errWrongFrom, 403, 3000, c3p.ReasonForbidden, "from is not the sender"},
	{errJoinByINVITE, 403, 3007, c3p.ReasonInvalidContent, "who joins sends INVITE: to the focus with addUser, to the MCU with an offer"},
	{errNoDialIn, 603, 3007, c3p.ReasonNotImplemented, "the conference has no MCU that is dialled in to without SIP"},
	{errNoCommand, 501, 3004, c3p.ReasonNotImplemented, "the command is not for a client of this server"},
	{errNotRecording, 403, 0, c3p.ReasonNoRecordingInProgress, "the conference is not being recorded"},
	{errGone, 480, 0, c3p.ReasonServiceUnavailable, "the conference has just ended: try again"},
	{errNoMCU, 503, 0, c3p.ReasonServiceUnavailable, "no media server answers"},
	{errClosing, 503, 0, c3p.ReasonServiceUnavailable, "the server is shutting down"},
	{errCrowded, 503, 0, c3p.ReasonServiceUnavailable, "too many callers are being asked for the PIN"},

	{b2bua.ErrMediaType, 415, 0, c3p.ReasonInvalidContent, "the body is not a session description"},
	{errNotRegistered, 480, 0, c3p.ReasonUserDoesNotExist, "no telephone of the user answers"},
	{registrar.ErrMalformed, 400, 0, c3p.ReasonInvalidContent, ""},
	{registrar.ErrLoop, 403, 0, c3p.ReasonForbidden, "the contact leads back to this server"},
	{registrar.ErrTooMany, 403, 0, c3p.ReasonForbidden, "too many contacts are registered"},
	{registrar.ErrFirstHop, 439, 0, c3p.ReasonOtherFailure, "the first proxy does not support outbound"},
	{registrar.ErrOutOfOrder, 500, 0, c3p.ReasonOtherFailure, "a later REGISTER has been taken"},
	{registrar.ErrConflict, 503, 0, c3p.ReasonServiceUnavailable, "somebody else is changing the contacts: try again"},
	{sip.ErrOverload, 503, 0, c3p.ReasonServiceUnavailable, "too many calls"},
	{sip.ErrCancelled, 487, 0, c3p.ReasonOtherFailure, "cancelled"},
	{context.Canceled, 503, 0, c3p.ReasonServiceUnavailable, "interrupted"},
	{context.DeadlineExceeded, 503, 0, c3p.ReasonServiceUnavailable, "timed out"},
}

// ofMCU is for what an MCU refuses; the reason says it all. A reason without a row is for a failure of the MCU: 500, and no text.
var ofMCU = map[c3p.Reason]struct{ status, diagnostics int }{
	c3p.ReasonMediaNotAcceptable:         {488, 7008}, // "error parsing SDP"
	c3p.ReasonInvalidContent:             {400, 7008},
	c3p.ReasonServiceUnavailable:         {503, 0},
	c3p.ReasonMaximumUsersExceeded:       {486, 0},
	c3p.ReasonUserExists:                 {486, 0},
	c3p.ReasonEndpointDoesNotExist:       {481, 3009},
	c3p.ReasonUserDoesNotExist:           {404, 3002},
	c3p.ReasonMediaDoesNotExist:          {404, 0},
	c3p.ReasonPromptDoesNotExist:         {404, 0},
	c3p.ReasonAnotherRecordingInProgress: {403, 0},
	c3p.ReasonNoRecordingInProgress:      {403, 0},
	c3p.ReasonRecordingDoesNotStart:      {603, 0}, // "command failed for good"
	c3p.ReasonConferenceDoesNotExist:     {480, 0}, // the MCU has lost it
	c3p.ReasonConferenceExists:           {480, 0},
	c3p.ReasonStaleEpoch:                 {480, 0}, // another focus has taken over
	c3p.ReasonForbidden:                  {403, 3014},
	c3p.ReasonNotImplemented:             {501, 3004},
}

// outcomeOf looks err up. known is false for what nobody is told about.
func outcomeOf(err error) (o outcome, known bool) {
	var wire *c3p.Error
	if errors.As(err, &wire) {
		o = outcome{err: err, status: 500, reason: wire.Reason, text: wire.Detail}
		if row, found := ofMCU[wire.Reason]; found {
			o.status, o.diagnostics = row.status, row.diagnostics
		}
		return o, true
	}
	if o, known := outcomeOfDocument(err); known {
		return o, true
	}
	for _, row := range outcomes {
		if errors.Is(err, row.err) {
			if row.text == "" {
				row.text = err.Error()
			}
			return row, true
		}
	}
	return outcome{err: err, status: 500, reason: c3p.ReasonOtherFailure}, false
}

// outcomeOfDocument is about C3P whose command cannot be understood.
func outcomeOfDocument(err error) (o outcome, known bool) {
	var unknown *c3p.UnknownCommandError
	var content *c3p.ContentError
	switch {
	case errors.As(err, &unknown):
		o = outcome{err: err, status: 501, diagnostics: 3004}
	case !errors.As(err, &content):
		return outcome{}, false
	case content.Reason == c3p.ReasonInvalidRole:
		o = outcome{err: err, status: 400, diagnostics: 3016}
	case content.Command == "addUser":
		o = outcome{err: err, status: 400, diagnostics: 3007}
	default:
		o = outcome{err: err, status: 400, diagnostics: 3006}
	}
	o.reason, o.text = c3p.Explain(err)
	return o, true
}

// wireError is what a C3P client is told.
func (s *Server) wireError(err error) error {
	var wait *waitError
	if errors.As(err, &wait) {
		return &c3p.Error{Reason: c3p.ReasonServiceUnavailable, Detail: wait.Error(), Err: err}
	}
	o, known := outcomeOf(err)
	if !known {
		s.log.Error("unexpected failure", "err", err)
	}
	return &c3p.Error{Reason: o.reason, Detail: o.text, Err: err}
}

// refuse answers a request outside of dialogs, or the first of one.
func (s *Server) refuse(tx *sip.ServerTransaction, err error) {
	var challenge *challengeError
	if errors.As(err, &challenge) {
		_ = tx.Respond(s.digest.Challenge(tx.Request(), challenge.cause, time.Now()))
		return
	}
	code, headers := s.refusal(err)
	level := slog.LevelInfo
	if code == 480 { // who guesses does so often
		level = slog.LevelDebug
	}
	s.log.Log(tx.Context(), level, "request refused", "method", tx.Request().Method, "status", code, "from", tx.Source(), "err", err)
	res := sip.NewResponse(tx.Request(), code, "")
	for _, h := range headers {
		res.AppendHeader(h)
	}
	s.attach(res, err)
	_ = tx.Respond(res)
}

// refusal is the status of an error and the headers that explain it.
func (s *Server) refusal(err error) (code int, headers []sip.Header) {
	var wait *waitError
	if errors.As(err, &wait) {
		seconds := int(math.Ceil(wait.wait.Seconds()))
		return 480, []sip.Header{sip.NewHeader("Retry-After", strconv.Itoa(seconds)), s.warning("too many failures")}
	}
	if code, headers := registrationRefusal(err); code != 0 {
		return code, headers
	}
	var refused *sip.RefusedError
	if errors.As(err, &refused) {
		return refused.Code, []sip.Header{s.warning(refused.Text)}
	}
	o, known := outcomeOf(err)
	if !known {
		s.log.Error("unexpected failure", "err", err)
	}
	return o.status, s.explain(o)
}

// retryAfter is what callers are told to wait, in seconds, when there is no room.
const retryAfter = "10"

func (s *Server) explain(o outcome) (headers []sip.Header) {
	if o.text != "" {
		headers = append(headers, s.warning(o.text))
	}
	headers = append(headers, s.diagnostics(o)...)
	switch o.status {
	case 415:
		headers = append(headers, acceptHeader())
	case 503:
		headers = append(headers, sip.NewHeader("Retry-After", retryAfter))
	}
	return headers
}

// diagnostics is the ms-diagnostics of an outcome that has one.
func (s *Server) diagnostics(o outcome) []sip.Header {
	if o.diagnostics == 0 {
		return nil
	}
	return []sip.Header{sip.NewHeader("ms-diagnostics", fmt.Sprintf("%d;reason=%s;source=%s", o.diagnostics, quote(o.text), quote(s.config.Domain)))}
}

// warning explains a refusal. What an MCU says of an SDP begins with the code that RFC 3261 §20.43 has for it; all else is 399, "miscellaneous".
func (s *Server) warning(text string) sip.Header {
	code, rest := 399, text
	if head, tail, found := strings.Cut(text, " "); found && len(head) == 3 {
		if n, err := strconv.Atoi(head); err == nil && n >= 300 {
			code, rest = n, tail
		}
	}
	return sip.WarningHeader(code, s.config.Domain, rest)
}

// quote makes a quoted-string (RFC 3261 §25.1).
func quote(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\r", " ", "\n", " ").Replace(text) + `"`
}
