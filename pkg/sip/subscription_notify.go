package sip

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// Extensions of [MS-SIP] that a subscriber may support.
const (
	optionBENOTIFY   = "ms-benotify"               // notifications as BENOTIFY, which nobody answers
	optionPiggyback  = "ms-piggyback-first-notify" // the first one in the 200 of SUBSCRIBE
	optionAutoExtend = "com.microsoft.autoextend"  // each notification renews the subscription
	headerPiggyback  = "ms-piggyback-cseq"         // the CSeq that the notification in a 200 would have had
)

// maxFailures is how many notifications in a row a subscriber may refuse.
const maxFailures = 3

// notice is one notification.
type notice struct {
	state     SubscriptionState
	mediaType string
	since     uint64
	version   uint32
	forced    bool // is sent even if nothing has changed
	benotify  bool

	body     []byte
	revision uint64
	headers  []Header
}

func (s *Subscription) want(u urgency) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.due = max(s.due, u)
	s.kick()
}

// kick sends what is due, if nothing is on its way and the time has come. Called with mu held.
func (s *Subscription) kick() {
	if s.due == nothing || s.sending || s.held || s.closed {
		return
	}
	if wait := time.Until(s.next); wait > 0 && s.due != atOnce {
		stop(s.wake)
		s.wake = time.AfterFunc(wait, func() { s.want(nothing) })
		return
	}
	told := s.take()
	s.sending = s.start(told) // if not, the user agent is closing, and its dialogs with it
}

// start has one notification sent. What everybody at the same revision is told is there, or quickly made: those go out one after the other. Who knows
// nothing may have to wait for his document.
func (s *Subscription) start(told *notice) bool {
	ua := s.dialog.ua
	if told.since == 0 {
		return ua.spawn(func() { s.tell(told) })
	}
	return ua.out.post(func() { s.tell(told) })
}

// take is what the subscriber is to be told now. Called with mu held.
func (s *Subscription) take() *notice {
	if s.autoExtend && s.state.State == SubscriptionActive {
		s.prolong()
	}
	told := &notice{
		state: s.stateLocked(), mediaType: s.mediaType, since: s.since, version: s.version + 1, forced: s.due == atOnce, benotify: s.benotify,
	}
	if s.full {
		told.since = 0
	}
	s.due, s.full = nothing, false
	s.next = time.Now().Add(s.pkg.Interval)
	return told
}

// tell has the document made and sends it.
func (s *Subscription) tell(told *notice) {
	s.describe(s.dialog.Context(), told)
	if told.body == nil && !told.forced {
		s.sent(told, false)
		return
	}
	switch repeated, err := s.repeat(told); {
	case err != nil:
		s.fails(err)
	case repeated && told.benotify:
		s.came(told, nil, nil)
	case repeated:
	case told.since == 0:
		s.ask(told)
	default:
		s.dialog.ua.spawn(func() { s.ask(told) })
	}
}

// ask sends a notification the ordinary way and waits for what comes back.
func (s *Subscription) ask(told *notice) {
	res, err := s.send(told)
	s.came(told, res, err)
}

// heard is told, on the goroutine that reads, what came back for a notification that was repeated. What ends subscriptions may take a while.
func (s *Subscription) heard(told *notice, t *ClientTransaction, res *Response, err error) {
	switch {
	case err == nil && res == nil:
		s.came(told, nil, nil)
	case err == nil && res.IsSuccess():
		s.dialog.learn(t, res, nil)
		s.came(told, res, nil)
	default:
		s.dialog.ua.spawn(func() { s.came(told, res, err) })
	}
}

// came looks at what came back; neither response nor error is a 2xx, or nothing that could come.
func (s *Subscription) came(told *notice, res *Response, err error) {
	switch {
	case err != nil:
		s.fails(err)
	case told.state.State == SubscriptionTerminated:
		s.close(ErrSubscriptionDone)
	case res == nil || res.IsSuccess():
		s.sent(told, true)
	default:
		s.refused(told, res)
	}
}

// fails: "If a NOTIFY request fails due to expiration of SIP Timer F (transaction timeout), the notifier SHOULD remove the subscription" (§4.2.2).
func (s *Subscription) fails(err error) { s.close(fmt.Errorf("notifying: %w", err)) }

// describe has the document made. It is empty while the subscription is pending: the subscriber is not to know.
func (s *Subscription) describe(ctx context.Context, told *notice) {
	defer func() {
		if p := recover(); p != nil {
			s.dialog.ua.panicked("describing "+s.event.Package, p)
		}
	}()
	if told.state.State == SubscriptionPending || told.state.Reason == Rejected || s.grant.State == nil {
		return
	}
	document, err := s.grant.State(ctx, StateRequest{Subscription: s, MediaType: told.mediaType, Since: told.since, Version: told.version})
	if err != nil {
		s.notifier.log.Warn("no state for a subscriber", "event", s.event.Package, "err", err)
		return
	}
	told.body, told.revision = document.Body, document.Revision
}

