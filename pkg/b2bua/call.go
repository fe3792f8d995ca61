package b2bua

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// Outgoing is a call that we place.
type Outgoing struct {
	// Devices all ring at once; the first that answers gets the call. The ways to one device are tried one after the other (RFC 5626 §5.3). The leg
	// fills in what it knows: the offer, our Contact's parameters, the handler.
	Devices [][]sip.Invitation
	// Ringing is told about a 180 or 183, perhaps more than once. Early media is not heard: nobody is in the conference who has not answered.
	Ringing func()
}

// ErrNoDevice: there is nowhere to call.
var ErrNoDevice = errors.New("nowhere to call")

// calling is the time of a leg from NewOutgoing until somebody has answered, or nobody has.
type calling struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	over   chan struct{} // closed by Place
}

// NewOutgoing makes the leg of a call that [Leg.Place] will make. [Leg.Bye] may be called at any time.
func NewOutgoing(config Config) *Leg {
	l := &Leg{config: config, calling: &calling{over: make(chan struct{})}, greeted: true}
	l.calling.ctx, l.calling.cancel = context.WithCancelCause(context.Background())
	return l
}

// Place calls, and returns when somebody has answered and agreed on media, or nobody has: a *sip.StatusError if all refused, the cause of ctx if it
// ended first. An offer of the endpoint goes out with INVITE; the answer comes in the 2xx. After an error call Bye, and remove the endpoint.
func (l *Leg) Place(ctx context.Context, ua *sip.UserAgent, call Outgoing) (err error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	defer context.AfterFunc(l.calling.ctx, func() { stop(context.Cause(l.calling.ctx)) })()
	defer close(l.calling.over)
	if len(call.Devices) == 0 {
		return ErrNoDevice
	}
	offer, err := l.config.Endpoint.Add(ctx, nil)
	if err != nil {
		return fmt.Errorf("asking the MCU for an offer: %w", err)
	}
	for _, device := range call.Devices {
		for i := range device {
			l.complete(&device[i], offer, call.Ringing)
		}
	}
	dialog, res, err := ring(ctx, ua, call.Devices)
	if err != nil {
		return err
	}
	l.dialog = dialog
	if err = l.agree(ctx, res); err != nil {
		return err
	}
	l.watch()
	return nil
}

func (l *Leg) complete(inv *sip.Invitation, offer Description, ringing func()) {
	inv.Handler, inv.ContactParams = l, l.config.Params
	inv.ContentType, inv.Body = offer.body()
	inv.Headers = append(inv.Headers, AllowHeader(), recvInfoHeader())
	inv.Provisional = func(_ *sip.Dialog, res *sip.Response) {
		if res.StatusCode > 100 && ringing != nil {
			ringing()
		}
	}
}

// agree carries the answer of the 2xx to the endpoint.
func (l *Leg) agree(ctx context.Context, res *sip.Response) error {
	answer, err := descriptionOf(res, Answer)
	if err == nil && answer == nil {
		err = ErrNoAnswer
	}
	if err == nil {
		_, err = l.config.Endpoint.Modify(ctx, *answer)
	}
	if err != nil {
		return fmt.Errorf("answer of %s: %w", l.dialog.Remote().Host, err)
	}
	return nil
}

// attempt is what came of one device.
type attempt struct {
	dialog *sip.Dialog
	res    *sip.Response
	err    error
}

// ring calls all devices at once. The first that answers wins, and a 6xx of one speaks for all of them (RFC 3261 §16.7, step 5). Else the error is
// 486 if one said so, or that of the least status.
func ring(ctx context.Context, ua *sip.UserAgent, devices [][]sip.Invitation) (*sip.Dialog, *sip.Response, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	attempts := make(chan attempt, len(devices))
	for _, ways := range devices {
		go func() { attempts <- try(ctx, ua, ways) }()
	}
	best := attempt{err: ErrNoDevice}
	for range devices {
		a := <-attempts
		switch {
		case a.err == nil && best.dialog != nil: // two answered at the same moment; ends with the user agent
			go func() {
				_ = a.dialog.Bye(context.WithoutCancel(ctx), sip.ReasonHeader("SIP", 200, "Call completed elsewhere"))
			}()
			continue
		case a.err == nil || best.dialog == nil && rank(a.err) < rank(best.err):
			best = a
		}
		if best.dialog != nil || rank(best.err) == 0 {
			cancel()
		}
	}
	return best.dialog, best.res, best.err
}

// try calls one device by the ways that lead there. A way that is gone, or a proxy that has lost it (430), says nothing about the next.
func try(ctx context.Context, ua *sip.UserAgent, ways []sip.Invitation) (a attempt) {
	a.err = ErrNoDevice
	for _, inv := range ways {
		a.dialog, a.res, a.err = ua.Invite(ctx, inv)
		var refused *sip.StatusError
		if a.err == nil || ctx.Err() != nil || errors.As(a.err, &refused) && refused.Code != 430 {
			break
		}
	}
	return a
}

// rank orders what is said of a call that failed: 6xx before all, then 486 and the other refusals, then those that were not reached.
func rank(err error) int {
	var refused *sip.StatusError
	switch {
	case errors.Is(err, ErrNoDevice):
		return 10_001
	case !errors.As(err, &refused):
		return 10_000
	case refused.Code >= 600:
		return 0
	case refused.Code == 486:
		return 1
	}
	return refused.Code
}

// ErrHungUp is the cause of a call that we gave up: Bye was called.
var ErrHungUp = errors.New("the call was given up")

// giveUp ends the ringing and waits for Place.
func (c *calling) giveUp() {
	c.cancel(ErrHungUp)
	<-c.over
}

// wait lets requests of the dialog wait for the end of Place, and answers those that cannot: before the 2xx our offer has no answer, so that an
// UPDATE or INVITE gets 491 (RFC 3311 §5.2), and of several dialogs of a forked call only one is kept.
func (l *Leg) wait(d *sip.Dialog, tx *sip.ServerTransaction) bool {
	if l.calling == nil {
		return true
	}
	if d.State() == sip.Early {
		code := 481
		if method := tx.Request().Method; method == sip.UPDATE || method == sip.INVITE {
			code = 491
		}
		_ = tx.Reply(code)
		return false
	}
	select {
	case <-l.calling.over:
	case <-tx.Done():
		return false
	}
	if l.dialog != d {
		_ = tx.Reply(481)
		return false
	}
	return true
}

// Dialog is the SIP dialog; of a call of ours, once it was answered.
func (l *Leg) Dialog() *sip.Dialog { return l.dialog }

// Peer is the address from which the other side's last message came; not valid before there was one.
func (l *Leg) Peer() netip.Addr {
	if l.dialog == nil {
		return netip.Addr{}
	}
	return l.dialog.Snapshot().Peer.Addr()
}

// Target is where the other side wants the requests of the dialog; zero before there is one.
func (l *Leg) Target() sip.URI {
	if l.dialog == nil {
		return sip.URI{}
	}
	return l.dialog.RemoteTarget()
}
