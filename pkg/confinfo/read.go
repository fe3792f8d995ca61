package confinfo

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/strictxml"
)

// Error says which element of a well-formed document could not be understood.
type Error struct {
	Element string
	Line    int
	Detail  string // safe to show to the sender; never repeats what was sent
}

func (e *Error) Error() string {
	return fmt.Sprintf("conference-info: <%s>: %s (line %d)", e.Element, e.Detail, e.Line)
}

func unexpected(e *strictxml.Element, want string) error {
	if e == nil {
		return &Error{Element: want, Detail: "missing"}
	}
	return &Error{Element: e.Name.Local, Line: e.Line, Detail: "expected " + want}
}

// reader keeps the first error, so that a document is read field by field without asking after each.
type reader struct{ err error }

func (r *reader) fail(e *strictxml.Element, detail string) {
	if r.err == nil {
		r.err = &Error{Element: e.Name.Local, Line: e.Line, Detail: detail}
	}
}

func (r *reader) state(e *strictxml.Element) State {
	switch s := State(e.Attr("", "state")); s {
	case "", Full, Partial, Deleted:
		return s
	}
	r.fail(e, "state is not full, partial or deleted")
	return ""
}

// boolean reads an xs:boolean.
func (r *reader) boolean(e *strictxml.Element) *bool {
	if e == nil {
		return nil
	}
	switch e.Trimmed() {
	case "true", "1":
		return new(true)
	case "false", "0":
		return new(false)
	}
	r.fail(e, "not true or false")
	return nil
}

// flag is a boolean that is false when it is not there.
func (r *reader) flag(e *strictxml.Element) bool {
	value := r.boolean(e)
	return value != nil && *value
}

func (r *reader) count(e *strictxml.Element) *int {
	if e == nil {
		return nil
	}
	n, err := strconv.ParseUint(e.Trimmed(), 10, 31)
	if err != nil {
		r.fail(e, "not a number")
	}
	return new(int(n))
}

// decimal reads an xs:decimal or a finite xs:double.
func (r *reader) decimal(e *strictxml.Element) *float64 {
	if e == nil {
		return nil
	}
	f, err := strconv.ParseFloat(e.Trimmed(), 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		r.fail(e, "not a number")
	}
	return &f
}

// time reads an xs:dateTime. One without a zone is taken as UTC.
func (r *reader) time(e *strictxml.Element) time.Time {
	text := e.Trimmed()
	if text == "" {
		return time.Time{}
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC()
		}
	}
	r.fail(e, "not a date and time")
	return time.Time{}
}

// msAttr reads an attribute of the Microsoft namespace. Whether Communicator prefixes it in requests was never seen, so the
// bare name is accepted too.
func msAttr(e *strictxml.Element, local string) string {
	if value, ok := e.LookupAttr(MSNamespace, local); ok {
		return value
	}
	return e.Attr("", local)
}

// either finds a child that some put into the RFC's namespace and others into Microsoft's.
func either(e *strictxml.Element, local string) *strictxml.Element {
	if child := e.Child(MSNamespace, local); child != nil {
		return child
	}
	return e.Child(Namespace, local)
}

func texts(e *strictxml.Element, space, local string) []string {
	var list []string
	for child := range e.All(space, local) {
		list = append(list, child.Trimmed())
	}
	return list
}

func appendFlag(w *strictxml.Writer, name string, value bool) {
	if value {
		w.BoolLeaf(name, true)
	}
}

func appendTime(w *strictxml.Writer, name string, t time.Time) {
	if t.IsZero() {
		return
	}
	var buf [len(time.RFC3339Nano)]byte
	w.Leaf(name, string(t.UTC().AppendFormat(buf[:0], time.RFC3339Nano)))
}
