package sip

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

// EventPackage is what RFC 6665 §5.4 asks of an event package.
type EventPackage struct {
	Name  string   // "conference"
	Types []string // media types of its documents, the default first
	// What a SUBSCRIBE asks for becomes at most Max; less than Min is refused with 423; Default is for who asks for nothing.
	// Zero is 60 s, one hour, one hour.
	Min, Default, Max time.Duration
	// Interval is the least time between two notifications to one subscriber: the first change is told at once, and what changes in between
	// is told together. Zero is no bound.
	Interval time.Duration
	// Subscribe decides about a new subscription, on the goroutine of the request; it may block. An error is answered by
	// NotifierConfig.Refuse. Nil refuses all: such subscriptions are made by other requests only (REFER).
	Subscribe func(ctx context.Context, r SubscribeRequest) (Grant, error)
}

// SubscribeRequest is a SUBSCRIBE that is understood.
type SubscribeRequest struct {
	Transaction *ServerTransaction
	Dialog      *Dialog // that it came in; nil when it makes one
	Event       Event
	Expires     time.Duration // granted if there is no error; 0: the state now and nothing more
	MediaType   string        // of the documents
}

// Grant is a subscription that is allowed.
type Grant struct {
	Contact URI // ours in the dialog, when the SUBSCRIBE makes one
	// Pending keeps the state from the subscriber until [Subscription.Activate].
	Pending bool
	// State makes a document for one subscriber. When Since is 0 it is called on a goroutine of its own and may block until ctx ends; otherwise all
	// who are told of a change wait for it. An error is logged, and nothing is told.
	State func(ctx context.Context, r StateRequest) (StateDocument, error)
	// Opened is told about the subscription before its first notification, Closed when it is over. Both may be nil.
	Opened func(s *Subscription)
	Closed func(s *Subscription, cause error)
}

// StateRequest is a document that a subscriber is to be sent.
type StateRequest struct {
	Subscription *Subscription
	MediaType    string
	Since        uint64 // what the subscriber knows: Revision of the last document that reached it; 0 wants the full state
	Version      uint32 // of the document: 1, 2, 3 … for this subscription
}

// StateDocument is the state that a subscriber is told.
type StateDocument struct {
	Body     []byte // nil: nothing has changed since
	Revision uint64 // that it brings the subscriber to
}

// NotifierConfig is what a [Notifier] needs. All fields may be left zero.
type NotifierConfig struct {
	Packages     []EventPackage
	Max          int             // subscriptions, 5000; beyond it 503
	MaxPerSource int             // of one IPv4 address or IPv6 /64, 200
	Exempt       func(Peer) bool // from MaxPerSource: who sends for many. Nil is nobody
	// Refuse answers a SUBSCRIBE that EventPackage.Subscribe did not allow, or for which there is no room (ErrOverload). Nil answers 403 and 503.
	Refuse func(tx *ServerTransaction, err error)
	Logger *slog.Logger // nil is silent
}

// Notifier is the server side of event subscriptions (RFC 6665 §4.2): it answers SUBSCRIBE and sends NOTIFY, whatever the package. It is safe for
// concurrent use.
type Notifier struct {
	cfg NotifierConfig
	log *slog.Logger

	mu        sync.Mutex
	open      map[subscriptionKey]*Subscription
	reserved  int // of those about to be opened
	perSource map[source]int
}

type subscriptionKey struct {
	dialog *Dialog
	event  Event
}

// NewNotifier makes one without subscriptions.
func NewNotifier(cfg NotifierConfig) *Notifier {
	cfg.Max, cfg.MaxPerSource = or(cfg.Max, 5000), or(cfg.MaxPerSource, 200)
	cfg.Packages = append([]EventPackage{referPackage()}, cfg.Packages...)
	for i := range cfg.Packages {
		p := &cfg.Packages[i]
		p.Min, p.Max = or(p.Min, time.Minute), or(p.Max, time.Hour)
		p.Default = min(or(p.Default, time.Hour), p.Max)
	}
	if cfg.Refuse == nil {
		cfg.Refuse = refuseSubscribe
	}
	return &Notifier{
		cfg: cfg, log: or(cfg.Logger, slog.New(slog.DiscardHandler)),
		open: map[subscriptionKey]*Subscription{}, perSource: map[source]int{},
	}
}

// AllowEvents is the header that lists the packages to which one can subscribe (RFC 6665 §8.2.2): comma separated without spaces, since there
// are clients that read nothing else.
func (n *Notifier) AllowEvents() Header {
	var names []string
	for _, p := range n.cfg.Packages {
		names = append(names, p.Name)
	}
	return NewHeader("Allow-Events", strings.Join(names, ","))
}

// Len is how many subscriptions there are.
func (n *Notifier) Len() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.open)
}

// Serve answers a SUBSCRIBE: outside of dialogs (d is nil), in a dialog of a subscription, or in one that an INVITE has made.
func (n *Notifier) Serve(tx *ServerTransaction, d *Dialog) {
	event, err := ParseEvent(HeaderValue(tx.req, "Event"))
	p := n.packageOf(event)
	if err != nil || p == nil {
		// "the notifier SHOULD check that the event package specified in the "Event" header is understood. If not, the notifier SHOULD return a
		// "489 Bad Event" response" (§4.2.1.1); Allow-Events belongs in it.
		tx.Reply(489, n.AllowEvents())
		return
	}
	if s := n.find(d, event); s != nil {
		s.refresh(tx)
		return
	}
	if p.Subscribe == nil {
		tx.Reply(403, n.AllowEvents())
		return
	}
	n.subscribe(tx, d, p, event)
}

