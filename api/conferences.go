package api

import (
	"context"
	"net/http"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
)

// postConference makes a conference. With an Idempotency-Key it makes one, however often it is asked.
func (s *server) postConference(w http.ResponseWriter, r *http.Request, who c3p.Principal) {
	var wanted NewConference
	refusal := readJSON(w, r, &wanted)
	var made Conference
	if refusal == nil {
		made, refusal = s.makeOnce(r, who, &wanted)
	}
	if refusal != nil {
		refusal.write(w)
		return
	}
	w.Header().Set("Location", "/v1/conferences/"+made.ID)
	writeJSON(w, http.StatusCreated, made)
}

func (s *server) make(ctx context.Context, who c3p.Principal, wanted *NewConference) (Conference, *Problem) {
	body, refusal := s.carryOut(ctx, who, wanted.command())
	if refusal != nil {
		return Conference{}, refusal
	}
	added, ok := body.(*c3p.AddConference)
	if !ok || added.Conference == nil {
		s.Logger.Error("success without a conference", "command", "addConference")
		return Conference{}, failed(c3p.ReasonOtherFailure, "")
	}
	return s.conferenceOf(added.Conference), nil
}

func (s *server) getConferences(w http.ResponseWriter, r *http.Request, who c3p.Principal) {
	body, refusal := s.do(r, who, &c3p.GetConferences{})
	if refusal != nil {
		refusal.write(w)
		return
	}
	list := Conferences{Conferences: []Conference{}}
	if got, ok := body.(*c3p.GetConferences); ok {
		for _, doc := range got.Conferences {
			list.Conferences = append(list.Conferences, s.conferenceOf(doc))
		}
	}
	writeJSON(w, http.StatusOK, list)
}

func (s *server) getConference(w http.ResponseWriter, r *http.Request, who c3p.Principal) {
	if doc := s.document(w, r, who); doc != nil {
		writeJSON(w, http.StatusOK, s.conferenceOf(doc))
	}
}

func (s *server) getParticipants(w http.ResponseWriter, r *http.Request, who c3p.Principal) {
	if doc := s.document(w, r, who); doc != nil {
		writeJSON(w, http.StatusOK, participantsOf(doc))
	}
}

func (s *server) deleteConference(w http.ResponseWriter, r *http.Request, who c3p.Principal) {
	_, refusal := s.do(r, who, &c3p.DeleteConference{Keys: keysOf(r)})
	done(w, refusal)
}

// document gets the conference that the path names; nil when the request has been answered with why not.
func (s *server) document(w http.ResponseWriter, r *http.Request, who c3p.Principal) *confinfo.Document {
	body, refusal := s.do(r, who, &c3p.GetConference{Keys: keysOf(r)})
	if refusal != nil {
		refusal.write(w)
		return nil
	}
	got, ok := body.(*c3p.GetConference)
	if !ok || got.Conference == nil {
		s.emptyAnswer(w, "getConference")
		return nil
	}
	return got.Conference
}

func (s *server) emptyAnswer(w http.ResponseWriter, command string) {
	s.Logger.Error("success without a conference", "command", command)
	failed(c3p.ReasonOtherFailure, "").write(w)
}
