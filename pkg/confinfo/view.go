package confinfo

import "github.com/seed-f3cefc8c/focus/pkg/strictxml"

// View is the msci:conference-view element: the components of the conference.
type View struct {
	State    State
	Entities []EntityView
}

// EntityView is one component. In a request Entity is its type ("audio-video"), in a notification its URI.
type EntityView struct {
	Entity      string
	State       State
	EntityState *EntityState
}

// EntityState is what a component says about itself.
type EntityState struct {
	Locked  *bool
	Media   []MediaEntry
	Filters *FilterRules
}

// FilterRules is the msci:mediaFiltersRules element: what becomes of everybody's media. In modifyConference it mutes all, or ends that.
type FilterRules struct{ Initial []InitialFilter }

// InitialFilter is one msci:initialFilters element, of those who have a role.
type InitialFilter struct {
	Role    string // Attendee or Presenter; "" is everybody
	Ingress string // msci:ingressFilter, Block or Unblock
	Later   *bool  // fx: those too who join later; nil is true
	Hard    bool   // fx: they cannot unmute themselves
}

func (r *reader) view(e *strictxml.Element) *View {
	if e == nil {
		return nil
	}
	v := &View{State: r.viewState(e)}
	for child := range e.All(MSNamespace, "entity-view") {
		v.Entities = append(v.Entities, EntityView{
			Entity:      child.Attr("", "entity"),
			State:       r.viewState(child),
			EntityState: r.entityState(child.Child(MSNamespace, "entity-state")),
		})
	}
	return v
}

// viewState: Microsoft's servers prefix this attribute (ci:state), as it stands on an element of another namespace.
func (r *reader) viewState(e *strictxml.Element) State {
	switch s := State(e.Attr(Namespace, "state")); s {
	case "":
		return r.state(e)
	case Full, Partial, Deleted:
		return s
	}
	r.fail(e, "state is not full, partial or deleted")
	return ""
}

func (r *reader) entityState(e *strictxml.Element) *EntityState {
	if e == nil {
		return nil
	}
	return &EntityState{
		Locked: r.boolean(either(e, "locked")),
		Media:  mediaEntries(either(e, "media")),

		Filters: r.filterRules(either(e, "mediaFiltersRules")),
	}
}

func (r *reader) filterRules(e *strictxml.Element) *FilterRules {
	if e == nil {
		return nil
	}
	rules := &FilterRules{}
	for _, child := range e.Children {
		if child.Is(MSNamespace, "initialFilters") || child.Is(Namespace, "initialFilters") {
			rules.Initial = append(rules.Initial, r.initialFilter(child))
		}
	}
	return rules
}

func (r *reader) initialFilter(e *strictxml.Element) InitialFilter {
	return InitialFilter{
		Role:    either(e, "role").Trimmed(),
		Ingress: r.filter(either(e, "ingressFilter")),
		Later:   r.boolean(e.Child(ExtensionNamespace, "later")),
		Hard:    r.flag(e.Child(ExtensionNamespace, "hard")),
	}
}

func (v *View) append(w *strictxml.Writer) {
	w.Start("msci:conference-view")
	appendViewState(w, v.State)
	for i := range v.Entities {
		v.Entities[i].append(w)
	}
	w.End("msci:conference-view")
}

func (v *EntityView) append(w *strictxml.Writer) {
	w.Start("msci:entity-view")
	w.Attr("entity", v.Entity)
	appendViewState(w, v.State)
	if s := v.EntityState; s != nil {
		w.Start("msci:entity-state")
		w.OptBoolLeaf("msci:locked", s.Locked)
		appendMediaEntries(w, "media", s.Media)
		s.Filters.append(w)
		w.End("msci:entity-state")
	}
	w.End("msci:entity-view")
}

func (f *FilterRules) append(w *strictxml.Writer) {
	if f == nil {
		return
	}
	w.Start("msci:mediaFiltersRules")
	for _, filter := range f.Initial {
		w.Start("msci:initialFilters")
		w.OptLeaf("msci:role", filter.Role)
		w.OptLeaf("msci:ingressFilter", filter.Ingress)
		w.OptBoolLeaf("fx:later", filter.Later)
		appendFlag(w, "fx:hard", filter.Hard)
		w.End("msci:initialFilters")
	}
	w.End("msci:mediaFiltersRules")
}

// appendViewState declares the prefix where it is used: it is the only attribute in the RFC's namespace.
func appendViewState(w *strictxml.Writer, s State) {
	if s != "" {
		w.Attr("xmlns:ci", Namespace)
		w.Attr("ci:state", string(s))
	}
}
