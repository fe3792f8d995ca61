package registrar

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// Config is what a [Registrar] needs. Domain must be there.
type Config struct {
	Domain string // host of the addresses-of-record
	Store  Store  // nil: in memory
	Key    []byte // 32 octets that survive, for temporary GRUUs; nil: random, and they end with the process

	Min, Max, Default time.Duration // lifetimes: 60 s, 2 h, 1 h
	MaxContacts       int           // of one address-of-record: 10

	// FlowUsable says whether something can still be sent over the flow of a token. Nil: never.
	FlowUsable func(token string) bool
}

// Registrar keeps the bindings of a domain and finds them. Safe for concurrent use. It has the store for itself: what another process writes
// there is noticed when both write.
type Registrar struct {
	config Config
	limits limits
	gruus  *gruus

	mu      sync.Mutex
	entries map[string]*entry
}

// entry is an address-of-record with bindings, or one that is being changed.
type entry struct {
	turn  chan struct{} // of capacity 1: held by who changes the bindings
	users int           // who holds turn or waits for it; under Registrar.mu

	mu      sync.Mutex
	known   bool // current is what counts; else only the store knows
	current Record
	stored  []Binding // as they are in the store, whose lifetimes are longer
}

// New makes a registrar with nothing loaded.
func New(config Config) (*Registrar, error) {
	if config.Domain == "" {
		return nil, errors.New("registrar: no domain")
	}
	if config.Store == nil {
		config.Store = NewMemory()
	}
	if config.Key == nil {
		config.Key = randomKey()
	}
	if config.FlowUsable == nil {
		config.FlowUsable = func(string) bool { return false }
	}
	g, err := newGRUUs(config.Key)
	if err != nil {
		return nil, err
	}
	longest := cmp.Or(config.Max, 2*time.Hour)
	return &Registrar{config: config, gruus: g, entries: map[string]*entry{}, limits: limits{
		min: min(cmp.Or(config.Min, time.Minute), longest), max: longest,
		standard: min(cmp.Or(config.Default, time.Hour), longest), contacts: cmp.Or(config.MaxContacts, 10),
	}}, nil
}

// maxTries is how often a change is computed again because another process changed the same bindings.
const maxTries = 5

// Register carries out a registration, and is done when it is durable. aor is the canonical address-of-record, sip:USER@Domain; that it exists
// and that the sender may register it is the caller's to know. The errors are those of this package, and the store's.
func (r *Registrar) Register(ctx context.Context, now time.Time, aor sip.URI, reg *Registration) (_ *Answer, err error) {
	var after []Binding
	if reg.fetches() {
		after, err = r.Bindings(ctx, now, aor)
		return &Answer{registrar: r, aor: aor, now: now, registration: reg, Bindings: r.reachable(after)}, err
	}
	err = r.change(ctx, now, aor, func(before []Binding) (_ []Binding, err error) {
		after, err = reg.apply(now, aor, before, r.limits)
		return after, err
	})
	if err != nil {
		return nil, fmt.Errorf("registering %s: %w", aor.String(), err)
	}
	return &Answer{registrar: r, aor: aor, now: now, registration: reg, Bindings: after}, nil
}

// Remove unbinds one contact of a user, or all with "". It says how many it was.
func (r *Registrar) Remove(ctx context.Context, now time.Time, aor sip.URI, contact string) (removed int, err error) {
	err = r.change(ctx, now, aor, func(before []Binding) ([]Binding, error) {
		after := slices.DeleteFunc(slices.Clone(before), func(b Binding) bool { return contact == "" || b.Contact == contact })
		removed = len(before) - len(after)
		return after, nil
	})
	if err != nil {
		return 0, fmt.Errorf("unbinding contacts of %s: %w", aor.String(), err)
	}
	return removed, nil
}

// change computes and stores new bindings, with the address-of-record to itself: "REGISTER requests MUST be processed by a registrar in the
// order that they are received. REGISTER requests MUST also be processed atomically" (RFC 3261 §10.3).
func (r *Registrar) change(ctx context.Context, now time.Time, aor sip.URI, compute func([]Binding) ([]Binding, error)) error {
	key := sip.AddressOfRecord(aor)
	e, err := r.acquire(ctx, key)
	if err != nil {
		return err
	}
	defer r.release(key, e, now)
	for range maxTries {
		if err = r.load(ctx, key, e); err != nil {
			return err
		}
		after, err := compute(r.reachable(live(e.current.Bindings, now)))
		if err != nil {
			return err
		}
		if err = r.save(ctx, e, after); !errors.Is(err, ErrConflict) {
			return err
		}
	}
	return ErrConflict
}

