package cluster

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seed-f3cefc8c/focus/pkg/registrar"
)

const aliceAOR = "sip:alice@example.com"

func binding(contact string, life time.Duration) registrar.Binding {
	now := time.Now().UTC().Truncate(time.Millisecond)
	return registrar.Binding{
		Contact: contact, Q: 500, Features: `;methods="INVITE,BYE"`, Path: []string{"<sip:p1;lr>"}, Instance: "urn:uuid:1", RegID: 1, GRUUs: []byte{1, 2},
		CallID: "desk", CSeq: 7, UserAgent: "phone", Transport: "TLS", Source: netip.MustParseAddrPort("[2001:db8::1]:5061"), Flow: "token",
		Since: now, Expires: now.Add(life), Lifetime: life,
	}
}

func TestBindings(t *testing.T) {
	inBothWorlds(t, func(t *testing.T, c *Cluster) {
		ctx := t.Context()
		if r, err := c.Bindings.Load(ctx, aliceAOR); err != nil || len(r.Bindings) != 0 || r.Revision != 0 {
			t.Errorf("nothing: %+v, %v", r, err)
		}
		first := registrar.Record{AOR: aliceAOR, Bindings: []registrar.Binding{binding("sip:a@192.0.2.1", time.Hour)}}
		var err error
		if first.Revision, err = c.Bindings.Save(ctx, first); err != nil {
			t.Fatal(err)
		}
		same(t, c, first)
		if _, err := c.Bindings.Save(ctx, registrar.Record{AOR: aliceAOR, Bindings: first.Bindings}); !errors.Is(err, registrar.ErrConflict) {
			t.Errorf("created twice: %v, want ErrConflict", err)
		}
		second := registrar.Record{AOR: aliceAOR, Bindings: append(first.Bindings, binding("sip:b@192.0.2.2", time.Hour)), Revision: first.Revision}
		if second.Revision, err = c.Bindings.Save(ctx, second); err != nil {
			t.Fatal(err)
		}
		same(t, c, second)
		if _, err := c.Bindings.Save(ctx, first); !errors.Is(err, registrar.ErrConflict) {
			t.Errorf("an old revision: %v, want ErrConflict", err)
		}
		if _, err := c.Bindings.Save(ctx, registrar.Record{AOR: aliceAOR, Revision: second.Revision}); err != nil {
			t.Errorf("removing: %v", err)
		}
		if all, err := c.Bindings.List(ctx); err != nil || len(all) != 0 {
			t.Errorf("after removing: %v, %v", all, err)
		}
		if _, err := c.Bindings.Save(ctx, registrar.Record{AOR: aliceAOR, Bindings: first.Bindings}); err != nil {
			t.Errorf("after removing, again: %v", err)
		}
	})
}

// same wants the store to have exactly that record.
func same(t *testing.T, c *Cluster, want registrar.Record) {
	t.Helper()
	got, err := c.Bindings.Load(t.Context(), want.AOR)
	if d := cmp.Diff(want, got, cmpopts.EquateComparable(netip.AddrPort{})); d != "" || err != nil {
		t.Errorf("loaded: %v\n%s", err, d)
	}
	all, err := c.Bindings.List(t.Context())
	if d := cmp.Diff([]registrar.Record{want}, all, cmpopts.EquateComparable(netip.AddrPort{})); d != "" || err != nil {
		t.Errorf("listed: %v\n%s", err, d)
	}
}

func TestBindingsEndByThemselves(t *testing.T) {
	inBothWorlds(t, func(t *testing.T, c *Cluster) {
		r := registrar.Record{AOR: aliceAOR, Bindings: []registrar.Binding{binding("sip:a@192.0.2.1", time.Hour)}}
		var err error
		if r.Revision, err = c.Bindings.Save(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		r.Bindings = []registrar.Binding{binding("sip:a@192.0.2.1", 100*time.Millisecond)}
		if r.Revision, err = c.Bindings.Save(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		ended := time.Now()
		for len(r.Bindings) > 0 && time.Since(ended) < 10*time.Second {
			if r, err = c.Bindings.Load(t.Context(), aliceAOR); err != nil {
				t.Fatal(err)
			}
		}
		t.Logf("gone after %v", time.Since(ended).Round(100*time.Millisecond))
		if len(r.Bindings) > 0 {
			t.Error("it is still there after ten seconds")
		}
		if _, err := c.Bindings.Save(t.Context(), registrar.Record{AOR: aliceAOR, Bindings: []registrar.Binding{binding("sip:a@h", time.Hour)}}); err != nil {
			t.Errorf("registering again: %v", err)
		}
	})
}

func TestBindingsAndKeysSurviveARestart(t *testing.T) {
	dir := t.TempDir()
	c := startIn(t, dir)
	r := registrar.Record{AOR: aliceAOR, Bindings: []registrar.Binding{binding("sip:a@192.0.2.1", time.Hour)}}
	var err error
	if r.Revision, err = c.Bindings.Save(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	key, err := c.Key("one")
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	c = startIn(t, dir)
	same(t, c, r)
	again, _ := c.Key("one")
	if other, _ := c.Key("two"); string(again) != string(key) || string(other) == string(key) || len(key) != 32 {
		t.Error("a key is the same after a restart, another one for another purpose, and of 32 octets")
	}
}

// BenchmarkBindingsSave is one registration that is written: with the fsync.
func BenchmarkBindingsSave(b *testing.B) {
	c, err := Start(b.Context(), Config{Dir: b.TempDir(), Realm: testRealm, Hash: cheap()})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	r := registrar.Record{AOR: aliceAOR, Bindings: []registrar.Binding{binding("sip:a@192.0.2.1", time.Hour)}}
	for b.Loop() {
		if r.Revision, err = c.Bindings.Save(b.Context(), r); err != nil {
			b.Fatal(err)
		}
	}
}
