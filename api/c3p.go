package api

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
)

// postC3P is C3P over HTTPS: a request document is answered with the response document, and the status says how far it came.
//
//	200  the command was carried out, or refused, or takes long: the code of the document says which
//	400  it is not a C3P request (problem), or its command cannot be understood (response document)
//	403  it claims to be from somebody else (response document)
//	503  there is no answer (problem)
func (s *server) postC3P(w http.ResponseWriter, r *http.Request, who c3p.Principal) {
	body, refusal := readBody(w, r, c3p.MediaType)
	if refusal != nil {
		refusal.write(w)
		return
	}
	request, err := c3p.ParseRequest(body)
	switch {
	case request == nil:
		problem(http.StatusBadRequest, "The body is not a C3P request: "+err.Error()+".").write(w)
	case err != nil:
		writeC3P(w, http.StatusBadRequest, request.Failure(err))
	case !sentBy(request.From, who):
		writeC3P(w, http.StatusForbidden, request.Failure(&c3p.Error{Reason: c3p.ReasonForbidden, Detail: "from is not who logged in, " + who.URI}))
	default:
		s.answerC3P(w, r, who, request, body)
	}
}

// sentBy: who says nothing about itself is who logged in.
func sentBy(from string, who c3p.Principal) bool {
	return from == "" || conference.URI(from).UserID() == conference.UserID(who.URI)
}

// patience is how long a command may take until it is answered with pending.
const patience = 2 * time.Second

// answerC3P carries a command out once, however often it is sent. One that takes long is answered with pending; the final response is
// an event, and to be had at /c3p/{requestId}.
func (s *server) answerC3P(w http.ResponseWriter, r *http.Request, who c3p.Principal, request *c3p.Request, body []byte) {
	if reads(request.Command) {
		answer, err := s.serveC3P(r.Context(), who, request)
		s.writeAnswer(w, request.Command.Name(), answer, err)
		return
	}
	name := answerName{who.URI, request.RequestID}
	answer, err := s.answers.once(name, body, false, work{
		serve:   func(ctx context.Context) ([]byte, error) { return s.serveC3P(ctx, who, request) },
		pending: request.Pending().AppendXML(nil),
		lost:    request.Failure(&c3p.Error{Reason: c3p.ReasonServiceUnavailable, Detail: "there is no answer: look whether it was done"}).AppendXML(nil),
		final:   func(text []byte) { s.finals.tell(who.URI, request.RequestID, text) },
	})
	var text []byte
	if err == nil {
		text, err = s.answers.wait(r.Context(), answer, patience)
	}
	s.writeAnswer(w, request.Command.Name(), text, err)
}

func (s *server) serveC3P(ctx context.Context, who c3p.Principal, request *c3p.Request) ([]byte, error) {
	response, err := s.C3P.ServeC3P(ctx, &c3p.Call{Principal: who, Request: request})
	if err != nil {
		return nil, err
	}
	return response.AppendXML(nil), nil
}

func (s *server) writeAnswer(w http.ResponseWriter, command string, text []byte, err error) {
	switch {
	case err == nil:
		writeDocument(w, http.StatusOK, text)
		return
	case errors.Is(err, errTooMuchWork):
		unavailable("Too many commands of yours are being carried out: wait for their answers first.").write(w)
	case errors.Is(err, errPanic):
		problem(http.StatusInternalServerError, "The server has made a mistake; its log says more.").write(w)
	default:
		unavailable("There is no answer: send the same request again in a moment.").write(w)
	}
	s.Logger.Warn("C3P command without an answer", "command", command, "err", err)
}

// getC3P is the answer to a command that was answered with pending, or whose answer got lost, for who sent it. It waits for it as postC3P does.
func (s *server) getC3P(w http.ResponseWriter, r *http.Request, who c3p.Principal) {
	number := variable(r, "requestId")
	answer := s.answers.find(answerName{who.URI, number})
	if answer == nil {
		problem(http.StatusNotFound, "No command of yours with that requestId is remembered: its answer is kept for 60 s.").write(w)
		return
	}
	text, err := s.answers.wait(r.Context(), answer, patience)
	s.writeAnswer(w, "requestId "+number, text, err)
}

// reads says that a command changes nothing: a retry is served anew, with what is true by then.
func reads(command c3p.Command) bool {
	switch command.(type) {
	case *c3p.GetConference, *c3p.GetConferences, *c3p.GetConferencingCapabilities:
		return true
	}
	return false
}

func writeC3P(w http.ResponseWriter, status int, response *c3p.Response) {
	writeDocument(w, status, response.AppendXML(nil))
}

func writeDocument(w http.ResponseWriter, status int, document []byte) {
	w.Header().Set("Content-Type", c3p.MediaType)
	w.Header().Set("Content-Length", strconv.Itoa(len(document)))
	w.WriteHeader(status)
	bytes.NewReader(document).WriteTo(w)
}
