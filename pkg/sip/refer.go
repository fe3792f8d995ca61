package sip

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"
)

// ErrReferTo is a Refer-To that cannot be obeyed.
var ErrReferTo = errors.New("bad Refer-To")

// ReferTo is whom a REFER names, and what for (RFC 3515 §2.1).
type ReferTo struct {
	URI      URI    // without method and headers
	Method   Method // INVITE when the URI names none
	Replaces string // of the request that is to be sent (RFC 3891); "" when there is none
}

// ParseReferTo reads the Refer-To of a request: "An agent responding to a REFER method MUST return a 400 (Bad Request) if the request contained
// zero or more than one Refer-To header field values" (RFC 3515 §2.4.2). Headers in its URI are refused with ErrReferTo, unless they are Replaces
// or do no harm: "An implementation SHOULD NOT honor these obviously dangerous header fields: From, Call-ID, CSeq, Via, and Record-Route. An
// implementation SHOULD NOT honor any requested Route header field values" (RFC 3261 §19.1.5).
func ParseReferTo(req *Request) (ReferTo, error) {
	var values []string
	for _, h := range req.Headers() {
		if sameName(h.Name(), "Refer-To") {
			values = append(values, h.Value())
		}
	}
	if len(values) != 1 {
		return ReferTo{}, fmt.Errorf("%w: %d of them", ErrReferTo, len(values))
	}
	return parseReferTo(values[0])
}

func parseReferTo(value string) (ReferTo, error) {
	uri, err := ParseURI(addressIn(value))
	if err != nil {
		return ReferTo{}, fmt.Errorf("%w: %w", ErrReferTo, err)
	}
	if strings.ContainsFunc(uri.String(), func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return ReferTo{}, fmt.Errorf("%w: a control character", ErrReferTo)
	}
	to := ReferTo{Method: INVITE}
	if method, ok := lookup(uri.UriParams, "method"); ok {
		to.Method = Method(strings.ToUpper(method))
	}
	for _, h := range uri.Headers {
		if err := to.readHeader(h.K, h.V); err != nil {
			return ReferTo{}, err
		}
	}
	uri.Headers = nil
	uri.UriParams = withoutParam(uri.UriParams, "method")
	to.URI = uri
	return to, nil
}

// harmless headers in a URI are left out, not obeyed.
var harmless = []string{"Subject", "Priority", "Organization", "Reason", "Referred-By", "User-Agent", "Accept-Language", "Require", "Supported"}

func (to *ReferTo) readHeader(name, value string) error {
	switch {
	case sameName(name, "Replaces"):
		text, err := url.PathUnescape(value)
		if err != nil || to.Replaces != "" || text != clean(text) {
			return fmt.Errorf("%w: Replaces %.80q", ErrReferTo, value)
		}
		to.Replaces = text
		return nil
	case isOneOf(longName(name), harmless):
		return nil
	}
	return fmt.Errorf("%w: header %.40q", ErrReferTo, name)
}

// addressIn is the URI of `"name" <uri>;params` or of `uri;params`: "if the URI contains a comma, question mark or semicolon, the URI MUST be
// enclosed in angle brackets", else "any parameters are header-parameters" (RFC 3261 §20).
func addressIn(value string) string {
	start, quoted := -1, false
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '<' && start < 0:
			start = i + 1
		case c == '>' && start >= 0:
			return strings.TrimSpace(value[start:i])
		}
	}
	bare, _, _ := strings.Cut(value, ";")
	return strings.TrimSpace(bare)
}

func withoutParam(params Params, name string) (rest Params) {
	for _, p := range params {
		if !strings.EqualFold(p.K, name) {
			rest = append(rest, p)
		}
	}
	return rest
}

// referTime is how long the subscription of a REFER lasts: longer than a telephone rings.
const referTime = 3 * time.Minute

// referPackage is the event package of RFC 3515 §3. Nobody subscribes to it but by REFER: a SUBSCRIBE that finds no such subscription gets 403.
func referPackage() EventPackage {
	return EventPackage{
		Name: "refer", Types: []string{"message/sipfrag;version=2.0"}, Min: time.Second, Default: referTime, Max: referTime, Interval: time.Second / 2,
	}
}

// Referral is a REFER that was accepted, and its sender who is told what comes of it.
type Referral struct {
	subscription *Subscription // nil when the sender does not want to know

	mu      sync.Mutex
	status  string
	changes uint64
	begun   bool // 100 was told
}

// Refer answers a REFER with 202 and tells its sender `100 Trying`; then [Referral.Progress] and, in the end, [Referral.Finish] must be called. d is
// the dialog in which it came; nil makes one, with contact as our URI. "Refer-Sub: false" makes neither dialog nor subscription (RFC 4488).
// Nothing is answered when there is an error: [ErrOverload] when there are too many.
func (n *Notifier) Refer(tx *ServerTransaction, d *Dialog, contact URI) (*Referral, error) {
	if value, _ := splitParams(HeaderValue(tx.req, "Refer-Sub")); strings.EqualFold(value, "false") {
		return &Referral{}, tx.Reply(202, NewHeader("Refer-Sub", "false"))
	}
	source := sourceOf(tx.Source().Addr())
	if !n.reserve(source, tx) {
		tx.ua.stats.overloaded.Add(1)
		return nil, fmt.Errorf("subscription of REFER: %w", ErrOverload)
	}
	owned := d == nil
	if owned {
		var err error
		if d, err = tx.ua.NewServerDialog(tx, contact, &subscriptionDialog{n}); err != nil {
			n.unreserve(source)
			return nil, err
		}
	}
	r := &Referral{status: "100 Trying"}
	p := n.packageOf(Event{Package: "refer"})
	r.subscription = &Subscription{
		notifier: n, dialog: d, owned: owned, pkg: p, event: n.referEvent(d, tx.req), grant: Grant{State: r.state}, source: source,
		mediaType: p.Types[0], done: make(chan struct{}),
	}
	r.subscription.begin()
	r.subscription.answer(tx, referTime, 202)
	return r, nil
}

// referEvent: "For the second and subsequent REFER requests a UA receives in a given dialog, the agent MUST include an id parameter in the Event
// header field of each NOTIFY" with the CSeq number of the REFER; for the first it MAY (RFC 3515 §2.4.6), and some do not expect it.
func (n *Notifier) referEvent(d *Dialog, req *Request) Event {
	event := Event{Package: "refer"}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.referred {
		event.ID = fmt.Sprint(req.CSeq().SeqNo)
	}
	d.referred = true
	return event
}

// state makes the message/sipfrag: "The body of each NOTIFY MUST begin with a SIP Response Status-Line" (RFC 3515 §2.4.5).
func (r *Referral) state(context.Context, StateRequest) (StateDocument, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	status := r.status
	if !r.begun {
		r.begun, status = true, "100 Trying"
	}
	return StateDocument{Body: []byte("SIP/2.0 " + status + "\r\n"), Revision: 1 + r.changes}, nil
}

// Progress tells a provisional status: 180.
func (r *Referral) Progress(code int) {
	if r.set(code, "") {
		r.subscription.Changed()
	}
}

// Finish tells the final status and ends the subscription. An empty reason is the standard text.
func (r *Referral) Finish(code int, reason string) {
	if r.set(code, reason) {
		r.subscription.Terminate(NoResource, 0)
	}
}

func (r *Referral) set(code int, reason string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = fmt.Sprintf("%d %s", code, clean(or(reason, ReasonPhrase(code))))
	r.changes++
	return r.subscription != nil
}
