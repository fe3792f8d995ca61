package api

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
)

// Problem is an error as RFC 9457 has it. Its type is always "about:blank", which is what it is without one.
type Problem struct {
	Title  string     `json:"title"`            // of the status
	Status int        `json:"status"`           // of HTTP
	Detail string     `json:"detail"`           // what is wrong and what to do, for a person
	Reason c3p.Reason `json:"reason,omitempty"` // of C3P, for a program
	Field  string     `json:"field,omitempty"`  // of the request that is wrong

	retryAfter int // seconds; 0: not said
}

func (p *Problem) Error() string { return p.Detail }

func problem(status int, detail string) *Problem {
	return &Problem{Title: http.StatusText(status), Status: status, Detail: detail}
}

// unavailable asks to come back soon.
func unavailable(detail string) *Problem {
	p := problem(http.StatusServiceUnavailable, detail)
	p.retryAfter = 2
	return p
}

func (p *Problem) write(w http.ResponseWriter) {
	if p.retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(p.retryAfter))
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	json.NewEncoder(w).Encode(p) // an error here means that nobody listens any more
}

// advice is what a failure of a command is in HTTP, and what to do about it.
type advice struct {
	status int
	text   string
}

// reasons has a row for each reason that a command of /v1 can fail with.
var reasons = map[c3p.Reason]advice{
	c3p.ReasonAnotherRecordingInProgress: {http.StatusConflict, "The conference is being recorded already: stop that recording first."},
	c3p.ReasonAnonymousUsersNotAllowed:   {http.StatusForbidden, "The conference is for authenticated users: change its admissionPolicy first."},
	c3p.ReasonConferenceDoesNotExist:     {http.StatusNotFound, "There is no such conference: GET /v1/conferences lists yours."},
	c3p.ReasonConferenceEntityInvalid:    {http.StatusNotFound, "There is no such conference: GET /v1/conferences lists yours."},
	c3p.ReasonConferenceExists:           {http.StatusConflict, "The id is taken: choose another, or leave it out and get one."},
	c3p.ReasonConferenceLocked:           {http.StatusForbidden, "The conference is locked: unlock it first."},
	c3p.ReasonEndpointDoesNotExist:       {http.StatusNotFound, "The participant has no such device: GET …/participants lists them."},
	c3p.ReasonForbidden:                  {http.StatusForbidden, "That is for the organizer of the conference, its presenters or an administrator."},
	c3p.ReasonInvalidAdmissionPolicy:     {http.StatusBadRequest, "admissionPolicy is closedAuthenticated, openAuthenticated or anonymous."},
	c3p.ReasonInvalidConferenceID:        {http.StatusBadRequest, "An id has 8 to 32 ASCII letters and digits; 3 to 32 from an administrator."},
	c3p.ReasonInvalidContent:             {http.StatusBadRequest, "Correct the request; /openapi.yaml describes it."},
	c3p.ReasonInvalidExpiryTime:          {http.StatusBadRequest, "expires is a time in the future, like 2030-01-01T15:00:00Z."},
	c3p.ReasonInvalidPasscode:            {http.StatusBadRequest, "A pin has 4 to 16 digits."},
	c3p.ReasonInvalidRole:                {http.StatusBadRequest, "role is presenter or attendee."},
	c3p.ReasonInvalidUserEntity:          {http.StatusBadRequest, "Users are named by URIs like sip:alice@example.com."},
	c3p.ReasonInvalidVersion:             {http.StatusConflict, "Somebody else has changed the conference: read it again, then change it."},
	c3p.ReasonInvitationOnly:             {http.StatusForbidden, "The conference is for those who are invited: add them to its invitees first."},
	c3p.ReasonMaximumUsersExceeded:       {http.StatusConflict, "The conference is full: remove somebody first."},
	c3p.ReasonMediaDoesNotExist:          {http.StatusConflict, "There is no audio to command: wait until the participant is connected."},
	c3p.ReasonMaximumConferencesExceeded: {http.StatusForbidden, "There are too many conferences: delete one first."},
	c3p.ReasonNoRecordingInProgress:      {http.StatusConflict, "The conference is not being recorded: start a recording first."},
	c3p.ReasonNotImplemented:             {http.StatusNotImplemented, "This server cannot do that."},
	c3p.ReasonRecordingDoesNotStart:      {http.StatusServiceUnavailable, "The server cannot write recordings: its log says why."},
	c3p.ReasonServiceUnavailable:         {http.StatusServiceUnavailable, "The server has no room for that now: try again in a moment."},
	c3p.ReasonStaleEpoch:                 {http.StatusServiceUnavailable, "The conference is moving to another server: try again in a moment."},
	c3p.ReasonUserDoesNotExist:           {http.StatusNotFound, "There is nobody of that name: GET …/participants lists who is in; who is called must have registered."},
	c3p.ReasonUserExists:                 {http.StatusConflict, "That device has joined already."},
}

// failed is the problem that a failure of a command is.
func failed(reason c3p.Reason, detail string) *Problem {
	a, ok := reasons[reason]
	if !ok {
		a = advice{http.StatusInternalServerError, "The server could not do that; its log says why."}
	}
	p := problem(a.status, a.text)
	p.Reason = reason
	if detail != "" {
		p.Detail = sentence(detail) + " " + a.text
	}
	if a.status == http.StatusServiceUnavailable {
		p.retryAfter = 2
	}
	return p
}

// sentence is a detail of C3P with a capital and a full stop.
func sentence(detail string) string {
	first, size := utf8.DecodeRuneInString(detail)
	return string(unicode.ToUpper(first)) + strings.TrimSuffix(detail[size:], ".") + "."
}
