package strictxml

import (
	"iter"
	"strings"
)

// Name is an expanded name: Space is the namespace URI, never the prefix.
type Name struct{ Space, Local string }

// Attr is one attribute. One without a prefix is in no namespace.
type Attr struct {
	Name  Name
	Value string
}

// Element is one element. Namespace declarations are not among its attributes.
//
// All methods accept a nil receiver, so that a path can be walked without asking at each step.
type Element struct {
	Name     Name
	Attrs    []Attr
	Children []*Element
	Text     string // all character data directly inside, as written: white space is kept
	Line     int    // of the start tag, from 1
}

// Is reports whether e has this expanded name.
func (e *Element) Is(space, local string) bool {
	return e != nil && e.Name.Local == local && e.Name.Space == space
}

// Child returns the first child of that name, or nil.
func (e *Element) Child(space, local string) *Element {
	for child := range e.All(space, local) {
		return child
	}
	return nil
}

// All yields the children of that name in document order.
func (e *Element) All(space, local string) iter.Seq[*Element] {
	return func(yield func(*Element) bool) {
		if e == nil {
			return
		}
		for _, child := range e.Children {
			if child.Is(space, local) && !yield(child) {
				return
			}
		}
	}
}

// Attr returns the value of an attribute, "" when there is none. space is "" for an attribute without prefix.
func (e *Element) Attr(space, local string) string {
	value, _ := e.LookupAttr(space, local)
	return value
}

// LookupAttr tells an empty attribute from a missing one.
func (e *Element) LookupAttr(space, local string) (value string, ok bool) {
	if e == nil {
		return "", false
	}
	for i := range e.Attrs {
		if a := &e.Attrs[i]; a.Name.Local == local && a.Name.Space == space {
			return a.Value, true
		}
	}
	return "", false
}

// Trimmed returns the text without white space around it.
func (e *Element) Trimmed() string {
	if e == nil {
		return ""
	}
	return strings.TrimSpace(e.Text)
}

// ParseBool reads an xs:boolean. ok is false for anything else.
func ParseBool(text string) (value, ok bool) {
	switch strings.TrimSpace(text) {
	case "true", "1":
		return true, true
	case "false", "0":
		return false, true
	}
	return false, false
}

// ChildText returns the trimmed text of the first child of that name, "" when there is none.
func (e *Element) ChildText(space, local string) string {
	return e.Child(space, local).Trimmed()
}
