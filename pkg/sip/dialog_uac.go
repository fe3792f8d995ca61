package sip

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
)

// Invitation is an INVITE that we send to make a dialog. Target, From and Handler must be there.
type Invitation struct {
	Target           URI
	From, To         URI // To zero is Target
	FromName, ToName string
	Contact          URI  // zero is the user of From at the socket that is used
	Flow             Flow // over which it goes, as [SetFlow] has it; zero looks for the Target
	ContactParams    Params
	Headers          []Header
	ContentType      string
	Body             []byte // the offer; without one the peer makes it, and Answer is asked
	Handler          DialogHandler

	// Provisional sees each 1xx in order; d is nil when it makes no early dialog (100).
	Provisional func(d *Dialog, res *Response)
	// Answer makes the body of the ACK from a 2xx that holds the peer's offer, or of the PRACK from a reliable provisional response with it.
	Answer func(res *Response) (contentType string, body []byte)
	// Credentials are asked when the peer answers 401 or 407, to the INVITE or to what follows in the dialog. An answer that it does not take is not
	// given again: ErrBadCredentials.
	Credentials func(realm string) (username, password string, ok bool)
}

// Invite sends an INVITE and waits until somebody accepts it: the first 2xx wins and is acknowledged, other branches of a forked call are
// acknowledged and ended by BYE, also those that come later. When ctx ends the INVITE is cancelled. A refusal is a *[StatusError]. The response
// is the final one, or nil.
func (ua *UserAgent) Invite(ctx context.Context, inv Invitation) (*Dialog, *Response, error) {
	req, a, raised := ua.newInvite(&inv), attempt{digest: newCallDigest(inv.Credentials)}, false
	for {
		d, res, err := ua.inviteOnce(ctx, &inv, req, a.digest)
		if res == nil || err == nil {
			return d, res, err
		}
		again, ok := (*Request)(nil), false
		switch {
		case a.again(res):
			again, ok = nextTry(req), true
		case a.refused:
			return d, res, fmt.Errorf("%w: %w", ErrBadCredentials, err)
		case res.StatusCode == 422 && !raised:
			raised = true
			again, ok = raiseInvite(req, res)
		}
		if !ok {
			return d, res, err
		}
		a.digest.sign(again)
		if req = again; inv.Contact.Host == "" { // it may take another way
			req.Contact().Address.Host = ""
		}
	}
}

func (ua *UserAgent) newInvite(inv *Invitation) *Request {
	req := NewRequest(INVITE, inv.Target)
	to := inv.To
	if to.Host == "" {
		to = *inv.Target.Clone()
		to.Headers = nil
	}
	req.AppendHeader(&FromHeader{DisplayName: inv.FromName, Address: inv.From, Params: tagParam(NewTag())})
	req.AppendHeader(&ToHeader{DisplayName: inv.ToName, Address: to})
	addHeaders(req, inv.Headers)
	SetFlow(req, inv.Flow)
	addHeaders(req, ua.proposal())
	ua.addSupported(req)
	contact := inv.Contact
	if contact.Host == "" { // named once the way is known
		contact = URI{Scheme: "sip", User: inv.From.User}
	}
	req.AppendHeader(&ContactHeader{Address: contact, Params: inv.ContactParams})
	SetBody(req, inv.ContentType, inv.Body)
	return req
}

// call is one INVITE of ours and the dialogs that come of it.
type call struct {
	ua     *UserAgent
	inv    *Invitation
	digest *callDigest
	req    *Request
	t      *ClientTransaction

	mu      sync.Mutex
	dialogs map[string]*Dialog // by remote tag
	winner  *Dialog
	over    bool // nobody waits for a winner any more
}

