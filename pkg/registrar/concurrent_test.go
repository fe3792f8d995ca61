package registrar_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/seed-f3cefc8c/focus/pkg/registrar"
)

// "REGISTER requests MUST also be processed atomically" (RFC 3261 §10.3): what many devices of one user do at once is not lost.
func TestManyDevicesAtOnce(t *testing.T) {
	o := open(t, func(c *registrar.Config) { c.MaxContacts = 50 })
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			for cseq := range uint32(5) {
				reg, err := registrar.Read(register(t, cseq+1, fmt.Sprintf("Call-ID: %d", i), fmt.Sprintf("Contact: <sip:%d@192.0.2.1>", i)), fromDesk)
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := o.Register(t.Context(), o.now, alice, reg); err != nil {
					t.Error(err)
				}
				if _, err := o.Lookup(t.Context(), o.now, alice); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if got := len(o.finds(aor)); got != 50 {
		t.Errorf("%d contacts, want 50", got)
	}
	o.restart()
	if got := len(o.finds(aor)); got != 50 {
		t.Errorf("%d contacts after a restart, want 50", got)
	}
}

// slowStore waits for the test.
type slowStore struct {
	*registrar.Memory
	saving, done chan struct{}
}

func (s slowStore) Save(ctx ctx, r registrar.Record) (uint64, error) {
	s.saving <- struct{}{}
	<-s.done
	return s.Memory.Save(ctx, r)
}

// Nothing is found that is not stored, and who gives up waiting for a slow disk leaves nothing behind.
func TestASlowStore(t *testing.T) {
	store := slowStore{registrar.NewMemory(), make(chan struct{}), make(chan struct{})}
	o := open(t, func(c *registrar.Config) { c.Store = store })
	first := make(chan error)
	go func() {
		_, err := o.tries(1, "Contact: <sip:a@192.0.2.1>")
		first <- err
	}()
	<-store.saving
	wants(t, "contacts while the first is being written", o.finds(aor), []string(nil))
	impatient, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("gone")
	cancel(gone)
	reg, err := registrar.Read(register(t, 1, "Call-ID: other", "Contact: <sip:b@192.0.2.2>"), fromDesk)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Register(impatient, o.now, alice, reg); !errors.Is(err, gone) {
		t.Errorf("%v, want what ended the context", err)
	}
	store.done <- struct{}{}
	if err := <-first; err != nil {
		t.Fatal(err)
	}
	wants(t, "contacts", o.finds(aor), []string{"sip:a@192.0.2.1"})
}

// brokenStore is a full disk.
type brokenStore struct{ *registrar.Memory }

var errFull = errors.New("no space left on device")

func (brokenStore) Save(ctx, registrar.Record) (uint64, error) { return 0, errFull }

// "If any one of them fails (for example, because the back-end database commit failed), the request MUST fail with a 500 (Server Error) response
// and all tentative binding updates MUST be removed" (RFC 3261 §10.3).
func TestAStoreThatFails(t *testing.T) {
	o := open(t)
	o.takes(1, "Contact: <sip:a@192.0.2.1>")
	healthy := o.Registrar
	o.restart(func(c *registrar.Config) { c.Store = brokenStore{o.store} })
	if _, err := o.tries(2, "Contact: <sip:b@192.0.2.2>"); !errors.Is(err, errFull) {
		t.Errorf("%v, want the store's error", err)
	}
	wants(t, "contacts", o.finds(aor), []string{"sip:a@192.0.2.1"})
	o.Registrar = healthy
	o.takes(3, "Contact: <sip:b@192.0.2.2>")
	wants(t, "contacts", len(o.finds(aor)), 2)
}
