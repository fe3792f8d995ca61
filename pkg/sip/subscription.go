package sip

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ErrSubscriptionDone is the cause of a subscription that ended as it should: unsubscribed, expired, or terminated by us.
var ErrSubscriptionDone = errors.New("subscription is over")

// Subscription is one subscriber and what it wants to know, on the notifier's side. Its methods may be called from any goroutine and wait for
// nothing.
//
// Notifications go one at a time. What changes while one is on its way is told by the next: the newest state wins. A subscription that is
// terminated is told so after the notification under way.
type Subscription struct {
	notifier *Notifier
	dialog   *Dialog
	owned    bool // the dialog is there for the subscription alone
	pkg      *EventPackage
	event    Event
	grant    Grant
	source   source
	done     chan struct{}

	mu         sync.Mutex
	mediaType  string
	benotify   bool // the subscriber does not answer notifications
	autoExtend bool // each of which renews the subscription
	state      SubscriptionState
	lifetime   time.Duration
	expires    time.Time
	expiry     *time.Timer
	head       *head // of its notifications; owned by who sends one
	due        urgency
	full       bool   // the next document is for somebody who knows nothing
	since      uint64 // Revision of the last document that reached the subscriber
	version    uint32 // of that document
	next       time.Time
	wake       *time.Timer
	sending    bool
	held       bool // a SUBSCRIBE is being answered
	failures   int  // notifications in a row that were refused
	closed     bool
}

// urgency of the next notification.
type urgency int

const (
	nothing urgency = iota
	changed         // may wait for its turn
	atOnce
)

// begin registers a subscription for which there is room. [Subscription.answer] brings it to life: until then nothing is sent.
func (s *Subscription) begin() {
	s.state, s.full, s.held = SubscriptionState{State: SubscriptionActive}, true, true
	if s.grant.Pending {
		s.state.State = SubscriptionPending
	}
	s.notifier.add(s)
	if s.grant.Opened != nil {
		s.grant.Opened(s)
	}
	context.AfterFunc(s.dialog.Context(), func() { s.close(context.Cause(s.dialog.Context())) })
}

// Dialog is where the notifications go.
func (s *Subscription) Dialog() *Dialog { return s.dialog }

// Event is what the subscription is about.
func (s *Subscription) Event() Event { return s.event }

// Done is closed when the subscription is over and its last notification has been answered.
func (s *Subscription) Done() <-chan struct{} { return s.done }

// State is how the subscription stands, with the time that is left.
func (s *Subscription) State() SubscriptionState {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stateLocked()
}

func (s *Subscription) stateLocked() SubscriptionState {
	state := s.state
	state.Expires = max(0, time.Until(s.expires))
	return state
}

// Changed says that there is news. The subscriber is told at once, or as soon as the package's Interval allows.
func (s *Subscription) Changed() { s.want(changed) }

// Activate ends the state pending: the subscriber is told everything.
func (s *Subscription) Activate() {
	s.mu.Lock()
	pending := s.state.State == SubscriptionPending
	if pending {
		s.state.State, s.full = SubscriptionActive, true
	}
	s.mu.Unlock()
	if pending {
		s.want(atOnce)
	}
}

// Terminate ends the subscription and tells the subscriber why (RFC 6665 §4.2.2). retryAfter is for Probation and GaveUp, 0 is none.
func (s *Subscription) Terminate(reason string, retryAfter time.Duration) {
	s.mu.Lock()
	already := s.state.State == SubscriptionTerminated
	if !already {
		s.state = SubscriptionState{State: SubscriptionTerminated, Reason: reason, RetryAfter: retryAfter}
		stop(s.expiry)
	}
	s.mu.Unlock()
	if !already {
		s.want(atOnce)
	}
}

// answer accepts a SUBSCRIBE, the first or another, or a REFER. "Upon successfully accepting or refreshing a subscription, notifiers MUST send a
// NOTIFY request immediately to communicate the current resource state to the subscriber" (§4.2.1.2).
func (s *Subscription) answer(tx *ServerTransaction, expires time.Duration, code int) {
	s.learn(tx.req, expires)
	headers := []Header{NewHeader("Expires", seconds(expires)), NewHeader("Event", s.event.String())}
	told := s.piggyback(tx)
	var body []byte
	contentType := ""
	if told != nil {
		body, contentType = told.body, told.mediaType
		headers = append(headers, told.headers...)
	}
	if s.benotifies() {
		headers = append(headers, NewHeader("Supported", optionBENOTIFY+", "+optionPiggyback))
	}
	if err := tx.Respond(s.dialog.response(tx, code, contentType, body, headers)); err != nil {
		s.notifier.log.Debug("SUBSCRIBE not answered", "event", s.event.Package, "err", err)
		s.close(err)
		return
	}
	s.answered(told)
}

// learn takes over what a SUBSCRIBE says of the subscriber.
func (s *Subscription) learn(req *Request, expires time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.benotify = HasOption(req, "Supported", optionBENOTIFY)
	s.autoExtend = s.benotify && HasOption(req, "Supported", optionAutoExtend)
	s.full, s.held = true, true
	if expires == 0 && s.state.State != SubscriptionTerminated {
		// "an immediate fetch without a persistent subscription may be effected by sending a SUBSCRIBE with an "Expires" of 0" (§4.4.3); in a
		// subscription that there is it is the end (§4.1.2.3).
		s.state = SubscriptionState{State: SubscriptionTerminated, Reason: TimedOut}
	}
	s.lifetime = expires
	s.prolong()
}

// prolong is called with mu held.
func (s *Subscription) prolong() {
	stop(s.expiry)
	s.expires = time.Now().Add(s.lifetime)
	if s.lifetime > 0 && s.state.State != SubscriptionTerminated && !s.closed {
		s.expiry = time.AfterFunc(s.lifetime, s.onExpiry)
	}
}

// onExpiry tells the subscriber that it did not refresh in time (§4.2.2).
func (s *Subscription) onExpiry() {
	s.mu.Lock()
	early := time.Until(s.expires) > 0 // prolonged while the timer fired
	s.mu.Unlock()
	if !early {
		s.Terminate(TimedOut, 0)
	}
}

// refresh answers another SUBSCRIBE for the same event in the same dialog.
func (s *Subscription) refresh(tx *ServerTransaction) {
	expires, mediaType, refused := s.pkg.read(tx.req)
	switch {
	case refused != nil:
		tx.Reply(refused.code, refused.headers...)
		return
	case s.over():
		// The last notification is on its way.
		tx.Reply(481)
		return
	}
	s.mu.Lock()
	s.mediaType = mediaType
	s.mu.Unlock()
	s.answer(tx, expires, 200)
}

func (s *Subscription) over() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed || s.state.State == SubscriptionTerminated
}

// close forgets the subscription without a word. A dialog that was there for it alone is over with it.
func (s *Subscription) close(cause error) {
	s.mu.Lock()
	already := s.closed
	s.closed = true
	stop(s.expiry)
	stop(s.wake)
	s.state.State = SubscriptionTerminated
	s.mu.Unlock()
	if already {
		return
	}
	s.notifier.remove(s)
	if s.owned {
		s.dialog.end(fmt.Errorf("%w: %w", ErrDialogDone, cause))
	}
	close(s.done)
	if s.grant.Closed != nil {
		s.grant.Closed(s, cause)
	}
}
