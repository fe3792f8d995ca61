package sip

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// DialogID names a dialog from our side (RFC 3261 §12).
type DialogID struct{ CallID, LocalTag, RemoteTag string }

// State is how far a dialog is.
type State int

const (
	Early State = iota
	Confirmed
	Terminated
)

func (s State) String() string { return [...]string{"early", "confirmed", "terminated"}[s] }

// DialogHandler is told what happens in a dialog. Calls for one dialog come one at a time and in the order in which the messages arrived; they
// hold back the next message of the dialog, so they should not block.
type DialogHandler interface {
	// ServeDialog gets a request whose CSeq is in order: INFO, BYE, re-INVITE, UPDATE, NOTIFY. Each wants an answer, by tx or [Dialog.AcceptTx].
	// The dialog is over when a BYE has been answered, but for a challenge.
	ServeDialog(d *Dialog, tx *ServerTransaction)
	// Acknowledged gets the ACK of a 2xx that we sent; its body may be the answer to our offer. After 64*T1 without one, ack is nil and err wraps
	// ErrNoAck: "the dialog is confirmed, but the session SHOULD be terminated" with Bye (RFC 3261 §13.3.1.4).
	Acknowledged(d *Dialog, ack *Request, err error)
}

// Dialog is a peer-to-peer relation that lasts for several requests (RFC 3261 §12). Its methods may be called from any goroutine.
type Dialog struct {
	ua      *UserAgent
	handler DialogHandler
	ctx     context.Context
	cancel  context.CancelCauseFunc

	mu       sync.Mutex
	s        DialogState
	link     link                // of the peer's last message; nil after RestoreDialog
	incoming *ServerTransaction  // an INVITE of the peer not finally answered, the first or another
	first    bool                // incoming is the one that made the dialog
	outgoing bool                // an INVITE of ours not finally answered
	inviting *ClientTransaction  // ours that made the dialog, while early
	unacked  map[uint32]*unacked // 2xx of ours that want their ACK, by CSeq
	lastAck  sentAck             // the ACK of the last 2xx to an INVITE of ours
	leaving  bool                // BYE is on its way
	bound    bool                // our INVITE went over a Flow, and so does what follows
	share    func()              // lets go of the peer's share of dialogs; nil for ours
	referred bool                // the peer has sent a REFER
	digest   *callDigest         // answers what the peer asks for; nil: we have no credentials

	exchange  Exchange           // of offer and answer
	updating  bool               // an UPDATE of ours not answered
	updated   *ServerTransaction // an UPDATE of the peer not answered
	rel       *reliability       // of our provisional responses; mostly nil
	heardSeq  uint32             // CSeq of the INVITE to which the peer's last reliable provisional response came
	heardRSeq uint32             // its RSeq
	alarm     *time.Timer        // of the session timer
}

// newDialog registers a dialog.
func (ua *UserAgent) newDialog(s DialogState, l link, h DialogHandler) (*Dialog, error) {
	d := &Dialog{ua: ua, handler: h, s: s, link: l, unacked: map[uint32]*unacked{}}
	d.ctx, d.cancel = context.WithCancelCause(ua.ctx)
	if !ua.dialogs.add(d.ID(), d) {
		d.cancel(ErrOverload)
		return nil, fmt.Errorf("dialog with %s: %w", s.RemoteURI, ErrOverload)
	}
	return d, nil
}

func (d *Dialog) ID() DialogID {
	d.mu.Lock()
	defer d.mu.Unlock()
	return DialogID{d.s.CallID, d.s.LocalTag, d.s.RemoteTag}
}

func (d *Dialog) State() State {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.s.State
}

// Local is our URI in From or To, without tag.
func (d *Dialog) Local() URI { return d.uri(func(s *DialogState) string { return s.LocalURI }) }

// Remote is the peer's URI in From or To, without tag.
func (d *Dialog) Remote() URI { return d.uri(func(s *DialogState) string { return s.RemoteURI }) }

// RemoteTarget is where the peer's Contact says it is.
func (d *Dialog) RemoteTarget() URI {
	return d.uri(func(s *DialogState) string { return s.RemoteTarget })
}

func (d *Dialog) uri(pick func(*DialogState) string) URI {
	d.mu.Lock()
	defer d.mu.Unlock()
	uri, _ := ParseURI(pick(&d.s)) // checked when it came in
	return uri
}

// Done is closed when the dialog is over: BYE of either side, a refusal, 481, 408 or no answer to one of our requests.
func (d *Dialog) Done() <-chan struct{} { return d.ctx.Done() }

// Context ends with Done; its cause says why.
func (d *Dialog) Context() context.Context { return d.ctx }

// SetContactParams adds parameters to our Contact header, for example isfocus (RFC 4579 §5.1). Call it before the first response.
func (d *Dialog) SetContactParams(params Params) {
	d.mu.Lock()
	defer d.mu.Unlock()
	contact := parseContact(d.s.Contact)
	contact.Params = params
	d.s.Contact = contact.Value()
}

func parseContact(text string) *ContactHeader {
	if contact, ok := typedHeader("Contact", text).(*ContactHeader); ok {
		return contact
	}
	return &ContactHeader{}
}

// end is the end of the dialog. "The UAS MUST still respond to any pending requests received for that dialog. It is RECOMMENDED that a 487
// (Request Terminated) response be generated to those pending requests" (RFC 3261 §15.1.2).
func (d *Dialog) end(cause error) {
	if pending := d.abandon(cause); pending != nil {
		pending.Reply(487)
	}
}

// abandon forgets the dialog without a word.
func (d *Dialog) abandon(cause error) (pending *ServerTransaction) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.s.State == Terminated {
		return nil
	}
	d.s.State = Terminated
	for seq, u := range d.unacked {
		u.finish(cause)
		delete(d.unacked, seq)
	}
	pending, d.incoming = d.incoming, nil
	d.endReliable()
	stop(d.alarm)
	id := DialogID{d.s.CallID, d.s.LocalTag, d.s.RemoteTag}
	d.ua.dialogs.remove(id, d)
	if d.s.Session {
		d.ua.ended.add(id, time.Now())
	}
	letGo(d.share)
	d.cancel(cause)
	return pending
}
