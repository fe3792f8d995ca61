package cluster

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// bothBuckets are an empty bucket of each kind.
func bothBuckets(t *testing.T) map[string]bucket {
	c := startIn(t, t.TempDir())
	b, err := openBucket(t.Context(), c.nats.js, "contract", 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]bucket{"nats": b, "memory": newMemoryBucket()}
}

func TestBucketContract(t *testing.T) {
	for name, b := range bothBuckets(t) {
		t.Run(name, func(t *testing.T) { keepsTheContract(t, b) })
	}
}

func keepsTheContract(t *testing.T, b bucket) {
	ctx := t.Context()
	want := func(what string, got, want error) {
		t.Helper()
		if !errors.Is(got, want) {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	_, err := b.get(ctx, "a")
	want("get of nothing", err, errKeyNotFound)
	_, err = b.update(ctx, "a", []byte("x"), 0)
	want("update of nothing", err, errRevision)
	_, err = b.update(ctx, "a", []byte("x"), 7)
	want("update of nothing", err, errRevision)
	want("remove of nothing", b.remove(ctx, "a", 0), errRevision)

	first, err := b.create(ctx, "a", []byte("one"))
	want("create", err, nil)
	_, err = b.create(ctx, "a", []byte("two"))
	want("second create", err, errKeyExists)
	second, err := b.update(ctx, "a", []byte("two"), first)
	want("update", err, nil)
	if second <= first {
		t.Errorf("revision %d after %d, want it to grow", second, first)
	}
	_, err = b.update(ctx, "a", []byte("three"), first)
	want("update of an old revision", err, errRevision)
	want("remove of an old revision", b.remove(ctx, "a", first), errRevision)
	if e, err := b.get(ctx, "a"); err != nil || string(e.value) != "two" || e.revision != second {
		t.Errorf("get: %q, revision %d, %v, want \"two\", %d", e.value, e.revision, err, second)
	}

	want("remove", b.remove(ctx, "a", second), nil)
	want("second remove", b.remove(ctx, "a", second), errRevision)
	_, err = b.get(ctx, "a")
	want("get of what was removed", err, errKeyNotFound)
	third, err := b.create(ctx, "a", []byte("again"))
	want("create of what was removed", err, nil)
	if third <= second {
		t.Errorf("revision %d after %d, want it to grow over a removal", third, second)
	}
	if e, err := b.get(ctx, "a"); err != nil || string(e.value) != "again" {
		t.Errorf("get: %q, %v, want \"again\"", e.value, err)
	}
}

func TestBucketListsWhatIsThere(t *testing.T) {
	for name, b := range bothBuckets(t) {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			if entries, err := b.all(ctx); err != nil || len(entries) != 0 {
				t.Errorf("empty bucket: %d entries, %v", len(entries), err)
			}
			for _, key := range []string{"c", "a", "b", "gone"} {
				if _, err := b.create(ctx, key, []byte(key)); err != nil {
					t.Fatal(err)
				}
			}
			gone, _ := b.get(ctx, "gone")
			if err := b.remove(ctx, "gone", gone.revision); err != nil {
				t.Fatal(err)
			}
			entries, err := b.all(ctx)
			var keys []string
			for _, e := range entries {
				keys = append(keys, e.key+"="+string(e.value))
			}
			if d := cmp.Diff([]string{"a=a", "b=b", "c=c"}, keys); d != "" || err != nil {
				t.Errorf("all: %v\n%s", err, d)
			}
		})
	}
}

// The two kinds of bucket do the same, whatever is done to them.
func TestBucketsAgree(t *testing.T) {
	both := bothBuckets(t)
	ctx := context.Background()
	run := 0
	rapid.Check(t, func(r *rapid.T) {
		run++
		prefix := strings.Repeat("r", run) + "-" // no run sees another's keys
		nats, memory := both["nats"], both["memory"]
		for range rapid.IntRange(1, 12).Draw(r, "steps") {
			key := prefix + rapid.SampledFrom([]string{"x", "y"}).Draw(r, "key")
			old, oldErr := nats.get(ctx, key)
			model, modelErr := memory.get(ctx, key)
			if !errors.Is(oldErr, modelErr) || string(old.value) != string(model.value) {
				r.Fatalf("%s: %q %v, in memory %q %v", key, old.value, oldErr, model.value, modelErr)
			}
			stale := rapid.Uint64Range(0, 1).Draw(r, "stale") // 1: a revision that was never there
			value := rapid.SliceOfN(rapid.Byte(), 0, 8).Draw(r, "value")
			var err, modelled error
			switch rapid.SampledFrom([]string{"create", "update", "remove"}).Draw(r, "do") {
			case "create":
				_, err = nats.create(ctx, key, value)
				_, modelled = memory.create(ctx, key, value)
			case "update":
				_, err = nats.update(ctx, key, value, old.revision+stale*1_000_000)
				_, modelled = memory.update(ctx, key, value, model.revision+stale*1_000_000)
			case "remove":
				err = nats.remove(ctx, key, old.revision+stale*1_000_000)
				modelled = memory.remove(ctx, key, model.revision+stale*1_000_000)
			}
			if !errors.Is(err, modelled) {
				r.Fatalf("%s: %v, in memory %v", key, err, modelled)
			}
		}
	})
}

func FuzzEncodeKey(f *testing.F) {
	f.Add("sip:alice@example.com;gruu", "a")
	f.Add("", "=")
	f.Add("a.b", "a=2eb")
	f.Fuzz(func(t *testing.T, a, b string) {
		ka, kb := encodeKey(a), encodeKey(b)
		if (a == b) != (ka == kb) {
			t.Errorf("%q is %q, %q is %q", a, ka, b, kb)
		}
		if strings.ContainsFunc(ka, func(r rune) bool { return r > 0x7f || strings.ContainsRune("@:;.*> /\x00", r) }) || ka == "" {
			t.Errorf("%q is %q, which is no key", a, ka)
		}
	})
}

// "1 s per-key TTL": the mark of a removed key goes, or the bucket would grow for ever.
func TestRemovedKeysLeaveNothing(t *testing.T) {
	c := startIn(t, t.TempDir())
	b, err := openBucket(t.Context(), c.nats.js, "markers", 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	status, err := b.kv.Status(t.Context())
	if err != nil || status.LimitMarkerTTL() != time.Hour {
		t.Errorf("markers live %s, %v, want an hour", status.LimitMarkerTTL(), err)
	}
}
