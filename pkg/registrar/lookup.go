package registrar

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// Location finds where a user is.
type Location interface {
	// Lookup is where requests for a URI go now, the preferred contact first: all contacts of an address-of-record, those of one device for a
	// GRUU. Nothing is no error. Contacts with the same Instance are ways to one device: try them one after the other, not at once (RFC 5626 §7).
	Lookup(ctx context.Context, now time.Time, uri sip.URI) ([]Binding, error)
}

// Lookup implements Location. Contacts whose flow is gone are left out, as are those of other schemes than SIP's.
func (r *Registrar) Lookup(ctx context.Context, now time.Time, uri sip.URI) ([]Binding, error) {
	user, chosen := uri.User, func(b []Binding) []Binding { return b }
	switch gr, isGRUU := grOf(uri); {
	case isGRUU && gr == "":
		owner, generation, err := r.gruus.open(uri, r.config.Domain)
		if err != nil {
			return nil, nil // made up, or of another key
		}
		user = owner
		chosen = func(all []Binding) []Binding {
			return ofInstance(all, func(b Binding) bool { return bytes.Equal(b.GRUUs, generation) })
		}
	case isGRUU:
		chosen = func(all []Binding) []Binding {
			return ofInstance(all, func(b Binding) bool { return b.Instance != "" && sameInstance(b.Instance, gr) })
		}
	}
	all, err := r.Bindings(ctx, now, sip.URI{Scheme: "sip", User: strings.ToLower(user), Host: r.config.Domain}) // names of users have no case
	if err != nil {
		return nil, err
	}
	return byPreference(r.usable(chosen(all))), nil
}

// usable leaves out what nothing can be sent to.
func (r *Registrar) usable(bindings []Binding) []Binding {
	return slices.DeleteFunc(bindings, func(b Binding) bool {
		uri, err := b.Target()
		return err != nil || !isSIP(uri) || r.gone(b)
	})
}

// byPreference: q first; among equals who registered last, whose flow is the likeliest to work (RFC 5626 §7).
func byPreference(bindings []Binding) []Binding {
	slices.SortStableFunc(bindings, func(a, b Binding) int {
		return cmp.Or(cmp.Compare(b.Q, a.Q), b.Expires.Add(-b.Lifetime).Compare(a.Expires.Add(-a.Lifetime)))
	})
	return bindings
}

func sameInstance(instance, gr string) bool {
	return sip.NormaliseUser(escape(instance)) == sip.NormaliseUser(gr)
}

// Bindings are the contacts of an address-of-record, reachable or not, in the order in which they were first registered.
func (r *Registrar) Bindings(ctx context.Context, now time.Time, aor sip.URI) ([]Binding, error) {
	key := sip.AddressOfRecord(aor)
	if known, ok := r.remembered(key); ok {
		return live(known, now), nil
	}
	record, err := r.config.Store.Load(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("looking up %.100s: %w", key, err)
	}
	return live(record.Bindings, now), nil
}

func (r *Registrar) remembered(key string) ([]Binding, bool) {
	r.mu.Lock()
	e := r.entries[key]
	r.mu.Unlock()
	if e == nil {
		return nil, false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.current.Bindings, e.known
}

// List reads all that is bound, sorted by address-of-record.
func (r *Registrar) List(ctx context.Context, now time.Time) ([]Record, error) {
	records, err := r.config.Store.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing bindings: %w", err)
	}
	var alive []Record
	for _, record := range records {
		if known, ok := r.remembered(record.AOR); ok {
			record.Bindings = known
		}
		if record.Bindings = live(record.Bindings, now); len(record.Bindings) > 0 {
			alive = append(alive, record)
		}
	}
	return alive, nil
}

// AOR is the address-of-record of a user.
func (r *Registrar) AOR(user string) sip.URI {
	return sip.URI{Scheme: "sip", User: strings.ToLower(user), Host: r.config.Domain}
}

// BindingsOf are the contacts of a user, as Bindings has them.
func (r *Registrar) BindingsOf(ctx context.Context, now time.Time, user string) ([]Binding, error) {
	return r.Bindings(ctx, now, r.AOR(user))
}

// RemoveOf unbinds one contact of a user, or all with "". It says how many it was.
func (r *Registrar) RemoveOf(ctx context.Context, now time.Time, user, contact string) (removed int, err error) {
	return r.Remove(ctx, now, r.AOR(user), contact)
}

// ByUser is all that is bound, by user name.
func (r *Registrar) ByUser(ctx context.Context, now time.Time) (map[string][]Binding, error) {
	records, err := r.List(ctx, now)
	if err != nil {
		return nil, err
	}
	all := make(map[string][]Binding, len(records))
	for _, record := range records {
		if uri, err := sip.ParseURI(record.AOR); err == nil {
			all[uri.User] = record.Bindings
		}
	}
	return all, nil
}
