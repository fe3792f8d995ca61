package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
)

const maxIdempotencyKey = 128

// makeOnce makes one conference for an Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07), for some minutes; without one, one
// each time. A refusal is not remembered.
func (s *server) makeOnce(r *http.Request, who c3p.Principal, wanted *NewConference) (made Conference, _ *Problem) {
	key := r.Header.Get("Idempotency-Key")
	switch {
	case key == "":
		return s.make(r.Context(), who, wanted)
	case len(key) > maxIdempotencyKey || len(r.Header.Values("Idempotency-Key")) != 1:
		return made, problem(http.StatusBadRequest, "Send one Idempotency-Key of at most 128 characters.")
	}
	body, err := json.Marshal(wanted)
	if err != nil {
		return made, problem(http.StatusBadRequest, "The body cannot be read.")
	}
	answer, err := s.made.once(answerName{who.URI, key}, body, true, work{serve: func(ctx context.Context) ([]byte, error) {
		made, refusal := s.make(ctx, who, wanted)
		if refusal != nil {
			return nil, refusal
		}
		return json.Marshal(made)
	}})
	var text []byte
	if err == nil {
		text, err = s.made.wait(r.Context(), answer, maxCommandTime)
	}
	if err == nil {
		err = json.Unmarshal(text, &made)
	}
	return made, keyProblem(err)
}

func keyProblem(err error) *Problem {
	var refusal *Problem
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refusal):
		return refusal
	case errors.Is(err, errOtherBody):
		return problem(http.StatusUnprocessableEntity, "This Idempotency-Key was sent with another body: make a new key for what is new.")
	case errors.Is(err, errTooMuchWork):
		return unavailable("Too many commands of yours are being carried out: wait for their answers first.")
	}
	return unavailable("There is no answer: send the same request with the same Idempotency-Key again.")
}
