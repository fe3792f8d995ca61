package testenv

import (
	"context"
	"errors"
	"sync"
	"testing/synctest"
	"time"

	"github.com/seed-f3cefc8c/focus/internal/roster"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// Reader is a phone's subscription to the roster of a conference.
type Reader struct {
	*sip.Subscriber
	w *World

	mu     sync.Mutex
	roster roster.Roster
	states []sip.SubscriptionState // of the notifications so far
	at     []time.Time
	err    error // of the first document that could not be applied
}

// Subscribes asks for the roster of a conference outside of calls, and gets it.
func (p *Phone) Subscribes(id string) *Reader {
	p.w.Helper()
	r, err := p.subscribe(id, nil)
	if err != nil {
		p.w.Fatalf("%s subscribes to %s: %v", p.Name, id, err)
	}
	return r
}

// SubscribesInCall does so in the dialog of the call.
func (p *Phone) SubscribesInCall() *Reader {
	p.w.Helper()
	r, err := p.subscribe("", p.dialog)
	if err != nil {
		p.w.Fatalf("%s subscribes in the call: %v", p.Name, err)
	}
	return r
}

// MayNotSubscribe wants a refusal with that status.
func (p *Phone) MayNotSubscribe(id string, status int) {
	p.w.Helper()
	_, err := p.subscribe(id, nil)
	var refused *sip.StatusError
	if !errors.As(err, &refused) || refused.Code != status {
		p.w.Errorf("%s subscribes to %s: %v, want %d", p.Name, id, err, status)
	}
}

func (p *Phone) subscribe(id string, dialog *sip.Dialog) (*Reader, error) {
	p.w.Helper()
	from, err := sip.ParseURI(p.From)
	if err != nil {
		p.w.Fatal(err)
	}
	r := &Reader{w: p.w}
	asked := sip.Subscribing{
		From: from, Contact: sip.URI{Scheme: "sip", User: p.Name, Host: p.Host, Port: 5060}, Event: sip.Event{Package: "conference"},
		Accept: []string{confinfo.MediaType}, Expires: time.Hour, Dialog: dialog, Notified: r.notified,
		Credentials: func(string) (string, string, bool) { return p.User, p.Pass, p.User != "" },
	}
	if dialog == nil {
		asked.Target = sip.URI{Scheme: "sip", User: id, Host: "192.0.2.1", Port: 5060}
	}
	known := make(chan struct{})
	if dialog != nil {
		p.mu.Lock()
		p.notified = func(d *sip.Dialog, tx *sip.ServerTransaction) {
			<-known // a NOTIFY may come before the 200
			r.Subscriber.ServeDialog(d, tx)
		}
		p.mu.Unlock()
	}
	r.Subscriber, err = p.UA.Subscribe(context.Background(), asked)
	close(known)
	synctest.Wait()
	return r, err
}

func (r *Reader) notified(state sip.SubscriptionState, notify *sip.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.states, r.at = append(r.states, state), append(r.at, time.Now())
	if body := notify.Body(); len(body) > 0 {
		if err := r.roster.Apply(body); err != nil && r.err == nil {
			r.err = err
		}
	}
}

// Roster is what the subscriber believes now. That every document could be applied is checked here.
func (r *Reader) Roster() *roster.Roster {
	r.w.Helper()
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		r.w.Errorf("a document could not be applied: %v", r.err)
	}
	believed := r.roster
	return &believed
}

// Told is when notifications came, and how the subscription stood after the last one.
func (r *Reader) Told() (at []time.Time, last sip.SubscriptionState) {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.states) > 0 {
		last = r.states[len(r.states)-1]
	}
	return append(at, r.at...), last
}
