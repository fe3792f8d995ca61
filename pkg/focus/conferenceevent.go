package focus

import (
	"context"
	"errors"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// conferencePackage is the conference event package (RFC 4575): the roster, for everybody who may see it. A subscriber gets a full document, and
// then what differs between what it was last told and now.
//
// The times are longer than those of other packages: "The default expiration time for a subscription to a conference is one hour" (§3.3), and
// there are clients that never refresh.
func (s *Server) conferencePackage() sip.EventPackage {
	return sip.EventPackage{
		Name: "conference", Types: []string{confinfo.MediaType}, Default: time.Hour, Max: 24 * time.Hour,
		Interval: newsInterval, Subscribe: s.subscribeConference,
	}
}

// subscription is one subscriber to the roster of a conference.
type subscription struct {
	hub     *hub
	watcher watcher
	sip     *sip.Subscription // set before it watches
	user    conference.UserID
	member  bool // sees the roster because it is in it
}

// rosterSight is what somebody may see of a roster.
type rosterSight struct {
	user    conference.UserID
	pending bool // nothing yet: it is at the PIN, or in the lobby
	member  bool // as long as it is in
}

// subscribeConference decides who may see a roster:
//
//	in the dialog of a call         its participant; as long as it is at the PIN or in the lobby the subscription is pending
//	a user who has logged in        who may getConference; or whom the conference would let in at once, without a PIN
//	anybody else                    a guest, in a conference without a PIN, from the device of his call; else 401
//
// A guest's notifications go where his call has proved that he is: nobody has a roster sent to somebody else.
func (s *Server) subscribeConference(ctx context.Context, r sip.SubscribeRequest) (sip.Grant, error) {
	if r.Dialog != nil {
		return s.subscribeInCall(ctx, r.Dialog)
	}
	tx := r.Transaction
	to, err := s.target(tx)
	if err != nil {
		return sip.Grant{}, err
	}
	if to.Kind == conference.KindAdHocFactory {
		return sip.Grant{}, conference.ErrNotFound
	}
	who, err := s.authenticate(tx)
	if err != nil {
		return sip.Grant{}, err
	}
	var sight rosterSight
	var ours sip.URI
	look := func(f *Focus) (err error) {
		ours = contact(tx, to.Kind, f.conference)
		sight, err = f.sight(tx, who)
		return err
	}
	f, err := s.inFocusOf(ctx, who, to.ID, look)
	if err != nil {
		return sip.Grant{}, err
	}
	if r.Expires == 0 && isSIPE(tx.Request()) {
		f.hub.unsubscribe(sight.user, tx.Request())
	}
	grant := f.hub.grant(sight)
	grant.Contact = ours
	return grant, nil
}

// inFocusOf is inFocus for somebody who may be nobody: he starts no conference, and does not learn which there are.
func (s *Server) inFocusOf(ctx context.Context, who visitor, id conference.ID, work func(*Focus) error) (*Focus, error) {
	if who.caller.Authenticated {
		return s.inFocus(ctx, id, work)
	}
	s.mu.Lock()
	f := s.focuses[id]
	s.mu.Unlock()
	if f == nil {
		return nil, &challengeError{sip.ErrNoCredentials}
	}
	err := f.do(ctx, func() error { return work(f) })
	if errors.Is(err, errGone) {
		err = &challengeError{sip.ErrNoCredentials}
	}
	return f, err
}

func (s *Server) subscribeInCall(ctx context.Context, d *sip.Dialog) (sip.Grant, error) {
	l := legOf(d)
	if l == nil {
		return sip.Grant{}, conference.ErrNotPermitted // that dialog is a subscription of its own
	}
	var sight rosterSight
	err := l.focus.do(ctx, func() error {
		p, in := l.focus.conference.Participant(l.user)
		sight = rosterSight{user: l.user, member: true, pending: !l.joined || !in || p.Waiting}
		return nil
	})
	return l.focus.hub.grant(sight), err
}

// sight is asked on the loop.
func (f *Focus) sight(tx *sip.ServerTransaction, who visitor) (rosterSight, error) {
	by := who.caller.Actor()
	if err := f.conference.May(by, conference.Subscribe, ""); err != nil {
		return rosterSight{}, err
	}
	if !who.caller.Authenticated {
		return f.guestSight(tx, who)
	}
	sight := rosterSight{user: by.User}
	switch f.conference.Standing(by) {
	case conference.StandingPresenter, conference.StandingAttendee:
		sight.member = true
	case conference.StandingWaiting:
		sight.member, sight.pending = true, true
		return sight, nil
	}
	if f.conference.May(by, conference.GetConference, "") == nil {
		return sight, nil
	}
	admission, err := f.conference.Admit(time.Now(), who.caller)
	switch {
	case err != nil:
		return sight, err
	case admission.NeedPIN:
		return sight, conference.ErrPINRequired
	case admission.Wait:
		return sight, conference.ErrNotPermitted
	}
	return sight, nil
}

// guestSight finds the call of somebody who proves nothing.
func (f *Focus) guestSight(tx *sip.ServerTransaction, who visitor) (rosterSight, error) {
	target, ok := sip.RemoteTarget(tx.Request())
	if !ok || f.conference.Record().PIN != "" {
		return rosterSight{}, &challengeError{sip.ErrNoCredentials}
	}
	for _, l := range f.legs {
		if !l.joined || l.visitor.caller.Authenticated || l.visitor.caller.URI != who.caller.URI {
			continue
		}
		if theirs := l.Target(); l.address == tx.Source().Addr().Unmap() && theirs.Host == target.Host && theirs.Port == target.Port {
			p, in := f.conference.Participant(l.user)
			return rosterSight{user: l.user, member: true, pending: !in || p.Waiting}, nil
		}
	}
	return rosterSight{}, &challengeError{sip.ErrNoCredentials}
}

// grant is a subscription for somebody who sees that much.
func (h *hub) grant(sight rosterSight) sip.Grant {
	s := &subscription{hub: h, user: sight.user, member: sight.member}
	s.watcher = watcher{mirror: h.quiet, wake: s.wake, subscription: s}
	return sip.Grant{
		Pending: sight.pending, State: s.state,
		Opened: func(opened *sip.Subscription) {
			opened.Dialog().SetContactParams(sip.Params{{K: "isfocus"}})
			if s.sip = opened; !h.add(&s.watcher) {
				s.wake()
			}
		},
		Closed: func(*sip.Subscription, error) { h.leave(&s.watcher) },
	}
}

// wake looks at what has become of the subscriber, then has it told.
func (s *subscription) wake() {
	s.hub.mu.Lock()
	ended := s.hub.quiet.ended
	user := s.hub.quiet.users[s.user]
	s.hub.mu.Unlock()
	pending := s.sip.State().State == sip.SubscriptionPending
	switch {
	case ended && !s.hub.focus.server.isClosing():
		s.sip.Terminate(sip.NoResource, 0)
	case ended: // and they are told to come again
	case pending && user != nil && !user.waiting:
		s.sip.Activate()
	case pending:
	case s.member && user == nil:
		s.sip.Terminate(sip.Rejected, 0)
	default:
		s.sip.Changed()
	}
}

// state is what the subscriber is told.
func (s *subscription) state(ctx context.Context, r sip.StateRequest) (sip.StateDocument, error) {
	if err := s.hub.refresh(ctx, r.Since); err != nil {
		return sip.StateDocument{}, err
	}
	body, revision := s.body(r.Since)
	if body == nil {
		return sip.StateDocument{Revision: revision}, nil
	}
	return sip.StateDocument{Body: body.Version(r.Version), Revision: revision}, nil
}

// body is nil when nothing has changed, and for who is not in yet or any more: a subscription that ends in the lobby must not end with the roster.
func (s *subscription) body(since uint64) (*confinfo.Body, uint64) {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	m := s.hub.quiet
	if user := m.users[s.user]; s.member && !m.ended && (user == nil || user.waiting) {
		return nil, since
	}
	d := m.since(since)
	if d == nil {
		return nil, m.revision
	}
	body := d.write()
	return &body, m.revision
}

// unsubscribe ends the subscription of a client that asks for it in a dialog of its own: SIPE sends a SUBSCRIBE with Expires 0 and a new Call-ID.
func (h *hub) unsubscribe(user conference.UserID, req *sip.Request) {
	target, ok := sip.RemoteTarget(req)
	var ending []*sip.Subscription
	h.mu.Lock()
	for w := range h.watchers {
		if s := w.subscription; ok && s != nil && s.user == user && sip.EqualURI(s.sip.Dialog().RemoteTarget(), target) {
			ending = append(ending, s.sip)
		}
	}
	h.mu.Unlock()
	for _, s := range ending {
		s.Terminate(sip.TimedOut, 0)
	}
}

func (s *Server) isClosing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closing
}
