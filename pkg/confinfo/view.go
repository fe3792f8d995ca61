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
	Locked *bool
	Media  []MediaEntry
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
		w.End("msci:entity-state")
	}
	w.End("msci:entity-view")
}

// appendViewState declares the prefix where it is used: it is the only attribute in the RFC's namespace.
func appendViewState(w *strictxml.Writer, s State) {
	if s != "" {
		w.Attr("xmlns:ci", Namespace)
		w.Attr("ci:state", string(s))
	}
}
