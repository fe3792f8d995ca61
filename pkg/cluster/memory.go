package cluster

import (
	"context"
	"slices"
	"strings"
	"sync"
)

// memoryBucket is the obvious bucket.
type memoryBucket struct {
	mu       sync.Mutex
	revision uint64
	entries  map[string]entry
}

func newMemoryBucket() *memoryBucket { return &memoryBucket{entries: map[string]entry{}} }

func (b *memoryBucket) get(_ context.Context, key string) (entry, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e, found := b.entries[key]
	if !found {
		return entry{}, errKeyNotFound
	}
	return e, nil
}

func (b *memoryBucket) create(_ context.Context, key string, value []byte) (uint64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, found := b.entries[key]; found {
		return 0, errKeyExists
	}
	return b.put(key, value), nil
}

func (b *memoryBucket) update(_ context.Context, key string, value []byte, revision uint64) (uint64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e, found := b.entries[key]; !found || e.revision != revision {
		return 0, errRevision
	}
	return b.put(key, value), nil
}

func (b *memoryBucket) remove(_ context.Context, key string, revision uint64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e, found := b.entries[key]; !found || e.revision != revision {
		return errRevision
	}
	b.revision++
	delete(b.entries, key)
	return nil
}

func (b *memoryBucket) all(context.Context) ([]entry, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	entries := make([]entry, 0, len(b.entries))
	for _, e := range b.entries {
		entries = append(entries, e)
	}
	slices.SortFunc(entries, byKey)
	return entries, nil
}

func (b *memoryBucket) put(key string, value []byte) uint64 {
	b.revision++
	b.entries[key] = entry{key, slices.Clone(value), b.revision}
	return b.revision
}

func byKey(a, b entry) int { return strings.Compare(a.key, b.key) }
