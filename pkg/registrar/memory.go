package registrar

import (
	"context"
	"crypto/rand"
	"maps"
	"slices"
	"sync"
)

// Memory is a [Store] that ends with the process.
type Memory struct {
	mu       sync.Mutex
	revision uint64
	records  map[string]Record
}

// NewMemory makes an empty one.
func NewMemory() *Memory { return &Memory{records: map[string]Record{}} }

// Load implements Store.
func (m *Memory) Load(_ context.Context, aor string) (Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.records[aor], nil
}

// Save implements Store.
func (m *Memory) Save(_ context.Context, r Record) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.records[r.AOR].Revision != r.Revision {
		return 0, ErrConflict
	}
	if len(r.Bindings) == 0 {
		delete(m.records, r.AOR)
		return 0, nil
	}
	m.revision++
	r.Revision, r.Bindings = m.revision, slices.Clone(r.Bindings)
	m.records[r.AOR] = r
	return r.Revision, nil
}

// List implements Store.
func (m *Memory) List(context.Context) (records []Record, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, aor := range slices.Sorted(maps.Keys(m.records)) {
		records = append(records, m.records[aor])
	}
	return records, nil
}

func randomKey() []byte {
	key := make([]byte, 32)
	rand.Read(key) // never fails
	return key
}
