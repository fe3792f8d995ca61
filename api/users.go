package api

import (
	"cmp"
	"errors"
	"net/http"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/cluster"
	"github.com/seed-f3cefc8c/focus/pkg/registrar"
)

// NewUser is what a user is made of.
type NewUser struct {
	Name          string `json:"name"`
	Password      string `json:"password"` // 8 to 256 bytes
	DisplayName   string `json:"displayName,omitempty"`
	Administrator bool   `json:"administrator,omitempty"`
	DialOut       string `json:"dialOut,omitempty"` // none, registered, any; default or "": as the server says
}

// UserChange is what can be changed of a user.
type UserChange struct {
	DialOut string `json:"dialOut"`
}

const dialOutDefault = "default"

// StoredDialOut is how a user's dialOut is stored.
func StoredDialOut(dialOut string) string {
	if dialOut == dialOutDefault {
		return ""
	}
	return dialOut
}

// User is a user as it is.
type User struct {
	Name          string    `json:"name"`
	URI           string    `json:"uri"`
	DisplayName   string    `json:"displayName,omitempty"`
	Administrator bool      `json:"administrator"`
	DialOut       string    `json:"dialOut"` // whom conferences call for this user: none, registered, any, default
	Created       time.Time `json:"created"`
	Bindings      []Binding `json:"bindings,omitempty"` // telephones that have registered; in a list
}

// UserList is a list.
type UserList struct {
	Users []User `json:"users"`
}

func (s *server) postUser(w http.ResponseWriter, r *http.Request, _ c3p.Principal) {
	var wanted NewUser
	if refusal := readJSON(w, r, &wanted); refusal != nil {
		refusal.write(w)
		return
	}
	user := cluster.User{Name: wanted.Name, DisplayName: wanted.DisplayName, Administrator: wanted.Administrator, DialOut: StoredDialOut(wanted.DialOut)}
	added, err := s.Users.Add(r.Context(), user, wanted.Password)
	if err != nil {
		s.accountProblem(err).write(w)
		return
	}
	w.Header().Set("Location", "/v1/users/"+added.Name)
	writeJSON(w, http.StatusCreated, UserOf(added))
}

func (s *server) patchUser(w http.ResponseWriter, r *http.Request, _ c3p.Principal) {
	var wanted UserChange
	if refusal := readJSON(w, r, &wanted); refusal != nil {
		refusal.write(w)
		return
	}
	if wanted.DialOut == "" {
		badAccount(http.StatusBadRequest, "dialOut", "Write none, registered, any or default.").write(w)
		return
	}
	user, err := s.Users.SetDialOut(r.Context(), variable(r, "name"), StoredDialOut(wanted.DialOut))
	if err != nil {
		s.accountProblem(err).write(w)
		return
	}
	writeJSON(w, http.StatusOK, UserOf(user))
}

func (s *server) getUsers(w http.ResponseWriter, r *http.Request, _ c3p.Principal) {
	stored, err := s.Users.List(r.Context())
	if err != nil {
		s.accountProblem(err).write(w)
		return
	}
	bindings, err := s.Registrar.ByUser(r.Context(), time.Now())
	if err != nil {
		s.accountProblem(err).write(w)
		return
	}
	writeJSON(w, http.StatusOK, UsersOf(stored, bindings))
}

// deleteUser takes the telephones of the user out as well: whoever gets the name next is somebody else.
func (s *server) deleteUser(w http.ResponseWriter, r *http.Request, _ c3p.Principal) {
	name := variable(r, "name")
	err := s.Users.Remove(r.Context(), name)
	if err == nil {
		_, err = s.Registrar.RemoveOf(r.Context(), time.Now(), name, "")
	}
	if err != nil {
		s.accountProblem(err).write(w)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// UsersOf are stored users, and where they have registered, as JSON.
func UsersOf(users []cluster.User, bindings map[string][]registrar.Binding) UserList {
	list := UserList{Users: []User{}}
	for _, stored := range users {
		user := UserOf(stored)
		user.Bindings = BindingsOf(bindings[user.Name])
		list.Users = append(list.Users, user)
	}
	return list
}

// UserOf is a stored user as JSON.
func UserOf(user cluster.User) User {
	return User{
		Name: user.Name, URI: string(user.URI), DisplayName: user.DisplayName,
		Administrator: user.Administrator, DialOut: cmp.Or(user.DialOut, dialOutDefault), Created: user.Created.UTC().Truncate(time.Second),
	}
}

// accountProblem is the table of what can go wrong with users, tokens and webhooks.
func (s *server) accountProblem(err error) *Problem {
	switch {
	case errors.Is(err, cluster.ErrUserExists):
		return badAccount(http.StatusConflict, "name", "There is a user of that name: choose another, or delete the user first.")
	case errors.Is(err, cluster.ErrNoSuchUser):
		return problem(http.StatusNotFound, "There is no such user: GET /v1/users lists them.")
	case errors.Is(err, cluster.ErrNoSuchToken):
		return problem(http.StatusNotFound, "There is no such token: GET /v1/tokens lists them.")
	case errors.Is(err, cluster.ErrNoSuchWebhook):
		return problem(http.StatusNotFound, "There is no such webhook of yours: GET /v1/webhooks lists them.")
	case errors.Is(err, cluster.ErrTooManyWebhooks):
		return problem(http.StatusForbidden, "There are too many webhooks: delete one first.")
	case errors.Is(err, cluster.ErrInvalidUser), errors.Is(err, cluster.ErrInvalidToken):
		return problem(http.StatusBadRequest, err.Error()+".")
	case errors.Is(err, cluster.ErrBusy):
		return unavailable("Too many are logging in at once: try again in a moment.")
	}
	s.Logger.Error("users, tokens and webhooks", "err", err)
	return problem(http.StatusInternalServerError, "The server could not do that; its log says why.")
}

func badAccount(status int, field, detail string) *Problem {
	p := problem(status, detail)
	p.Field = field
	return p
}
