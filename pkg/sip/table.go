package sip

import (
	"maps"
	"slices"
	"sync"
)

// table is a map with a bound.
type table[K comparable, V comparable] struct {
	mu  sync.Mutex
	m   map[K]V
	max int
}

func newTable[K comparable, V comparable](max int) *table[K, V] {
	return &table[K, V]{m: map[K]V{}, max: max}
}

func (t *table[K, V]) get(k K) (V, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	v, ok := t.m[k]
	return v, ok
}

// add is false when the table is full or has the key.
func (t *table[K, V]) add(k K, v V) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, ok := t.m[k]; ok || len(t.m) >= t.max {
		return false
	}
	t.m[k] = v
	return true
}

// remove takes the key out if it still stands for v.
func (t *table[K, V]) remove(k K, v V) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.m[k] == v {
		delete(t.m, k)
	}
}

func (t *table[K, V]) values() []V {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Collect(maps.Values(t.m))
}

func (t *table[K, V]) len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.m)
}
