package api

import (
	"net/http"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
)

// ConferenceChange is what to change of a conference.
type ConferenceChange struct {
	Locked *bool `json:"locked,omitempty"` // nobody new may join
}

func (s *server) patchConference(w http.ResponseWriter, r *http.Request, who c3p.Principal) {
	var change ConferenceChange
	refusal := readJSON(w, r, &change)
	if refusal == nil {
		refusal = s.changeConference(r, who, &change)
	}
	done(w, refusal)
}

func (s *server) changeConference(r *http.Request, who c3p.Principal, change *ConferenceChange) *Problem {
	command, refusal := change.command(keysOf(r))
	if refusal != nil {
		return refusal
	}
	_, refusal = s.do(r, who, command)
	return refusal
}

// command is the C3P command that c stands for.
func (c *ConferenceChange) command(keys c3p.ConferenceKeys) (c3p.Command, *Problem) {
	if c.Locked == nil {
		return nil, problem(http.StatusBadRequest, "Nothing is to be changed: send locked.")
	}
	return &c3p.ModifyConferenceLock{Keys: keys, Locked: *c.Locked}, nil
}
