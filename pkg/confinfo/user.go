package confinfo

import "github.com/seed-f3cefc8c/focus/pkg/strictxml"

// User is the user element: a participant and the devices with which they take part.
type User struct {
	Entity      string // URI
	State       State
	DisplayText string
	Roles       []string // Attendee, Presenter
	Endpoints   []Endpoint

	Hand      uint32 // fx: the place of the raised hand among all that were ever raised; 0: it is down
	Spotlight bool   // fx: everybody is to look at them
	Hears     *Hears // fx: whom they hear; nil: everybody
}

// Hears is the fx:hears element: everybody but Users or, with Only, nobody but Users.
type Hears struct {
	Only  bool
	Users []string // URIs
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
		Hand:        r.place(e.Child(ExtensionNamespace, "hand")),
		Spotlight:   r.flag(e.Child(ExtensionNamespace, "spotlit")),
		Hears:       r.hears(e.Child(ExtensionNamespace, "hears")),
	}
	for child := range e.All(Namespace, "endpoint") {
		u.Endpoints = append(u.Endpoints, r.endpoint(child))
	}
	return u
}

func (r *reader) place(e *strictxml.Element) uint32 {
	if n := r.count(e); n != nil {
		return uint32(*n)
	}
	return 0
}

func (r *reader) hears(e *strictxml.Element) *Hears {
	if e == nil {
		return nil
	}
	only, ok := strictxml.ParseBool(e.Attr("", "only"))
	if !ok && e.Attr("", "only") != "" {
		r.fail(e, "only is not true or false")
	}
	return &Hears{Only: only, Users: texts(e, ExtensionNamespace, "speaker")}
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
	u.appendFX(w)
	w.End("user")
}

func (u *User) appendFX(w *strictxml.Writer) {
	if u.Hand > 0 {
		w.IntLeaf("fx:hand", int64(u.Hand))
	}
	appendFlag(w, "fx:spotlit", u.Spotlight)
	if u.Hears == nil {
		return
	}
	w.Start("fx:hears")
	if u.Hears.Only {
		w.Attr("only", "true")
	}
	for _, user := range u.Hears.Users {
		w.Leaf("fx:speaker", user)
	}
	w.End("fx:hears")
}
