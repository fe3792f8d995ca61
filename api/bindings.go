package api

import (
	"net/http"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/registrar"
)

// Binding is a telephone that has registered as a user.
type Binding struct {
	Contact   string    `json:"contact"`   // the URI that it has registered
	Transport string    `json:"transport"` // UDP, TCP, TLS, WS or WSS
	Source    string    `json:"source"`    // HOST:PORT that the registration came from
	UserAgent string    `json:"userAgent,omitempty"`
	Instance  string    `json:"instance,omitempty"` // its name for itself: urn:uuid:...
	Q         float64   `json:"q"`                  // preference, 0 to 1
	Since     time.Time `json:"since"`
	Expires   time.Time `json:"expires"`
}

// BindingList is a list.
type BindingList struct {
	Bindings []Binding `json:"bindings"`
}

// BindingsOf are bindings as JSON.
func BindingsOf(bindings []registrar.Binding) []Binding {
	list := []Binding{}
	for _, b := range bindings {
		list = append(list, Binding{
			Contact: b.Contact, Transport: b.Transport, Source: b.Source.String(), UserAgent: b.UserAgent, Instance: b.Instance,
			Q: float64(b.Q) / 1000, Since: b.Since.UTC().Truncate(time.Second), Expires: b.Expires.UTC().Truncate(time.Second),
		})
	}
	return list
}

func (s *server) getBindings(w http.ResponseWriter, r *http.Request, _ c3p.Principal) {
	user, err := s.Users.Get(r.Context(), variable(r, "name"))
	if err != nil {
		s.accountProblem(err).write(w)
		return
	}
	bindings, err := s.Registrar.BindingsOf(r.Context(), time.Now(), user.Name)
	if err != nil {
		s.accountProblem(err).write(w)
		return
	}
	writeJSON(w, http.StatusOK, BindingList{BindingsOf(bindings)})
}

// deleteBindings takes a telephone out, or all of a user. It can register again as long as it knows the password.
func (s *server) deleteBindings(w http.ResponseWriter, r *http.Request, _ c3p.Principal) {
	user, err := s.Users.Get(r.Context(), variable(r, "name"))
	if err != nil {
		s.accountProblem(err).write(w)
		return
	}
	contact := r.URL.Query().Get("contact")
	removed, err := s.Registrar.RemoveOf(r.Context(), time.Now(), user.Name, contact)
	switch {
	case err != nil:
		s.accountProblem(err).write(w)
	case removed == 0 && contact != "":
		problem(http.StatusNotFound, "The user has not registered that contact: GET /v1/users/"+user.Name+"/bindings lists them.").write(w)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}
