package api

import (
	"context"
	"net/http"
	"strconv"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
)

// do gives a command to the focus as C3P would, and returns what the response holds.
func (s *server) do(r *http.Request, who c3p.Principal, command c3p.Command) (c3p.Command, *Problem) {
	return s.carryOut(r.Context(), who, command)
}

// obey reads a body into what v points to, and has the command carried out that it stands for.
func (s *server) obey(w http.ResponseWriter, r *http.Request, who c3p.Principal, v any, command func() (c3p.Command, *Problem)) {
	var wanted c3p.Command
	refusal := readJSON(w, r, v)
	if refusal == nil {
		wanted, refusal = command()
	}
	if refusal == nil {
		_, refusal = s.do(r, who, wanted)
	}
	done(w, refusal)
}

// done answers a command that tells nothing.
func done(w http.ResponseWriter, refusal *Problem) {
	if refusal != nil {
		refusal.write(w)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *server) carryOut(ctx context.Context, who c3p.Principal, command c3p.Command) (c3p.Command, *Problem) {
	request := &c3p.Request{
		RequestID: strconv.FormatUint(s.requests.Add(1), 10),
		From:      who.URI,
		To:        string(conference.FactoryURI(conference.UserID(who.URI))),
		Command:   command,
	}
	request, err := c3p.ParseRequest(request.AppendXML(nil)) // what C3P would refuse is refused here, for the same reason
	if err != nil {
		return nil, unfit(err)
	}
	response, err := s.C3P.ServeC3P(ctx, &c3p.Call{Principal: who, Request: request})
	if err != nil {
		s.Logger.Warn("command without an answer", "command", command.Name(), "err", err)
		return nil, unavailable("There is no answer: look whether it was done, and try again if not.")
	}
	if response.Code == c3p.Failure {
		return nil, failed(response.Reason, response.Detail)
	}
	return response.Body, nil
}

// unfit is what is wrong with a command that nobody could read.
func unfit(err error) *Problem {
	reason, detail := c3p.Explain(err)
	if reason == c3p.ReasonOtherFailure {
		reason = c3p.ReasonInvalidContent
	}
	return failed(reason, detail)
}
