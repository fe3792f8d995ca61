package api

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/gorilla/mux"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
)

// variable is a part of the path, as it was before it was escaped: the URI of a participant may hold a slash.
func variable(r *http.Request, name string) string {
	text, err := url.PathUnescape(mux.Vars(r)[name])
	if err != nil {
		return ""
	}
	return text
}

// keysOf are the keys of the conference that the path names.
func keysOf(r *http.Request) c3p.ConferenceKeys { return c3p.ConferenceKeys{ID: variable(r, "id")} }

// entityOf is the same conference as a URI, which is how keys of participants name it.
func (s *server) entityOf(r *http.Request) (string, *Problem) {
	id, err := conference.ParseID(variable(r, "id"))
	if err != nil {
		return "", failed(c3p.ReasonConferenceDoesNotExist, "")
	}
	return string(conference.DialURI(id, s.Domain)), nil
}

// participantKeys name the participant of the path. What is no URI is the name of a user of this server.
func (s *server) participantKeys(r *http.Request) (c3p.UserKeys, *Problem) {
	entity, refusal := s.entityOf(r)
	if refusal != nil {
		return c3p.UserKeys{}, refusal
	}
	return c3p.UserKeys{Conference: entity, User: s.participantURI(variable(r, "user"))}, nil
}

func (s *server) participantURI(text string) string {
	if text == "" || strings.Contains(text, ":") {
		return text
	}
	return string(s.userURI(strings.ToLower(text)))
}
