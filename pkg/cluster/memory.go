package cluster

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"
)

// memoryBucket is the obvious bucket.
type memoryBucket struct {
	mu       sync.Mutex
	revision uint64
	entries  map[string]entry
	ends     map[string]time.Time // of what is held for some time only
}

func newMemoryBucket() *memoryBucket {
	return &memoryBucket{entries: map[string]entry{}, ends: map[string]time.Time{}}
}

func (b *memoryBucket) get(_ context.Context, key string) (entry, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e, found := b.find(key)
	if !found {
		return entry{}, errKeyNotFound
	}
	return e, nil
}

func (b *memoryBucket) create(_ context.Context, key string, value []byte) (uint64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, found := b.find(key); found {
		return 0, errKeyExists
	}
	return b.put(key, value), nil
}

func (b *memoryBucket) update(_ context.Context, key string, value []byte, revision uint64) (uint64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e, found := b.find(key); !found || e.revision != revision {
		return 0, errRevision
	}
	return b.put(key, value), nil
}

func (b *memoryBucket) hold(_ context.Context, key string, value []byte, revision uint64, life time.Duration) (uint64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e, found := b.find(key); {
	case found && revision == 0:
		return 0, errKeyExists
	case e.revision != revision:
		return 0, errRevision
	}
	revision = b.put(key, value)
	b.ends[key] = time.Now().Add(life)
	return revision, nil
}

func (b *memoryBucket) remove(_ context.Context, key string, revision uint64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e, found := b.find(key); !found || e.revision != revision {
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
	for key := range b.entries {
		if e, found := b.find(key); found {
			entries = append(entries, e)
		}
	}
	slices.SortFunc(entries, byKey)
	return entries, nil
}

func (b *memoryBucket) put(key string, value []byte) uint64 {
	b.revision++
	delete(b.ends, key)
	b.entries[key] = entry{key, slices.Clone(value), b.revision}
	return b.revision
}

// find looks a key up, and lets go of one whose time is over.
func (b *memoryBucket) find(key string) (entry, bool) {
	if end, held := b.ends[key]; held && !time.Now().Before(end) {
		b.revision++
		delete(b.entries, key)
		delete(b.ends, key)
	}
	e, found := b.entries[key]
	return e, found
}

func byKey(a, b entry) int { return strings.Compare(a.key, b.key) }
