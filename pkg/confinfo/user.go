package confinfo

import "github.com/seed-f3cefc8c/focus/pkg/strictxml"

// User is the user element: a participant and the devices with which they take part.
type User struct {
	Entity      string // URI
	State       State
	DisplayText string
	Roles       []string // Attendee, Presenter
	Endpoints   []Endpoint
}

// Values of Roles.
const (
	Attendee  = "attendee"
	Presenter = "presenter"
)

// ParseUser reads a user element inside another document.
func ParseUser(e *strictxml.Element) (*User, error) {
	if !e.Is(Namespace, "user") {
		return nil, unexpected(e, "user")
	}
	r := reader{}
	u := r.user(e)
	if r.err != nil {
		return nil, r.err
	}
	return &u, nil
}

func (r *reader) user(e *strictxml.Element) User {
	u := User{
		Entity:      e.Attr("", "entity"),
		State:       r.state(e),
		DisplayText: e.ChildText(Namespace, "display-text"),
		Roles:       texts(e.Child(Namespace, "roles"), Namespace, "entry"),
	}
	for child := range e.All(Namespace, "endpoint") {
		u.Endpoints = append(u.Endpoints, r.endpoint(child))
	}
	return u
}

// AppendFragment writes u inside a document that declares the prefixes msci and fx.
func (u *User) AppendFragment(w *strictxml.Writer) {
	w.Start("user")
	w.Attr("xmlns", Namespace)
	u.append(w)
}

// append writes what follows "<user".
func (u *User) append(w *strictxml.Writer) {
	w.Attr("entity", u.Entity)
	w.OptAttr("state", string(u.State))
	w.OptLeaf("display-text", u.DisplayText)
	if len(u.Roles) > 0 {
		w.Start("roles")
		for _, role := range u.Roles {
			w.Leaf("entry", role)
		}
		w.End("roles")
	}
	for i := range u.Endpoints {
		w.Start("endpoint")
		u.Endpoints[i].append(w)
	}
	w.End("user")
}