func (n *Notifier) subscribe(tx *ServerTransaction, d *Dialog, p *EventPackage, event Event) {
	r := SubscribeRequest{Transaction: tx, Dialog: d, Event: event}
	var refused *refusedSubscribe
	if r.Expires, r.MediaType, refused = p.read(tx.req); refused != nil {
		tx.Reply(refused.code, refused.headers...)
		return
	}
	source := sourceOf(tx.Source().Addr())
	if !n.reserve(source, tx) {
		tx.ua.stats.overloaded.Add(1)
		n.cfg.Refuse(tx, fmt.Errorf("subscription of %s: %w", tx.Source().Addr(), ErrOverload))
		return
	}
	grant, err := p.Subscribe(tx.Context(), r)
	if err != nil {
		n.unreserve(source)
		n.cfg.Refuse(tx, err)
		return
	}
	owned := d == nil
	if owned {
		if d, err = tx.ua.NewServerDialog(tx, grant.Contact, &subscriptionDialog{n}); err != nil {
			n.unreserve(source)
			n.cfg.Refuse(tx, err)
			return
		}
	}
	s := &Subscription{notifier: n, dialog: d, owned: owned, pkg: p, event: event, grant: grant, source: source, mediaType: r.MediaType, done: make(chan struct{})}
	s.begin()
	s.answer(tx, r.Expires, 200)
}

func refuseSubscribe(tx *ServerTransaction, err error) {
	if errors.Is(err, ErrOverload) {
		tx.Reply(503, NewHeader("Retry-After", "5"))
		return
	}
	tx.Reply(403)
}

// refusedSubscribe is the answer to a SUBSCRIBE that a package cannot serve.
type refusedSubscribe struct {
	code    int
	headers []Header
}

// read takes expiry and media type off a SUBSCRIBE.
func (p *EventPackage) read(req *Request) (time.Duration, string, *refusedSubscribe) {
	mediaType := acceptable(req, p.Types)
	if mediaType == "" {
		return 0, "", &refusedSubscribe{406, []Header{NewHeader("Accept", strings.Join(p.Types, ", "))}}
	}
	text := HeaderValue(req, "Expires")
	if text == "" && HasOption(req, "Supported", optionAutoExtend) {
		return p.Max, mediaType, nil // it relies on notifications to renew it, and nothing may happen for long
	}
	if text == "" {
		return p.Default, mediaType, nil
	}
	expires, ok := deltaSeconds(text)
	switch {
	case !ok:
		return 0, "", &refusedSubscribe{400, nil}
	case expires > 0 && expires < p.Min:
		// "If and only if the expiration interval is greater than zero AND smaller than one hour AND less than a notifier-configured minimum, the
		// notifier MAY return a "423 Interval too small" error which contains a "Min-Expires" header field" (§4.2.1.1).
		return 0, "", &refusedSubscribe{423, []Header{NewHeader("Min-Expires", seconds(p.Min))}}
	}
	// "The period of time in the response MAY be shorter but MUST NOT be longer than specified in the request" (§4.2.1.1).
	return min(expires, p.Max), mediaType, nil
}

func (n *Notifier) packageOf(e Event) *EventPackage {
	if i := slices.IndexFunc(n.cfg.Packages, func(p EventPackage) bool { return p.Name == e.Package }); i >= 0 {
		return &n.cfg.Packages[i]
	}
	return nil
}

func (n *Notifier) find(d *Dialog, event Event) *Subscription {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.open[subscriptionKey{d, event}]
}

// reserve makes room for a subscription; openSubscription takes it, or unreserve gives it back.
func (n *Notifier) reserve(source source, tx *ServerTransaction) bool {
	exempt := n.cfg.Exempt != nil && n.cfg.Exempt(tx.Peer())
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.open)+n.reserved >= n.cfg.Max || !exempt && n.perSource[source] >= n.cfg.MaxPerSource {
		return false
	}
	n.reserved++
	n.perSource[source]++
	return true
}

func (n *Notifier) unreserve(source source) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.reserved--
	n.leave(source)
}

// leave is called with mu held.
func (n *Notifier) leave(source source) {
	if n.perSource[source]--; n.perSource[source] <= 0 {
		delete(n.perSource, source)
	}
}

func (n *Notifier) add(s *Subscription) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.reserved--
	n.open[subscriptionKey{s.dialog, s.event}] = s
}

func (n *Notifier) remove(s *Subscription) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if key := (subscriptionKey{s.dialog, s.event}); n.open[key] == s {
		delete(n.open, key)
		n.leave(s.source)
	}
}

func (n *Notifier) all() (all []*Subscription) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, s := range n.open {
		all = append(all, s)
	}
	return all
}

// Close ends all subscriptions, tells the subscribers to come again after that time, and waits for their answers as long as ctx does.
func (n *Notifier) Close(ctx context.Context, retryAfter time.Duration) error {
	ending := n.all()
	for _, s := range ending {
		s.Terminate(Probation, retryAfter)
	}
	for _, s := range ending {
		select {
		case <-s.Done():
		case <-ctx.Done():
			return fmt.Errorf("ending subscriptions: %w", context.Cause(ctx))
		}
	}
	return nil
}

// subscriptionDialog serves a dialog that a SUBSCRIBE or a REFER has made.
type subscriptionDialog struct{ notifier *Notifier }

func (h *subscriptionDialog) ServeDialog(d *Dialog, tx *ServerTransaction) {
	switch tx.req.Method {
	case SUBSCRIBE:
		h.notifier.Serve(tx, d)
	case NOTIFY:
		tx.Reply(481) // nobody here subscribed to anything
	default:
		tx.Reply(405, NewHeader("Allow", "SUBSCRIBE"))
	}
}

func (h *subscriptionDialog) Acknowledged(*Dialog, *Request, error) {}