// repeat sends a notification as the head of the last one says; false when it must go the ordinary way, which may take its time.
func (s *Subscription) repeat(told *notice) (ok bool, err error) {
	expires := told.state.Expires
	if told.state != (SubscriptionState{State: SubscriptionActive, Expires: expires}) || len(told.body) == 0 {
		return false, nil
	}
	d, method := s.dialog, NOTIFY
	if d.callDigest() != nil { // no two requests have the same credentials
		return false, nil
	}
	if told.benotify {
		method = BENOTIFY
	}
	known := s.head
	way, r, ok := d.wayAtHand(known.size(told.body))
	if !ok {
		return false, nil
	}
	s.head = d.headFor(known, origin{method: method, event: s.event.String(), mediaType: told.mediaType, way: way})
	if h := s.head; h == nil || known == nil && r != nil && h.size(told.body) > d.ua.cfg.MaxDatagram { // then next time it is known
		return false, nil
	}
	seq, err := d.number(method)
	if err != nil {
		return false, err
	}
	branch := NewBranch()
	wire := s.head.request(branch, seq, expires, told.body)
	if told.benotify {
		return true, way.write(wire)
	}
	t := &ClientTransaction{
		ua: d.ua, key: clientKey{branch, method}, to: way, method: method, seq: seq, route: r, head: s.head, wire: wire,
	}
	t.answered = func(res *Response, err error) { s.heard(told, t, res, err) }
	return true, t.launch()
}

func (s *Subscription) send(told *notice) (*Response, error) {
	headers := []Header{NewHeader("Event", s.event.String()), NewHeader("Subscription-State", told.state.String())}
	if told.benotify {
		return nil, s.dialog.Send(s.dialog.Context(), BENOTIFY, told.mediaType, told.body, headers...)
	}
	// Not by Dialog.Request: that a dialog is over because a notification was refused is true only of a dialog of our own (RFC 5057 §5.1).
	t, res, err := s.dialog.ask(s.dialog.Context(), NOTIFY, told.mediaType, told.body, headers)
	if err == nil && res.IsSuccess() {
		s.dialog.learn(t, res, nil)
	}
	return res, err
}

// sent notes what the subscriber knows now.
func (s *Subscription) sent(told *notice, reached bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sending = false
	if reached {
		s.failures = 0
	}
	if reached && told.body != nil {
		s.since, s.version = told.revision, told.version
	}
	s.kick()
}

// refused is a notification that came back. After 404, 405, 410, 416, 480-485, 489, 501 and 604 the subscription is over (§4.2.2). After others it
// goes on, when Retry-After says or with the next change, but not for ever.
func (s *Subscription) refused(told *notice, res *Response) {
	wait, again := retryAfterOf(res)
	s.mu.Lock()
	s.failures++
	s.full = s.full || told.since == 0
	fatal := endsSubscription(res.StatusCode) || res.StatusCode == 408 || s.failures >= maxFailures
	if !fatal {
		s.sending = false
		if again {
			s.next, s.due = time.Now().Add(wait), changed
		}
		s.kick()
	}
	s.mu.Unlock()
	if fatal {
		s.close(&StatusError{res.StatusCode, res.Reason, res})
	}
}

// endsSubscription is the list of §4.1.2.2 and §4.2.2.
func endsSubscription(code int) bool {
	switch code {
	case 404, 405, 410, 416, 489, 501, 604:
		return true
	}
	return code >= 480 && code <= 485
}

func (s *Subscription) benotifies() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.benotify
}

// piggyback is the notification that goes with a 200, if the subscriber wants it there. Nil when there is no document, or another notification
// is on its way.
func (s *Subscription) piggyback(tx *ServerTransaction) *notice {
	if !HasOption(tx.req, "Supported", optionPiggyback) {
		return nil
	}
	s.mu.Lock()
	if s.sending || s.closed {
		s.mu.Unlock()
		return nil
	}
	told := s.take()
	s.mu.Unlock()
	if s.describe(tx.Context(), told); told.body == nil {
		return nil
	}
	told.headers = []Header{NewHeader("Subscription-State", told.state.String()), NewHeader(headerPiggyback, s.nextSeq())}
	return told
}

// nextSeq uses up the sequence number that the notification would have had as a request.
func (s *Subscription) nextSeq() string {
	s.dialog.mu.Lock()
	defer s.dialog.mu.Unlock()
	s.dialog.s.LocalSeq++
	return strconv.FormatUint(uint64(s.dialog.s.LocalSeq), 10)
}

// answered goes on after the 200, which may have brought a notification.
func (s *Subscription) answered(told *notice) {
	s.mu.Lock()
	s.held = false
	over := told != nil && told.state.State == SubscriptionTerminated
	switch {
	case told == nil:
		s.due, s.full = atOnce, true
	case told.body != nil:
		s.since, s.version = told.revision, told.version
	}
	if !over {
		s.kick()
	}
	s.mu.Unlock()
	if over {
		s.close(ErrSubscriptionDone)
	}
}
