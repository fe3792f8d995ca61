package focus

import (
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/b2bua"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// inviteByDialog serves an INVITE that names a call with us instead of a conference: done says whether it did.
//
// Replaces (RFC 3891): the caller takes the place of that leg, and the participant stays in the roster. Only somebody with a password may do
// that: the same user, or who has the rights of a presenter and could have removed the leg anyway (§8 wants the one who is replaced, or
// somebody in its name).
//
// Join (RFC 3911): the caller comes into the conference of that leg. It gives no right that dialling the conference does not give, and so the same
// policy decides.
func (s *Server) inviteByDialog(tx *sip.ServerTransaction, who visitor, to conference.Address) (done bool, err error) {
	replaced, err := s.ua.Replaced(tx.Request())
	if err != nil {
		return true, err
	}
	joined, err := s.ua.Joined(tx.Request())
	if err != nil {
		return true, err
	}
	switch {
	case replaced != nil && !who.caller.Authenticated:
		return true, &challengeError{sip.ErrNoCredentials}
	case replaced != nil:
		return true, s.replace(tx, who, to, legOf(replaced))
	case joined != nil:
		return true, s.joinLeg(tx, who, to, legOf(joined))
	}
	return false, nil
}

// legOf is the call that a dialog belongs to; nil when it is none of a conference.
func legOf(d *sip.Dialog) *leg {
	call, ok := d.Handler().(*b2bua.Leg)
	if !ok {
		return nil
	}
	l, _ := call.Endpoint().(*leg)
	return l
}

var (
	errNoLeg   = &sip.RefusedError{Code: 481, Text: "that dialog is no call in a conference"}
	errLegGone = &sip.RefusedError{Code: 603, Text: "that call is over"}
)

func (s *Server) joinLeg(tx *sip.ServerTransaction, who visitor, to conference.Address, other *leg) error {
	if other == nil {
		return errNoLeg
	}
	return s.join(tx, who, conference.Address{Kind: to.Kind, ID: other.focus.id})
}

func (s *Server) replace(tx *sip.ServerTransaction, who visitor, to conference.Address, old *leg) error {
	if old == nil {
		return errNoLeg
	}
	l := s.newLeg(tx, who, to.Kind)
	l.replaces = old
	return s.bringIn(tx, l, conference.Address{Kind: to.Kind, ID: old.focus.id})
}

// admitInstead asks whether a leg may take the place of another, and makes it the same participant. Whoever is still at the PIN has no place.
func (f *Focus) admitInstead(l *leg) error {
	old, caller := l.replaces, l.visitor.caller
	same := old.visitor.caller.Authenticated && caller.URI.UserID() == old.user
	switch {
	case f.legs[old.id] != old:
		return errLegGone
	case !same && f.conference.May(caller.Actor(), conference.ReplaceCall, old.user) != nil:
		return conference.ErrNotPermitted
	case !old.joined:
		return errNoLeg
	}
	l.user, l.visitor, l.name, l.waiting = old.user, old.visitor, old.name, old.waiting
	return nil
}

// enrolInstead puts a further endpoint of the participant into the roster: the policy has let that one in before.
func (f *Focus) enrolInstead(now time.Time, l *leg) error {
	old := l.replaces
	if f.legs[old.id] != old || !old.joined || old.successor != nil && f.legs[old.successor.id] == old.successor {
		return errLegGone
	}
	_, err := f.conference.AddEndpoint(now, l.user, conference.Endpoint{
		ID: l.id, DisplayText: l.agent, SessionType: l.session, Status: conference.StatusConnected, Method: conference.DialedIn, Media: l.media,
	})
	if err != nil {
		return err
	}
	l.joined, old.successor = true, l
	f.align(l)
	f.settle(l, old.waiting)
	f.log.Info("call replaced", "user", l.user, "from", l.address)
	return nil
}

// succeed ends the call whose place another has taken, once that one is up: if its ACK never comes, the participant still has the old one.
func (f *Focus) succeed(l *leg) {
	if old := l.replaces; old != nil && f.legs[l.id] == l {
		l.replaces = nil
		f.drop(old, 200, "replaced by another call")
	}
}
