package cluster

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// bucket is a key-value bucket with revisions: NATS's (natsbucket.go) or one in memory (memory.go). Both pass one contract test.
// Revisions only grow. hold is create (with revision 0) and update in one, of a key that goes away by itself after that time, or up to a second
// later.
type bucket interface {
	get(ctx context.Context, key string) (entry, error)                                    // errKeyNotFound
	create(ctx context.Context, key string, value []byte) (uint64, error)                  // errKeyExists
	update(ctx context.Context, key string, value []byte, revision uint64) (uint64, error) // errRevision
	hold(ctx context.Context, key string, value []byte, revision uint64, life time.Duration) (uint64, error)
	remove(ctx context.Context, key string, revision uint64) error // errRevision
	all(ctx context.Context) ([]entry, error)                      // sorted by key
}

type entry struct {
	key      string
	value    []byte
	revision uint64
}

var (
	errKeyNotFound = errors.New("key not found")
	errKeyExists   = errors.New("key exists")
	errRevision    = errors.New("key was changed by somebody else")
)

// The buckets.
const (
	usersBucket       = "users"
	tokensBucket      = "tokens"
	conferencesBucket = "conferences"
	settingsBucket    = "settings"
	bindingsBucket    = "bindings"
	webhooksBucket    = "webhooks"
)

// encodeKey writes any text as a NATS key: letters, digits, "-" and "_" as they are, other bytes as =XX. (A key may also hold "." and
// "/", but not everywhere, and no "@", ":" or ";".)
func encodeKey(text string) string {
	if text == "" {
		return "=" // a key cannot be empty, and no other text gives this
	}
	var b strings.Builder
	for i := range len(text) {
		c := text[i]
		if c == '-' || c == '_' || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "=%02x", c)
		}
	}
	return b.String()
}
