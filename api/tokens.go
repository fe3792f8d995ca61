package api

import (
	"net/http"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/cluster"
)

// NewToken is what a bearer token is made of.
type NewToken struct {
	Name          string     `json:"name,omitempty"`  // what it is for
	Owner         string     `json:"owner,omitempty"` // name of a user; without one it acts as admin
	Administrator bool       `json:"administrator,omitempty"`
	Expires       *time.Time `json:"expires,omitempty"` // RFC 3339; never without one
}

// Token is a bearer token as it is.
type Token struct {
	ID            string     `json:"id"`
	Token         string     `json:"token,omitempty"` // itself; in the answer that made it only
	Name          string     `json:"name,omitempty"`
	Owner         string     `json:"owner,omitempty"`
	Administrator bool       `json:"administrator"`
	Created       time.Time  `json:"created"`
	Expires       *time.Time `json:"expires,omitempty"`
}

// TokenList is a list.
type TokenList struct {
	Tokens []Token `json:"tokens"`
}

func (s *server) postToken(w http.ResponseWriter, r *http.Request, _ c3p.Principal) {
	var wanted NewToken
	if refusal := readJSON(w, r, &wanted); refusal != nil {
		refusal.write(w)
		return
	}
	text, token, err := s.Tokens.NewToken(r.Context(), wanted.Stored())
	if err != nil {
		s.accountProblem(err).write(w)
		return
	}
	w.Header().Set("Location", "/v1/tokens/"+token.ID)
	writeJSON(w, http.StatusCreated, TokenOf(token, text))
}

// Stored is the token as the cluster keeps it.
func (n *NewToken) Stored() cluster.Token {
	token := cluster.Token{Name: n.Name, Owner: n.Owner, Administrator: n.Administrator}
	if n.Expires != nil {
		token.Expires = n.Expires.UTC()
	}
	return token
}

func (s *server) getTokens(w http.ResponseWriter, r *http.Request, _ c3p.Principal) {
	stored, err := s.Tokens.List(r.Context(), "")
	if err != nil {
		s.accountProblem(err).write(w)
		return
	}
	list := TokenList{Tokens: []Token{}}
	for _, token := range stored {
		list.Tokens = append(list.Tokens, TokenOf(token, ""))
	}
	writeJSON(w, http.StatusOK, list)
}

func (s *server) deleteToken(w http.ResponseWriter, r *http.Request, _ c3p.Principal) {
	if err := s.Tokens.Revoke(r.Context(), variable(r, "id")); err != nil {
		s.accountProblem(err).write(w)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// TokenOf is a stored token as JSON, with its text when that is known.
func TokenOf(token cluster.Token, text string) Token {
	out := Token{
		ID: token.ID, Token: text, Name: token.Name, Owner: token.Owner,
		Administrator: token.Administrator, Created: token.Created.UTC().Truncate(time.Second),
	}
	if !token.Expires.IsZero() {
		expires := token.Expires.UTC()
		out.Expires = &expires
	}
	return out
}
