package sip

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
)

// Subscribing is a subscription that we want. Target, From and Event must be there.
type Subscribing struct {
	Target   URI
	From, To URI // To zero is Target
	Contact  URI // zero is the user of From at the socket that is used
	Event    Event
	Accept   []string      // media types
	Expires  time.Duration // asked for; 0 fetches the state once
	Headers  []Header      // of each SUBSCRIBE
	// Dialog is one that there is already; its handler must give us its NOTIFYs by [Subscriber.ServeDialog]. Nil makes one.
	Dialog *Dialog
	// Credentials are asked when the notifier answers 401 or 407, unless the Dialog has some.
	Credentials func(realm string) (username, password string, ok bool)
	// Notified gets each NOTIFY before it is answered with 200, one at a time and in order; it should not block.
	Notified func(state SubscriptionState, notify *Request)
}

// Subscriber is the other side of a [Subscription] (RFC 6665 §4.1): it subscribes, refreshes, and is over when the notifier says so, does not know it
// any more, or does not refresh it. Its methods may be called from any goroutine.
type Subscriber struct {
	ua     *UserAgent
	cfg    Subscribing
	first  *Request // of a dialog that there is not yet
	digest *callDigest
	ctx    context.Context
	cancel context.CancelCauseFunc

	mu      sync.Mutex
	dialog  *Dialog // nil until the first NOTIFY, which makes it (§4.4.1)
	state   SubscriptionState
	leaving bool
	expires time.Time
	limit   *time.Timer // the end of the subscription, or of waiting for the first NOTIFY (Timer N)
	renewal *time.Timer
}

// Subscribe sends a SUBSCRIBE and waits until it is accepted: a refusal is a *[StatusError]. The first notification may come before that.
func (ua *UserAgent) Subscribe(ctx context.Context, cfg Subscribing) (*Subscriber, error) {
	s := &Subscriber{
		ua: ua, cfg: cfg, digest: newCallDigest(cfg.Credentials), dialog: cfg.Dialog, state: SubscriptionState{State: "", Expires: cfg.Expires},
	}
	s.ctx, s.cancel = context.WithCancelCause(ua.ctx)
	if cfg.Dialog != nil {
		if cfg.Dialog.callDigest() == nil {
			cfg.Dialog.signsBy(s.digest)
		}
		context.AfterFunc(cfg.Dialog.Context(), func() { s.finish(context.Cause(cfg.Dialog.Context())) })
	}
	res, err := s.subscribe(ctx)
	if err == nil && !res.IsSuccess() {
		err = &StatusError{res.StatusCode, res.Reason, res}
	}
	if err != nil {
		s.finish(err)
		return nil, fmt.Errorf("subscribing to %s: %w", cfg.Event, err)
	}
	s.accepted(res)
	return s, nil
}

