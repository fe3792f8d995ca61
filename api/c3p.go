package api

import (
	"bytes"
	"context"
	"net/http"
	"strconv"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
)

// postC3P is C3P over HTTPS: a request document is answered with the response document, and the status says how far it came.
//
//	200  the command was carried out or refused: the code of the document says which
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

// answerC3P carries a command out once, however often it is sent.
func (s *server) answerC3P(w http.ResponseWriter, r *http.Request, who c3p.Principal, request *c3p.Request, body []byte) {
	call := &c3p.Call{Principal: who, Request: request}
	serve := func(ctx context.Context) ([]byte, error) {
		response, err := s.C3P.ServeC3P(ctx, call)
		if err != nil {
			return nil, err
		}
		return response.AppendXML(nil), nil
	}
	var answer []byte
	var err error
	if reads(request.Command) {
		answer, err = serve(r.Context())
	} else {
		answer, err = s.answers.once(r.Context(), answerKey(who.URI, request.RequestID, body), serve)
	}
	if err != nil {
		s.Logger.Warn("C3P command without an answer", "command", request.Command.Name(), "err", err)
		unavailable("There is no answer: send the same request again in a moment.").write(w)
		return
	}
	writeDocument(w, http.StatusOK, answer)
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
