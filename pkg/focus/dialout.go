package focus

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/b2bua"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// DialOut is somebody whom a conference calls.
type DialOut struct {
	By          conference.Actor // who may: conference.AddUserDialOut
	Target      conference.URI
	DisplayName string
	Role        conference.Role // "": what it would be for who dials in
	Replaces    string          // of a call at the target that this one replaces (RFC 3891); "": none
	// Progress is told that it rings (180), and once in the end a final status: 200 for somebody who is in. It must not block; nil is nobody.
	Progress func(status int)
}

// DialOut calls somebody into a conference. It returns when the roster shows the call as dialing-out; what comes of it is told by Progress and
// seen in the roster:
//
//	May         on the loop: by may call him in                          403
//	mayDial     the policy, and where the callee is                      403, 404
//	enlist      on the loop: the roster, dialing-out                     403, 486, 503
//	Place       an offer of the MCU; INVITE; alerting; the answer back   408, 480, what the callee says
//	arrive      on the loop: connected, or disconnected and why
func (s *Server) DialOut(ctx context.Context, id conference.ID, call DialOut) (conference.UserID, conference.EndpointID, error) {
	target, err := sip.ParseURI(string(call.Target))
	if err != nil {
		return "", "", fmt.Errorf("%w: %.80q", conference.ErrInvalidURI, call.Target)
	}
	f, err := s.inFocus(ctx, id, func(f *Focus) error {
		return f.conference.May(call.By, conference.AddUserDialOut, call.Target.UserID())
	})
	if err != nil {
		return "", "", err
	}
	callee, err := s.mayDial(ctx, call.By, target)
	if err != nil {
		return "", "", err
	}
	l, err := f.dial(ctx, call, callee)
	if err != nil {
		return "", "", err
	}
	return l.user, l.id, nil
}

// dial starts a call that is allowed.
func (f *Focus) dial(ctx context.Context, call DialOut, callee *callable) (*leg, error) {
	l := f.callee(call, callee.user)
	l.way, l.browser = signallingTo(callee.devices), allBrowsers(callee.devices)
	outgoing := b2bua.Outgoing{Devices: callee.devices, Ringing: func() { f.post(func() { f.alerting(l) }); call.tell(180) }}
	err := f.keep(ctx, func() (func(), error) { // the role it gives
		return func() { f.leave(l) }, f.enlist(time.Now(), l, call, &outgoing)
	})
	if err != nil {
		return nil, err
	}
	f.server.run("calling", func(ctx context.Context) { f.place(ctx, l, call, outgoing) })
	return l, nil
}

func (c DialOut) tell(status int) {
	if c.Progress != nil {
		c.Progress(status)
	}
}

// callee is the leg of somebody who does not know yet.
func (f *Focus) callee(call DialOut, user User) *leg {
	uri := conference.URI(user.URI)
	l := &leg{
		focus: f, id: conference.EndpointID(sip.NewTag()), visitor: visitor{caller: conference.Caller{URI: uri}}, user: uri.UserID(),
		name: clean(cmp.Or(call.DisplayName, user.DisplayName)), session: conference.AudioVideo, language: f.server.config.Language, called: true,
	}
	l.Leg = b2bua.NewOutgoing(l.config(sip.URI{}))
	return l
}

// maxCalling is how many people a conference calls at once.
const maxCalling = 50

// enlist puts the callee into the roster, and the conference into the invitations.
func (f *Focus) enlist(now time.Time, l *leg, call DialOut, outgoing *b2bua.Outgoing) error {
	if f.calling() >= maxCalling {
		return errTooManyCalls
	}
	_, _, err := f.conference.Join(now, conference.Joining{
		Caller: l.visitor.caller, DisplayText: l.name,
		Endpoint: conference.Endpoint{ID: l.id, SessionType: l.session, Status: conference.StatusDialingOut, Method: conference.DialedOut},
	})
	if err != nil {
		return err
	}
	l.joined, l.ringing = true, true
	f.legs[l.id] = l
	if call.Role != "" {
		if _, err := f.conference.SetRole(now, call.By, l.user, call.Role); err != nil {
			f.log.Info("role of a callee", "user", l.user, "err", err)
		}
	}
	record := f.conference.Record()
	for _, device := range outgoing.Devices {
		for i := range device {
			f.introduce(&device[i], record, call)
		}
	}
	f.log.Info("calling", "user", l.user, "by", call.By.User, "devices", len(outgoing.Devices))
	return nil
}