func (ua *UserAgent) inviteOnce(ctx context.Context, inv *Invitation, req *Request, digest *callDigest) (*Dialog, *Response, error) {
	c := &call{ua: ua, inv: inv, digest: digest, req: req, dialogs: map[string]*Dialog{}}
	t, err := ua.launch(ctx, req, flow{}, &ClientTransaction{take: c.take, moved: c.moved})
	if err != nil {
		return nil, nil, err
	}
	c.mu.Lock()
	c.t = t
	for _, d := range c.dialogs {
		d.setInviting(t)
	}
	c.mu.Unlock()
	d, res, err := c.wait(ctx, t)
	if err != nil {
		return nil, res, fmt.Errorf("inviting %s: %w", inv.Target.String(), err)
	}
	return d, res, nil
}

// moved: the INVITE goes to another server now, and may have another Contact.
func (c *call) moved(req *Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.req = req
}

func (c *call) sent() *Request {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.req
}

func (c *call) wait(ctx context.Context, t *ClientTransaction) (*Dialog, *Response, error) {
	for {
		res, err := t.Next(ctx)
		switch {
		case err != nil:
			t.Cancel()
			if w := c.close(err); w != nil { // a 2xx that was not read in time
				c.release(w)
			}
			return nil, nil, or(context.Cause(ctx), err)
		case res.IsProvisional():
			c.provisional(ctx, res)
		case res.IsSuccess():
			return c.accepted(ctx, res)
		default:
			refused := &StatusError{res.StatusCode, res.Reason, res}
			c.close(refused)
			return nil, res, refused
		}
	}
}

func (c *call) provisional(ctx context.Context, res *Response) {
	d := c.dialogOf(res)
	if c.inv.Provisional != nil {
		c.inv.Provisional(d, res)
	}
	if d == nil {
		return
	}
	if err := d.prack(ctx, res, c.inv.Answer); err != nil {
		c.ua.log.Debug("no PRACK", "err", err)
	}
}

func (c *call) accepted(ctx context.Context, res *Response) (*Dialog, *Response, error) {
	d := c.dialogOf(res)
	c.endOthers(d, ErrDialogDone)
	if d == nil {
		return nil, res, fmt.Errorf("2xx: %w", or(errNoContact, ErrDialogDone))
	}
	var contentType string
	var body []byte
	if c.inv.Answer != nil && d.owesAnswer() {
		contentType, body = c.inv.Answer(res)
	}
	if err := d.acknowledge(ctx, c.sent(), contentType, body); err != nil {
		d.end(err)
		return nil, res, err
	}
	return d, res, nil
}

// take looks at each response when it arrives, so that the dialog is there before the next message of it is read.
func (c *call) take(res *Response) bool {
	if res.StatusCode == 100 || res.StatusCode >= 300 {
		return false
	}
	d, fresh := c.learn(res)
	if !res.IsSuccess() {
		return d != nil && !d.inOrder(res)
	}
	if d != nil && fresh {
		d.inOrder(res)
	}
	c.mu.Lock()
	wins := c.winner == nil && !c.over
	if wins {
		c.winner = d
	}
	winner := c.winner
	c.mu.Unlock()
	switch {
	case wins:
		return false
	case d == nil:
	case d == winner || !fresh:
		d.acknowledgeAgain(res.CSeq().SeqNo)
	default:
		// "The UAC core MUST generate an ACK request for each 2xx ... If a UAC does not wish to continue with the dialog it sends a BYE"
		// (RFC 3261 §13.2.2.4).
		c.release(d)
	}
	return true
}

// release acknowledges a dialog that nobody wants, and ends it.
func (c *call) release(d *Dialog) {
	c.ua.spawn(func() {
		ctx, cancel := context.WithTimeout(c.ua.ctx, c.ua.cfg.Timers.giveUp())
		defer cancel()
		d.acknowledge(ctx, c.sent(), "", nil)
		d.Bye(ctx)
	})
}