// State is what the notifier said last. The State in it is empty until it says something.
func (s *Subscriber) State() SubscriptionState {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

// Done is closed when the subscription is over; Err then says why.
func (s *Subscriber) Done() <-chan struct{} { return s.ctx.Done() }

// Err is nil while the subscription lives, and [ErrSubscriptionDone] when it ended as it should: see State for the notifier's reason.
func (s *Subscriber) Err() error { return context.Cause(s.ctx) }

// subscribe sends the SUBSCRIBE that makes the subscription.
func (s *Subscriber) subscribe(ctx context.Context) (*Response, error) {
	if s.cfg.Dialog != nil {
		return s.ask(ctx, s.cfg.Dialog, s.cfg.Expires)
	}
	req, err := s.newRequest(ctx)
	if err != nil {
		return nil, err
	}
	localTag, _ := tagOf(req.From().Params)
	s.first = req // nobody else knows of us yet
	id := DialogID{CallID: req.CallID().Value(), LocalTag: localTag}
	if !s.ua.subscribers.add(id, s) {
		return nil, ErrOverload
	}
	context.AfterFunc(s.ctx, func() { s.ua.subscribers.remove(id, s) })
	for a := (attempt{digest: s.digest}); ; {
		res, err := s.ua.Do(ctx, req)
		if err != nil || !a.again(res) {
			return res, err
		}
		req = nextTry(req)
		s.digest.sign(req)
		s.mu.Lock()
		s.first = req
		s.mu.Unlock()
	}
}

func (s *Subscriber) newRequest(ctx context.Context) (*Request, error) {
	to := s.cfg.To
	if to.Host == "" {
		to = *s.cfg.Target.Clone()
		to.Headers = nil
	}
	req := NewRequest(SUBSCRIBE, s.cfg.Target)
	req.AppendHeader(&FromHeader{Address: s.cfg.From, Params: tagParam(NewTag())})
	req.AppendHeader(&ToHeader{Address: to})
	callID := CallIDHeader(NewCallID())
	req.AppendHeader(&callID)
	req.AppendHeader(&CSeqHeader{SeqNo: 1, MethodName: SUBSCRIBE})
	addHeaders(req, s.headers(s.cfg.Expires))
	contact := s.cfg.Contact
	if contact.Host == "" {
		way, err := s.ua.flowTo(ctx, req)
		if err != nil {
			return nil, err
		}
		contact = s.ua.contactURI(way, s.cfg.From.User)
	}
	req.AppendHeader(&ContactHeader{Address: contact})
	return req, nil
}

func (s *Subscriber) headers(expires time.Duration) []Header {
	headers := []Header{NewHeader("Event", s.cfg.Event.String()), NewHeader("Expires", seconds(expires))}
	if len(s.cfg.Accept) > 0 {
		headers = append(headers, NewHeader("Accept", strings.Join(s.cfg.Accept, ", ")))
	}
	return append(headers, s.cfg.Headers...)
}

// ask sends a SUBSCRIBE in the dialog. A refusal does not end a dialog that there was before us.
func (s *Subscriber) ask(ctx context.Context, d *Dialog, expires time.Duration) (*Response, error) {
	t, res, err := d.ask(ctx, SUBSCRIBE, "", nil, s.headers(expires))
	if err == nil && res.IsSuccess() {
		d.learn(t, res, nil)
	}
	return res, err
}

// accepted: without a NOTIFY in 64*T1, Timer N, the subscription has failed (§4.1.2.4).
func (s *Subscriber) accepted(res *Response) {
	granted, ok := deltaSeconds(HeaderValue(res, "Expires"))
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.State == "" {
		s.limit = time.AfterFunc(s.ua.cfg.Timers.giveUp(), func() { s.finish(fmt.Errorf("%w: no NOTIFY", ErrTimeout)) })
	}
	if ok {
		s.lasts(granted)
	}
}

// lasts sets when the subscription ends, and when it is refreshed: well before. Called with mu held.
func (s *Subscriber) lasts(d time.Duration) {
	if s.leaving || s.ctx.Err() != nil {
		return
	}
	s.expires = time.Now().Add(d)
	stop(s.renewal)
	s.renewal = nil
	if s.state.State == "" || s.state.State == SubscriptionTerminated || d <= 0 {
		return
	}
	stop(s.limit)
	s.limit = time.AfterFunc(d, func() { s.finish(fmt.Errorf("%w: not refreshed", ErrTimeout)) })
	s.renewal = time.AfterFunc(margin(d), func() { s.ua.spawn(s.renew) })
}

// margin is when a subscription of that length is refreshed: 32 seconds, the time of a transaction, before its end, or halfway.
func margin(d time.Duration) time.Duration { return max(d-32*time.Second, d/2) }

// renew refreshes. "If a SUBSCRIBE request to refresh a subscription receives a 404, 405, 410, 416, 480-485, 489, 501, or 604 response, the
// subscriber MUST consider the subscription terminated"; after others "the original subscription is still considered valid" (§4.1.2.2) and it
// is tried again in half of the time that is left.
func (s *Subscriber) renew() {
	s.mu.Lock()
	d := s.dialog
	s.mu.Unlock()
	res, err := s.ask(s.ctx, d, s.cfg.Expires)
	if err == nil && res.StatusCode == 423 {
		if least, ok := deltaSeconds(HeaderValue(res, "Min-Expires")); ok {
			res, err = s.ask(s.ctx, d, least)
		}
	}
	switch {
	case err == nil && res.IsSuccess():
		if granted, ok := deltaSeconds(HeaderValue(res, "Expires")); ok {
			s.mu.Lock()
			s.lasts(granted)
			s.mu.Unlock()
		}
	case err == nil && endsSubscription(res.StatusCode):
		s.finish(&StatusError{res.StatusCode, res.Reason, res})
	default:
		s.mu.Lock()
		if left := time.Until(s.expires) / 2; left > time.Second && s.ctx.Err() == nil && !s.leaving {
			s.renewal = time.AfterFunc(left, func() { s.ua.spawn(s.renew) })
		}
		s.mu.Unlock()
	}
}

// Unsubscribe ends the subscription and waits for the notifier's last word, as long as ctx does.
func (s *Subscriber) Unsubscribe(ctx context.Context) error {
	s.mu.Lock()
	d := s.dialog
	s.leaving = true
	stop(s.renewal)
	stop(s.limit)
	s.mu.Unlock()
	defer s.finish(ErrSubscriptionDone)
	if d == nil || s.ctx.Err() != nil {
		return nil
	}
	res, err := s.ask(ctx, d, 0)
	if err == nil && !res.IsSuccess() {
		err = &StatusError{res.StatusCode, res.Reason, res}
	}
	if err != nil {
		return fmt.Errorf("unsubscribing from %s: %w", s.cfg.Event, err)
	}
	select {
	case <-s.ctx.Done():
	case <-ctx.Done():
	case <-time.After(s.ua.cfg.Timers.giveUp()):
	}
	return nil
}

// subscriberOf is who waits for a NOTIFY that belongs to no dialog yet.
func (ua *UserAgent) subscriberOf(req *Request) *Subscriber {
	if req.Method != NOTIFY {
		return nil
	}
	localTag, _ := tagOf(req.To().Params)
	s, _ := ua.subscribers.get(DialogID{CallID: req.CallID().Value(), LocalTag: localTag})
	return s
}

// meet makes the dialog of the first NOTIFY. Other notifiers, to whom the SUBSCRIBE was forked, get 481: we want one (§5.4.9).
func (s *Subscriber) meet(tx *ServerTransaction) {
	remoteTag, _ := tagOf(tx.req.From().Params)
	s.mu.Lock()
	if s.dialog != nil || s.ctx.Err() != nil {
		s.mu.Unlock()
		tx.Reply(481)
		return
	}
	d, err := s.ua.newDialog(s.dialogState(tx, remoteTag), tx.from.link, subscriberDialog{s})
	if err == nil {
		d.signsBy(s.digest)
	}
	s.dialog = d
	s.mu.Unlock()
	if err != nil {
		tx.Reply(503)
		return
	}
	context.AfterFunc(d.Context(), func() { s.finish(context.Cause(d.Context())) })
	d.serve(tx)
}

// dialogState is the dialog as the NOTIFY makes it (§4.4.1). Called with mu held.
func (s *Subscriber) dialogState(tx *ServerTransaction, remoteTag string) DialogState {
	from, to := s.first.From(), s.first.To()
	localTag, _ := tagOf(from.Params)
	state := DialogState{
		CallID: s.first.CallID().Value(), LocalTag: localTag, RemoteTag: remoteTag, Caller: true, State: Confirmed,
		LocalURI: from.Address.String(), RemoteURI: to.Address.String(), LocalName: from.DisplayName, RemoteName: to.DisplayName,
		RemoteTarget: s.first.Recipient.String(), Contact: s.first.Contact().Value(), LocalSeq: s.first.CSeq().SeqNo,
		Transport: tx.Transport(), Peer: tx.Source(),
	}
	if contact := tx.req.Contact(); contact != nil && isSIP(contact.Address) && contact.Address.Host != "" {
		state.RemoteTarget, state.Symmetric = contact.Address.String(), behindNAT(tx.req, contact.Address, tx.Source())
	}
	for _, h := range tx.req.GetHeaders("record-route") {
		state.RouteSet = append(state.RouteSet, h.(*RecordRouteHeader).Address.String())
	}
	return state
}

// subscriberDialog serves a dialog that is there for our subscription alone.
type subscriberDialog struct{ subscriber *Subscriber }

func (h subscriberDialog) ServeDialog(d *Dialog, tx *ServerTransaction) {
	if tx.req.Method != NOTIFY {
		tx.Reply(405, NewHeader("Allow", "NOTIFY"))
		return
	}
	h.subscriber.ServeDialog(d, tx)
}

func (h subscriberDialog) Acknowledged(*Dialog, *Request, error) {}

// ServeDialog takes a NOTIFY of the dialog: 481 if it is not about this subscription, 400 if it does not say how that stands.
func (s *Subscriber) ServeDialog(_ *Dialog, tx *ServerTransaction) {
	event, err := ParseEvent(HeaderValue(tx.req, "Event"))
	state, stateErr := ParseSubscriptionState(HeaderValue(tx.req, "Subscription-State"))
	switch {
	case err != nil || event.Package != s.cfg.Event.Package:
		tx.Reply(489)
		return
	case event != s.cfg.Event || s.ctx.Err() != nil:
		tx.Reply(481)
		return
	case stateErr != nil:
		tx.Reply(400)
		return
	}
	s.learn(state)
	if s.cfg.Notified != nil {
		s.cfg.Notified(state, tx.req)
	}
	tx.Reply(200)
	if state.State == SubscriptionTerminated {
		s.finish(ErrSubscriptionDone)
	}
}

// learn: "If the header also contains an "expires" parameter, the subscriber SHOULD take it as the authoritative subscription duration and adjust
// accordingly" (§4.1.3).
func (s *Subscriber) learn(state SubscriptionState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = state
	switch left := time.Until(s.expires); {
	case state.Expires >= 0:
		s.lasts(state.Expires)
	case left > 0:
		s.lasts(left)
	default:
		s.lasts(s.cfg.Expires)
	}
}

// finish forgets the subscription, and the dialog if it was there for it alone.
func (s *Subscriber) finish(cause error) {
	s.mu.Lock()
	stop(s.limit)
	stop(s.renewal)
	d := s.dialog
	s.mu.Unlock()
	s.cancel(cause)
	if d != nil && d != s.cfg.Dialog {
		d.end(ErrDialogDone)
	}
}