// introduce says who calls: the conference, "isfocus" in its Contact (RFC 4579 §5.2), on behalf of whom (RFC 3892).
func (f *Focus) introduce(inv *sip.Invitation, record conference.Record, call DialOut) {
	if inv.From.Host == "" { // but for a trunk that wants to see another caller
		inv.From, _ = sip.ParseURI(string(f.server.config.Dial(record.ID))) // made by us
	}
	inv.FromName = clean(record.Subject)
	inv.Headers = append(inv.Headers, sip.NewHeader("Call-ID", f.server.placed.add()))
	if call.By.User != "" && !call.By.User.Guest() {
		inv.Headers = append(inv.Headers, sip.NewHeader("Referred-By", "<"+string(call.By.User)+">"))
	}
	if call.Replaces != "" {
		inv.Headers = append(inv.Headers, sip.NewHeader("Replaces", call.Replaces), sip.NewHeader("Require", "replaces"))
	}
}

func (f *Focus) calling() (calling int) {
	for _, l := range f.legs {
		if l.ringing {
			calling++
		}
	}
	return calling
}

// answerTime is how long it may ring.
const answerTime = 60 * time.Second

var errNoReply = errors.New("nobody answers")

// place makes the call and tells what came of it.
func (f *Focus) place(ctx context.Context, l *leg, call DialOut, outgoing b2bua.Outgoing) {
	ctx, cancel := context.WithTimeoutCause(ctx, answerTime, errNoReply)
	defer cancel()
	defer f.server.placed.remove(outgoing.Devices)
	err := l.Place(ctx, f.server.ua, outgoing)
	if err == nil {
		err = f.do(f.server.ctx, func() error { return f.arrive(l) })
	}
	if err == nil {
		call.tell(200)
		return
	}
	l.removeAtMCU()
	code, method := failure(err)
	f.log.Info("the call has failed", "user", l.user, "status", code, "err", err)
	call.tell(code)
	f.post(func() { f.notReached(l, method, sip.ReasonPhrase(code)) })
	l.bye(ctx, code, sip.ReasonPhrase(code))
}

// alerting: a telephone rings.
func (f *Focus) alerting(l *leg) {
	if f.legs[l.id] == l && l.ringing {
		_, _ = f.conference.SetStatus(time.Now(), l.user, l.id, conference.StatusAlerting)
	}
}

// arrive is enter for somebody who was called.
func (f *Focus) arrive(l *leg) error {
	if f.legs[l.id] != l { // removed, or the meeting has ended, while they answered
		return errHungUp
	}
	now := time.Now()
	l.ringing, f.visited = false, true
	l.late = f.conference.Recording() == conference.Recording
	_, err := f.conference.SetMedia(now, l.user, l.id, l.media)
	if err == nil {
		_, err = f.conference.SetStatus(now, l.user, l.id, conference.StatusConnected)
	}
	if err != nil {
		return err
	}
	f.log.Info("joined", "user", l.user, "called", true)
	f.server.calls.begin(l, now)
	f.align(l)
	f.firstOne(l)
	f.established(l)
	return nil
}

var errHungUp = errors.New("the call was given up")

// failedTime is how long the roster says why somebody is not in.
const failedTime = 10 * time.Second

// notReached shows for a while why somebody could not be called.
func (f *Focus) notReached(l *leg, method conference.DisconnectionMethod, reason string) {
	if f.legs[l.id] != l {
		return
	}
	delete(f.legs, l.id)
	l.joined = false
	if _, err := f.conference.Disconnect(time.Now(), l.user, l.id, method, reason); err != nil {
		return // removed by somebody
	}
	f.server.run("forgetting a failed call", func(ctx context.Context) {
		select {
		case <-time.After(failedTime):
			f.post(func() { f.forgetCallee(l) })
		case <-ctx.Done():
		case <-f.stopped:
		}
	})
}

func (f *Focus) forgetCallee(l *leg) {
	_, _ = f.conference.RemoveEndpoint(time.Now(), l.user, l.id)
	f.lastOne()
}

// failure is the status of a call that was not answered, and what the roster says of it.
func failure(err error) (status int, method conference.DisconnectionMethod) {
	var refused *sip.StatusError
	switch {
	case errors.As(err, &refused) && (refused.Code == 486 || refused.Code == 600):
		return refused.Code, conference.Busy
	case errors.As(err, &refused) && refused.Code >= 400:
		return refused.Code, conference.Failed
	case errors.Is(err, errNoReply), errors.Is(err, sip.ErrTimeout):
		return 408, conference.Failed
	case errors.Is(err, b2bua.ErrNoDevice):
		return 480, conference.Failed
	case errors.Is(err, errHungUp), errors.Is(err, context.Canceled), errors.Is(err, b2bua.ErrHungUp), errors.Is(err, errGone):
		return 487, conference.Booted
	case errors.Is(err, b2bua.ErrMediaType), errors.Is(err, b2bua.ErrNoAnswer):
		return 488, conference.Failed
	}
	if o, known := outcomeOf(err); known && o.status >= 400 {
		return o.status, conference.Failed
	}
	return 480, conference.Failed
}
