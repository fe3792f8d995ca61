package registrar_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/seed-f3cefc8c/focus/pkg/registrar"
)

// model is a registrar as simple as can be: a list of contacts, each step as the RFC has it.
type model []bound

type bound struct {
	callID  string
	cseq    uint32
	expires time.Time
	uri     string
	id      int
}

// wish is one Contact of a drawn REGISTER; life below 0 leaves the lifetime to the registrar.
type wish struct {
	host int
	life int
	id   int // reg-id, 0 for none
}

func (w wish) uri() string { return fmt.Sprintf("sip:a@192.0.2.%d", w.host) }

func (w wish) line() string {
	line := fmt.Sprintf("Contact: <%s>", w.uri())
	if w.life >= 0 {
		line += fmt.Sprintf(";expires=%d", w.life)
	}
	if w.id > 0 {
		line += fmt.Sprintf(`;+sip.instance="<urn:uuid:1>";reg-id=%d`, w.id)
	}
	return line
}

// is says which binding a wish is about: that of its reg-id, else one with its URI; a numbered wish takes a numbered one's place never.
func (m model) is(w wish) int {
	for i, b := range m {
		if w.id > 0 && b.id == w.id {
			return i
		}
	}
	for i, b := range m {
		if b.uri == w.uri() && (w.id == 0 || b.id == 0) {
			return i
		}
	}
	return -1
}

// after is the model after a REGISTER, or the error.
func (m model) after(now time.Time, callID string, cseq uint32, all bool, wishes []wish) (model, error) {
	var next model
	for _, b := range m {
		if b.expires.After(now) {
			next = append(next, b)
		}
	}
	before := len(next)
	stale := func(b bound) bool { return b.callID == callID && cseq <= b.cseq }
	if all && slices.ContainsFunc(next, stale) {
		return m, registrar.ErrOutOfOrder
	}
	if all {
		return nil, nil
	}
	for _, w := range wishes {
		i := next.is(w)
		switch {
		case i >= 0 && stale(next[i]):
			return m, registrar.ErrOutOfOrder
		case w.life == 0 && i < 0:
		case w.life == 0:
			next = slices.Delete(next, i, i+1)
		case w.life > 0 && w.life < 60:
			return m, errBrief
		default:
			if i < 0 {
				i, next = len(next), append(next, bound{})
			}
			life := 3600
			if w.life > 0 {
				life = min(w.life, 7200)
			}
			next[i] = bound{callID, cseq, now.Add(time.Duration(life) * time.Second), w.uri(), w.id}
		}
	}
	if len(next) > max(4, before) {
		return m, registrar.ErrTooMany
	}
	return next, nil
}

var errBrief = errors.New("brief")

// Whatever devices do, the registrar has what the model has, before and after a crash.
func TestTheRegistrarIsTheModel(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		few := func(c *registrar.Config) { c.MaxContacts = 4 }
		o := open(t, few)
		var m model
		for range rapid.IntRange(1, 25).Draw(r, "steps") {
			o.later(time.Duration(rapid.SampledFrom([]int{0, 1, 59, 600, 3599, 4000}).Draw(r, "seconds")) * time.Second)
			m = slices.DeleteFunc(m, func(b bound) bool { return !b.expires.After(o.now) })
			callID := rapid.SampledFrom([]string{"x", "y"}).Draw(r, "Call-ID")
			cseq := uint32(rapid.IntRange(1, 30).Draw(r, "CSeq"))
			all := rapid.IntRange(0, 9).Draw(r, "all") == 0
			lines, wishes := drawWishes(r, all)
			next, want := m.after(o.now, callID, cseq, all, wishes)
			_, err := o.tries(cseq, append(lines, "Call-ID: "+callID, "Supported: outbound")...)
			var brief *registrar.BriefError
			if errors.As(err, &brief) {
				err = errBrief
			}
			if !errors.Is(err, want) {
				r.Fatalf("%q: %v, want %v", lines, err, want)
			}
			m = next
			agree(r, o, m)
		}
		promised := o.promises(r)
		o.restart(few)
		for uri, until := range promised {
			if got, kept := o.promises(r)[uri]; !kept || got.Before(until) {
				r.Fatalf("%s was promised until %v, after the crash %v", uri, until, got)
			}
		}
	})
}

// drawWishes: outbound registers one flow at a time, everybody else several contacts.
func drawWishes(r *rapid.T, all bool) (lines []string, wishes []wish) {
	if all {
		return []string{"Contact: *", "Expires: 0"}, nil
	}
	life := rapid.SampledFrom([]int{-1, 0, 30, 60, 3600, 100000})
	if rapid.Bool().Draw(r, "outbound") {
		wishes = []wish{{rapid.IntRange(1, 3).Draw(r, "host"), life.Draw(r, "life"), rapid.IntRange(1, 2).Draw(r, "reg-id")}}
	} else {
		hosts := rapid.SliceOfNDistinct(rapid.IntRange(1, 5), 0, 3, rapid.ID).Draw(r, "hosts")
		for _, host := range hosts {
			wishes = append(wishes, wish{host: host, life: life.Draw(r, "life")})
		}
	}
	for _, w := range wishes {
		lines = append(lines, w.line())
	}
	return lines, wishes
}

func agree(r *rapid.T, o *office, m model) {
	var want, got []string
	for _, b := range m {
		want = append(want, fmt.Sprintf("%s %d %s %d %v", b.uri, b.id, b.callID, b.cseq, b.expires))
	}
	bindings, err := o.Bindings(o.Context(), o.now, alice)
	for _, b := range bindings {
		got = append(got, fmt.Sprintf("%s %d %s %d %v", b.Contact, b.RegID, b.CallID, b.CSeq, b.Expires))
	}
	if err != nil || !slices.Equal(got, want) {
		r.Fatalf("%v, bound:\n%s\nwant:\n%s", err, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// promises are until when each contact and reg-id is bound.
func (o *office) promises(r *rapid.T) map[string]time.Time {
	bindings, err := o.Bindings(o.Context(), o.now, alice)
	if err != nil {
		r.Fatal(err)
	}
	found := map[string]time.Time{}
	for _, b := range bindings {
		found[fmt.Sprintf("%s %d", b.Contact, b.RegID)] = b.Expires
	}
	return found
}