// load asks the store, once. The holder of the turn calls it.
func (r *Registrar) load(ctx context.Context, key string, e *entry) error {
	if e.known {
		return nil
	}
	record, err := r.config.Store.Load(ctx, key)
	if err != nil {
		return err
	}
	record.AOR = key
	e.set(record, record.Bindings)
	return nil
}

// save makes the bindings those that count, and stores them if what is stored does not vouch for them.
func (r *Registrar) save(ctx context.Context, e *entry, after []Binding) error {
	record := Record{AOR: e.current.AOR, Bindings: after, Revision: e.current.Revision}
	if vouches(e.stored, after) {
		e.set(record, e.stored)
		return nil
	}
	stored := record
	stored.Bindings = slices.Clone(after)
	for i := range stored.Bindings {
		stored.Bindings[i].Expires = after[i].Expires.Add(after[i].Lifetime)
	}
	revision, err := r.config.Store.Save(ctx, stored)
	if err != nil {
		e.forget() // also when the store may have it: who knows
		return err
	}
	record.Revision = revision
	e.set(record, stored.Bindings)
	return nil
}

// vouches says that after a crash the stored bindings would be as good as those: the same contacts on the same flows, each for long enough and
// for at most one lifetime too long. See the package comment.
func vouches(stored, wanted []Binding) bool {
	return slices.EqualFunc(stored, wanted, func(s, w Binding) bool {
		return !s.Expires.Before(w.Expires) && !s.Expires.After(w.Expires.Add(w.Lifetime)) &&
			s.Contact == w.Contact && s.Q == w.Q && s.Features == w.Features && slices.Equal(s.Path, w.Path) &&
			s.Instance == w.Instance && s.RegID == w.RegID && slices.Equal(s.GRUUs, w.GRUUs) && s.CallID == w.CallID && s.UserAgent == w.UserAgent &&
			s.Transport == w.Transport && s.Source == w.Source && s.NAT == w.NAT && s.Flow == w.Flow
	})
}

// reachable leaves out the contacts that a closed connection has taken with it: their device has to register again, on a new
// one (RFC 5626 §5.3).
func (r *Registrar) reachable(bindings []Binding) []Binding {
	return slices.DeleteFunc(bindings, r.gone)
}

// gone says that nothing can be sent to a contact any more. Over UDP that cannot be known: the address may still work, also after a restart.
func (r *Registrar) gone(b Binding) bool {
	return b.FlowOnly() && len(b.Path) == 0 && b.Transport != "UDP" && !r.config.FlowUsable(b.Flow)
}

func (r *Registrar) acquire(ctx context.Context, key string) (*entry, error) {
	r.mu.Lock()
	e := r.entries[key]
	if e == nil {
		e = &entry{turn: make(chan struct{}, 1)}
		r.entries[key] = e
	}
	e.users++
	r.mu.Unlock()
	select {
	case e.turn <- struct{}{}:
		return e, nil
	case <-ctx.Done():
		r.drop(key, e, time.Time{}) // with bindings in it, it stays
		return nil, context.Cause(ctx)
	}
}

func (r *Registrar) release(key string, e *entry, now time.Time) {
	<-e.turn
	r.drop(key, e, now)
}

// drop forgets an entry that nobody uses and nobody needs.
func (r *Registrar) drop(key string, e *entry, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e.users--; e.users == 0 && !e.needed(now) {
		delete(r.entries, key)
	}
}

// Sweep frees the memory of what has expired; the store does so by itself.
func (r *Registrar) Sweep(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for key, e := range r.entries {
		if e.users == 0 && !e.needed(now) {
			delete(r.entries, key)
		}
	}
}

func (e *entry) set(current Record, stored []Binding) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.known, e.current, e.stored = true, current, stored
}

func (e *entry) forget() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.known, e.current, e.stored = false, Record{AOR: e.current.AOR}, nil
}

// needed: there are bindings, or the store has some for longer than was said.
func (e *entry) needed(now time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(live(e.current.Bindings, now)) > 0 || len(live(e.stored, now)) > 0
}
