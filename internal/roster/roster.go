// Package roster is a subscriber to the conference event package (RFC 4575), slow and obvious: it applies the documents that it gets, one by one,
// as §4.6 says. Tests compare what it believes with what is true.
package roster

import (
	"errors"
	"fmt"
	"slices"

	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/strictxml"
)

// Roster is what a subscriber believes. The zero Roster has been told nothing.
type Roster struct {
	Document confinfo.Document // the state; State and Version are those of the last document
	Started  bool
	Over     bool // the conference is deleted
	Fulls    int  // full documents so far
	Partials int
}

// What Apply makes of a document that is out of order: "If the version ... has increased by more than one, ... a subscriber MUST ... generate a
// refresh request to trigger a full-state notification"; "If it is less than or equal to its stored value, the document is discarded" (§4.6).
var (
	ErrGap = errors.New("a document is missing")
	ErrOld = errors.New("the document is an old one")
)

// Apply takes the body of a notification. Rosters are large: the bounds are not those for strangers.
func (r *Roster) Apply(body []byte) error {
	root, err := strictxml.Limits{Bytes: 16 << 20, Elements: 1_000_000}.Parse(body)
	if err != nil {
		return fmt.Errorf("reading a notification: %w", err)
	}
	d, err := confinfo.ParseElement(root)
	if err != nil {
		return fmt.Errorf("reading a notification: %w", err)
	}
	return r.apply(d)
}

func (r *Roster) apply(d *confinfo.Document) error {
	full := d.State == confinfo.Full || d.State == ""
	switch {
	case r.Started && d.Entity != r.Document.Entity:
		return fmt.Errorf("the document is about %q, not %q", d.Entity, r.Document.Entity)
	case r.Started && d.Version <= r.Document.Version:
		return ErrOld
	case !full && (!r.Started || d.Version != r.Document.Version+1):
		return ErrGap
	}
	switch {
	case full:
		r.Document, r.Fulls = *d, r.Fulls+1
	case d.State == confinfo.Deleted:
		r.Document, r.Over = confinfo.Document{Entity: d.Entity}, true
	default:
		r.Partials++
		r.partial(d)
	}
	r.Started, r.Document.State, r.Document.Version = true, d.State, d.Version
	return nil
}

// partial replaces what has no state of its own.
func (r *Roster) partial(d *confinfo.Document) {
	if d.Description != nil {
		r.Document.Description = d.Description
	}
	if d.ConferenceState != nil {
		r.Document.ConferenceState = d.ConferenceState
	}
	if d.View != nil {
		r.Document.View = d.View
	}
	switch d.UsersState {
	case confinfo.Full:
		r.Document.Users = d.Users
	case confinfo.Deleted:
		r.Document.Users = nil
	case confinfo.Partial:
		for i := range d.Users {
			r.user(&d.Users[i])
		}
	}
}

func (r *Roster) user(u *confinfo.User) {
	i := slices.IndexFunc(r.Document.Users, func(known confinfo.User) bool { return known.Entity == u.Entity })
	switch {
	case u.State == confinfo.Deleted && i >= 0:
		r.Document.Users = slices.Delete(r.Document.Users, i, i+1)
	case u.State == confinfo.Deleted:
	case i < 0:
		r.Document.Users = append(r.Document.Users, *u)
	case u.State == confinfo.Partial:
		mergeUser(&r.Document.Users[i], u)
	default:
		r.Document.Users[i] = *u
	}
}

func mergeUser(known, u *confinfo.User) {
	replace(&known.DisplayText, u.DisplayText)
	if len(u.Roles) > 0 {
		known.Roles = u.Roles
	}
	for _, e := range u.Endpoints {
		i := slices.IndexFunc(known.Endpoints, func(other confinfo.Endpoint) bool { return other.Entity == e.Entity })
		switch {
		case e.State == confinfo.Deleted && i >= 0:
			known.Endpoints = slices.Delete(known.Endpoints, i, i+1)
		case e.State == confinfo.Deleted:
		case i < 0:
			known.Endpoints = append(known.Endpoints, e)
		case e.State == confinfo.Partial:
			mergeEndpoint(&known.Endpoints[i], &e)
		default:
			known.Endpoints[i] = e
		}
	}
}

// mergeEndpoint: media has a state in the schema only as a whole, and is replaced by its id.
func mergeEndpoint(known, e *confinfo.Endpoint) {
	replace(&known.DisplayText, e.DisplayText)
	replace(&known.Status, e.Status)
	replace(&known.JoiningMethod, e.JoiningMethod)
	replace(&known.DisconnectionMethod, e.DisconnectionMethod)
	for _, m := range e.Media {
		i := slices.IndexFunc(known.Media, func(other confinfo.Media) bool { return other.ID == m.ID })
		if i < 0 {
			known.Media = append(known.Media, m)
			continue
		}
		known.Media[i] = m
	}
}

func replace(known *string, text string) {
	if text != "" {
		*known = text
	}
}

// Users are the entities of those who are in, sorted.
func (r *Roster) Users() []string {
	users := make([]string, 0, len(r.Document.Users))
	for _, u := range r.Document.Users {
		users = append(users, u.Entity)
	}
	slices.Sort(users)
	return users
}

// User is one of them; nil when it is not there.
func (r *Roster) User(entity string) *confinfo.User {
	i := slices.IndexFunc(r.Document.Users, func(u confinfo.User) bool { return u.Entity == entity })
	if i < 0 {
		return nil
	}
	return &r.Document.Users[i]
}
