package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/registrar"
)

// Bindings is where the registrar keeps the contacts of users. It implements registrar.Store.
type Bindings struct{ bucket bucket }

// storedBindings is a record as JSON.
type storedBindings struct {
	AOR      string              `json:"aor"`
	Bindings []registrar.Binding `json:"bindings"`
}

// Load reads the bindings of an address-of-record; none is no error.
func (b *Bindings) Load(ctx context.Context, aor string) (registrar.Record, error) {
	e, err := b.bucket.get(ctx, encodeKey(aor))
	if errors.Is(err, errKeyNotFound) {
		return registrar.Record{AOR: aor}, nil
	}
	if err != nil {
		return registrar.Record{}, fmt.Errorf("reading bindings of %.100s: %w", aor, err)
	}
	return unmarshalBindings(e)
}

// Save replaces the bindings of an address-of-record until the last of them expires: registrar.ErrConflict if they have another revision.
func (b *Bindings) Save(ctx context.Context, r registrar.Record) (revision uint64, err error) {
	switch {
	case len(r.Bindings) > 0:
		revision, err = b.hold(ctx, r)
	case r.Revision > 0:
		err = b.bucket.remove(ctx, encodeKey(r.AOR), r.Revision)
	}
	if errors.Is(err, errRevision) || errors.Is(err, errKeyExists) {
		err = registrar.ErrConflict
	}
	if err != nil {
		return 0, fmt.Errorf("storing bindings of %.100s: %w", r.AOR, err)
	}
	return revision, nil
}

func (b *Bindings) hold(ctx context.Context, r registrar.Record) (uint64, error) {
	value, err := json.Marshal(storedBindings{r.AOR, r.Bindings})
	if err != nil {
		return 0, err
	}
	last := time.Now()
	for _, binding := range r.Bindings {
		if binding.Expires.After(last) {
			last = binding.Expires
		}
	}
	return b.bucket.hold(ctx, encodeKey(r.AOR), value, r.Revision, time.Until(last))
}

// List reads all bindings, sorted by address-of-record.
func (b *Bindings) List(ctx context.Context) ([]registrar.Record, error) {
	entries, err := b.bucket.all(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing bindings: %w", err)
	}
	var records []registrar.Record
	for _, e := range entries {
		r, err := unmarshalBindings(e)
		if err != nil {
			return nil, err
		}
		records = append(records, r)
	}
	return records, nil
}

func unmarshalBindings(e entry) (registrar.Record, error) {
	var s storedBindings
	if err := json.Unmarshal(e.value, &s); err != nil {
		return registrar.Record{}, fmt.Errorf("reading bindings %s: %w", e.key, err)
	}
	return registrar.Record{AOR: s.AOR, Bindings: s.Bindings, Revision: e.revision}, nil
}