// learn finds or makes the dialog of a 1xx or 2xx (§12.1.2). fresh is true for a first 2xx in it. The dialog is nil when the response cannot make
// one, or there are too many.
func (c *call) learn(res *Response) (d *Dialog, fresh bool) {
	tag, ok := tagOf(res.To().Params)
	if !ok && !res.IsSuccess() {
		return nil, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if d = c.dialogs[tag]; d == nil || d.State() == Terminated {
		if res.Contact() == nil && res.IsSuccess() {
			return nil, false
		}
		var err error
		if d, err = c.ua.newDialog(c.state(res, tag), nil, c.inv.Handler); err != nil {
			c.ua.log.Warn("no dialog", "err", err)
			return nil, false
		}
		d.setInviting(c.t)
		d.signsBy(c.digest)
		d.bound = c.inv.Flow.Transport() != ""
		d.asked(c.req)
		c.dialogs[tag] = d
	}
	return d, d.update(res)
}

// state is the dialog as the response makes it: "The route set MUST be set to the list of URIs in the Record-Route header field from the response,
// taken in reverse order" (§12.1.2).
func (c *call) state(res *Response, tag string) DialogState {
	from, to := c.req.From(), c.req.To()
	localTag, _ := tagOf(from.Params)
	return DialogState{
		CallID: c.req.CallID().Value(), LocalTag: localTag, RemoteTag: tag, Caller: true,
		LocalURI: from.Address.String(), RemoteURI: to.Address.String(), LocalName: from.DisplayName, RemoteName: to.DisplayName,
		RemoteTarget: c.req.Recipient.String(), Contact: c.req.Contact().Value(), LocalSeq: c.req.CSeq().SeqNo, Session: true,
	}
}

func (c *call) dialogOf(res *Response) *Dialog {
	tag, _ := tagOf(res.To().Params)
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dialogs[tag]
}

// close says that nobody waits any more and ends the early dialogs; a winner that nobody took is returned.
func (c *call) close(cause error) (unclaimed *Dialog) {
	c.mu.Lock()
	c.over = true
	unclaimed, c.winner = c.winner, nil
	c.mu.Unlock()
	if errors.Is(cause, context.Canceled) || errors.Is(cause, context.DeadlineExceeded) {
		cause = ErrDialogDone
	}
	c.endOthers(unclaimed, cause)
	return unclaimed
}

func (c *call) endOthers(winner *Dialog, cause error) {
	c.mu.Lock()
	var others []*Dialog
	for _, d := range c.dialogs {
		if d != winner && d.State() == Early {
			others = append(others, d)
		}
	}
	c.mu.Unlock()
	for _, d := range others {
		d.end(cause)
	}
}

// asked notes the INVITE of which the dialog came.
func (d *Dialog) asked(req *Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.exchange.request(Carrier{true, req.CSeq().SeqNo}, INVITE, isDescribed(req))
}

func (d *Dialog) setInviting(t *ClientTransaction) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.inviting = t
}

// update takes target, routes and address from a 1xx or 2xx to our first INVITE. True when it confirmed the dialog.
func (d *Dialog) update(res *Response) (confirmed bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.s.State != Early {
		return false
	}
	d.refresh(res.Contact())
	d.s.RouteSet = nil
	for _, h := range res.GetHeaders("record-route") {
		d.s.RouteSet = append([]string{h.(*RecordRouteHeader).Address.String()}, d.s.RouteSet...)
	}
	d.s.Transport = res.Transport()
	if peer, err := netip.ParseAddrPort(res.Source()); err == nil {
		target, _ := ParseURI(d.s.RemoteTarget)
		d.s.Peer, d.s.Symmetric = peer, (behindNAT(res, target, peer) || d.bound) && len(d.s.RouteSet) == 0
		if s := d.ua.links.stream(d.s.Transport, peer); s != nil {
			d.link = s
		}
	}
	d.learnAllow(res)
	if res.IsSuccess() {
		d.s.State, d.inviting = Confirmed, nil
		d.learnSession(res)
	}
	return res.IsSuccess()
}
