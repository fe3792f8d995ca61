package focus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

var errReferMethod = errors.New("a conference invites and removes")

// refer is a REFER outside of dialogs, to a conference: it makes the focus invite somebody or remove a participant (RFC 4579 §5). Whoever sends it
// must say who he is.
func (s *Server) refer(tx *sip.ServerTransaction) error {
	to, err := s.target(tx)
	if err != nil {
		return err
	}
	if to.Kind == conference.KindAdHocFactory {
		return conference.ErrNotFound
	}
	who, err := s.authenticate(tx)
	if err != nil {
		return err
	}
	if !who.caller.Authenticated {
		return &challengeError{sip.ErrNoCredentials}
	}
	if tx.Request().Contact() == nil {
		return errNoContact
	}
	var ours sip.URI
	f, err := s.inFocus(tx.Context(), to.ID, func(f *Focus) error {
		ours = contact(tx, to.Kind, f.conference)
		return nil
	})
	if err != nil {
		return err
	}
	return f.obey(tx, nil, who.caller.Actor(), ours)
}

// event is a SUBSCRIBE or REFER in a participant's dialog. Somebody who is being asked for the PIN is nobody yet.
func (l *leg) event(d *sip.Dialog, tx *sip.ServerTransaction) {
	s := l.focus.server
	if tx.Request().Method == sip.SUBSCRIBE {
		s.notifier.Serve(tx, d)
		return
	}
	var by conference.Actor
	err := l.focus.do(tx.Context(), func() error {
		if l.joined {
			by = conference.Actor{User: l.user, Administrator: l.visitor.caller.Administrator && l.visitor.caller.Authenticated}
		}
		return nil
	})
	if err == nil {
		err = l.focus.obey(tx, d, by, sip.URI{})
	}
	if err != nil {
		s.refuse(tx, err)
	}
}

// obey does what a REFER says, if its sender may: presenters, the organizer and administrators may, and everybody may remove himself.
func (f *Focus) obey(tx *sip.ServerTransaction, d *sip.Dialog, by conference.Actor, ours sip.URI) error {
	to, err := sip.ParseReferTo(tx.Request())
	if err != nil {
		return err
	}
	switch to.Method {
	case sip.INVITE:
		return f.referInvite(tx, d, by, ours, to)
	case sip.BYE:
		return f.referBye(tx, d, by, ours, to)
	}
	return fmt.Errorf("%w: %.20q", errReferMethod, to.Method)
}

// referInvite calls somebody. What the REFER is answered with says only that it was understood and is allowed.
func (f *Focus) referInvite(tx *sip.ServerTransaction, d *sip.Dialog, by conference.Actor, ours sip.URI, to sip.ReferTo) error {
	target := conference.URI(to.URI.String())
	if err := f.do(tx.Context(), func() error { return f.conference.May(by, conference.AddUserDialOut, target.UserID()) }); err != nil {
		return err
	}
	callee, err := f.server.mayDial(tx.Context(), by, to.URI)
	if err != nil {
		return err
	}
	referral, err := f.server.notifier.Refer(tx, d, ours)
	if err != nil {
		return err
	}
	call := DialOut{By: by, Target: target, Replaces: to.Replaces, Progress: func(status int) { report(referral, status) }}
	if _, err := f.dial(f.server.ctx, call, callee); err != nil {
		code, _ := failure(err)
		f.log.Info("a REFER cannot be obeyed", "by", by.User, "status", code, "err", err)
		referral.Finish(code, "")
	}
	return nil
}

func report(referral *sip.Referral, status int) {
	if status < 200 {
		referral.Progress(status)
		return
	}
	referral.Finish(status, "")
}

// referBye removes a participant.
func (f *Focus) referBye(tx *sip.ServerTransaction, d *sip.Dialog, by conference.Actor, ours sip.URI, to sip.ReferTo) error {
	if err := f.do(tx.Context(), func() error { return f.removeNamed(by, conference.URI(to.URI.String())) }); err != nil {
		return err
	}
	referral, err := f.server.notifier.Refer(tx, d, ours)
	if errors.Is(err, sip.ErrOverload) { // it is done; only nobody can be told
		return tx.Reply(202, sip.NewHeader("Refer-Sub", "false"))
	}
	if err != nil {
		return err
	}
	referral.Finish(200, "")
	return nil
}

// removeNamed removes the user whom a URI names, or else the guests who say that they are called so.
func (f *Focus) removeNamed(by conference.Actor, uri conference.URI) error {
	user := conference.EntityID(string(uri))
	if _, found := f.conference.Participant(user); found || user.Guest() {
		return f.remove(by, user)
	}
	err := error(conference.ErrNoSuchUser)
	if f.conference.May(by, conference.DeleteUser, user) != nil {
		err = conference.ErrNotPermitted // who is in is not for everybody to know
	}
	for _, p := range f.conference.Participants() {
		if p.User.Guest() && p.URI.UserID() == user {
			err = f.remove(by, p.User)
		}
	}
	return err
}

// remove takes a participant out, with all endpoints.
func (f *Focus) remove(by conference.Actor, user conference.UserID) error {
	if _, err := f.conference.Remove(time.Now(), by, user); err != nil {
		return err
	}
	for _, l := range f.legs {
		if l.joined && l.user == user {
			f.drop(l, 480, "removed from the conference")
		}
	}
	for _, m := range f.members {
		if m.user == user {
			f.dropMember(m, 480, "removed from the conference")
		}
	}
	return nil
}

// subscribe serves a SUBSCRIBE outside of dialogs: the notifier knows which event packages there are.
func (s *Server) subscribe(tx *sip.ServerTransaction) error {
	s.notifier.Serve(tx, nil)
	return nil
}

// eventPackages are those to which one can SUBSCRIBE; refer, which REFER makes, is always there.
func (s *Server) eventPackages() []sip.EventPackage { return []sip.EventPackage{s.conferencePackage()} }

// closeEvents tells the subscribers to come again.
func (s *Server) closeEvents(ctx context.Context) {
	if err := s.notifier.Close(ctx, 10*time.Second); err != nil {
		s.log.Debug("subscribers do not answer", "err", err)
	}
}
