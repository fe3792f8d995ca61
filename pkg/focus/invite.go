package focus

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/b2bua"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/prompt"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// invite lets somebody in. The whole set-up is this straight line, on the goroutine of the request:
//
//	placed         it is not a call of ours that has come back           482
//	target         the URI is a conference of ours                      404
//	authenticate   digest, if the caller offers it                      401
//	inviteMember   takes over when the INVITE brings C3P (invitemember.go)
//	admit          on the loop: policy, lock, the user's name           401, 403, 404
//	Connect        the offer to the MCU, the answer back                400, 488, 503
//	Progress       183, for who requires reliable responses
//	enter          on the loop: the roster, and 200                     403, 487
//
// With Replaces or Join the dialog that they name says which conference it is (replace.go). A CANCEL has been answered by the
// transaction layer when it is noticed, in enter at the latest; what was made until then is removed.
func (s *Server) invite(tx *sip.ServerTransaction) error {
	if s.placed.has(tx.Request()) {
		return errLoop
	}
	if sip.ContentType(tx.Request()) == appInvite {
		return b2bua.ErrMediaType
	}
	to, notFound := s.target(tx)
	if notFound != nil && !errors.Is(notFound, conference.ErrNotFound) {
		return notFound
	}
	who, err := s.authenticate(tx)
	if err != nil {
		return err
	}
	if notFound != nil {
		return notFound // users cannot be called yet, and strangers do not learn who there is
	}
	if _, ok := sip.RemoteTarget(tx.Request()); !ok {
		return errNoContact
	}
	if hasC3P(tx.Request()) {
		return s.inviteMember(tx, who, to)
	}
	if !acceptsSDP(tx.Request()) {
		return errNotAcceptable
	}
	if done, err := s.inviteByDialog(tx, who, to); done {
		return err
	}
	if to.Kind == conference.KindAdHocFactory {
		return s.inviteFactory(tx, who)
	}
	if err := s.mayGuess(tx, who); err != nil {
		return err
	}
	err = s.join(tx, who, to)
	if !errors.Is(err, conference.ErrNotFound) {
		return err
	}
	if !who.caller.Authenticated {
		s.config.Limiter.Failed(time.Now(), tx.Source().Addr(), "")
	}
	return err
}

// appInvite asks a user to join a conference (c3p.md §4.6). Whoever is told 415 has the conference call the user instead.
const appInvite = "application/ms-conf-invite+xml"

// mayGuess slows down who tries conference ids without a name.
func (s *Server) mayGuess(tx *sip.ServerTransaction, who visitor) error {
	if who.caller.Authenticated {
		return nil
	}
	if wait := s.config.Limiter.Allow(time.Now(), tx.Source().Addr(), ""); wait > 0 {
		return &waitError{wait}
	}
	return nil
}

// join brings the caller into the conference that was dialled.
func (s *Server) join(tx *sip.ServerTransaction, who visitor, to conference.Address) error {
	return s.bringIn(tx, s.newLeg(tx, who, to.Kind), to)
}

// bringIn is the rest of the way, for a leg that may take the place of another.
func (s *Server) bringIn(tx *sip.ServerTransaction, l *leg, to conference.Address) (err error) {
	var ours sip.URI
	l.focus, err = s.inFocus(tx.Context(), to.ID, func(f *Focus) error {
		ours = contact(tx, to.Kind, f.conference)
		return f.admit(time.Now(), l, to)
	})
	if err != nil {
		return err
	}
	if l.Leg, err = b2bua.New(tx, l.config(ours)); err != nil {
		return err
	}
	if err = l.Connect(s.ctx); err != nil {
		return err
	}
	if err = l.Progress(); err == nil {
		err = l.focus.do(s.ctx, func() error { return l.focus.enter(time.Now(), l) })
	}
	if err != nil {
		l.removeAtMCU()
		return fmt.Errorf("joining %s: %w", to.ID, err)
	}
	return nil
}

// admit asks the policy, and names the user for the MCU.
func (f *Focus) admit(now time.Time, l *leg, to conference.Address) error {
	if l.replaces != nil {
		return f.admitInstead(l)
	}
	record, caller := f.conference.Record(), l.visitor.caller
	if to.Organizer != "" && userPart(to.Organizer) != userPart(record.Organizer) {
		return conference.ErrNotFound
	}
	admission, err := f.conference.Admit(now, caller)
	if !caller.Authenticated && (errors.Is(err, conference.ErrAnonymousNotAllowed) || err == nil && f.claims(caller, record, admission)) {
		return &challengeError{sip.ErrNoCredentials}
	}
	if err != nil {
		return err
	}
	l.waiting, l.role = admission.Wait, admission.Role
	if l.needPIN = admission.NeedPIN; l.needPIN && len(f.pins) >= maxAsked {
		return errCrowded
	}
	if l.user = caller.URI.UserID(); !caller.Authenticated {
		l.user = f.conference.NameGuest(caller.URI)
	}
	return nil
}

// claims says whether a guest says to be somebody whom the conference knows: telephones offer credentials only when they are asked, and
// the organizer, the invitees and who was made a presenter have rights that a guest has not. Nor does a user of ours wait in the lobby because
// he has not been asked.
func (f *Focus) claims(caller conference.Caller, record conference.Record, admission conference.Admission) bool {
	user := caller.URI.UserID()
	if user == "" {
		return false
	}
	_, given := record.Roles[user]
	return given || user == record.Organizer || slices.Contains(record.Invitees, user) || admission.Wait && f.server.home(user.Domain(), nil)
}

// userPart compares organizers without their domain: a URI may have one of our addresses instead.
func userPart(user conference.UserID) string {
	uri, err := sip.ParseURI(string(user))
	if err != nil {
		return ""
	}
	return uri.User
}

// config makes the leg's dialog tell the loop what happens in it.
func (l *leg) config(contact sip.URI) b2bua.Config {
	f := l.focus
	return b2bua.Config{
		Endpoint: l, Contact: contact, Params: sip.Params{{K: "isfocus"}}, Refusal: f.server.refusal,
		Established: func() { f.post(func() { f.established(l) }) },
		Digit:       func(digit string, _ time.Duration) { f.post(func() { f.digit(l, digit, byINFO) }) },
		Event:       l.event,
		Failed: func(code int, text string, err error) {
			f.log.Info("call failed", "user", l.user, "reason", text, "err", err)
			f.post(func() { f.drop(l, code, text) })
		},
		Ended: func(error) { f.post(func() { f.leave(l) }) },
	}
}

// enter accepts the call, and puts who needs no PIN into the roster.
func (f *Focus) enter(now time.Time, l *leg) error {
	if l.Cancelled() { // not even for a moment in the roster: the meeting's end counts from the last who left
		return sip.ErrCancelled
	}
	if !l.needPIN {
		if err := f.enrol(now, l); err != nil {
			return err
		}
	}
	f.legs[l.id] = l
	if err := l.Accept(); err != nil {
		delete(f.legs, l.id)
		if l.joined {
			l.joined = false
			_, _ = f.conference.RemoveEndpoint(now, l.user, l.id)
		}
		return err
	}
	f.server.calls.begin(l, now)
	return nil
}

// enrol puts a leg into the roster; with the first participant comes the recording, if the conference has one.
func (f *Focus) enrol(now time.Time, l *leg) error {
	if l.replaces != nil {
		return f.enrolInstead(now, l)
	}
	guest := l.user
	if l.visitor.caller.Authenticated {
		guest = ""
	}
	l.late = f.conference.Recording() == conference.Recording
	_, _, err := f.conference.Join(now, conference.Joining{
		Caller: l.visitor.caller, Guest: guest, DisplayText: l.name,
		Endpoint: conference.Endpoint{
			ID: l.id, DisplayText: l.agent, SessionType: l.session, Status: conference.StatusConnected, Method: conference.DialedIn, Media: l.media,
		},
	})
	if err != nil {
		return err
	}
	p, _ := f.conference.Participant(l.user)
	if p.Waiting && !l.outside() { // locked a moment ago
		_, _ = f.conference.RemoveEndpoint(now, l.user, l.id)
		return conference.ErrLocked
	}
	l.joined, f.visited = true, true
	f.log.Info("joined", "user", l.user, "from", l.address, "waiting", p.Waiting)
	f.align(l)
	if f.settle(l, p.Waiting); !p.Waiting {
		f.firstOne(l)
	}
	return nil
}

// established: the caller hears us from now on.
func (f *Focus) established(l *leg) {
	f.succeed(l)
	switch {
	case f.legs[l.id] != l:
	case l.needPIN:
		f.askPIN(l)
	case l.waiting:
		f.say(l, prompt.Lobby)
	case l.late:
		f.say(l, recordingStarted)
	}
}

// errCrowded refuses callers when too many are at the PIN.
var errCrowded = errors.New("too many callers at the PIN")

// errNoContact: "The Contact header field MUST be present and contain exactly one SIP or SIPS URI in any request that can result in the
// establishment of a dialog" (RFC 3261 §8.1.1.8).
var errNoContact = errors.New("INVITE without Contact")

const maxAsked = 1000

var errNotAcceptable = errors.New("the caller takes no session description")

// acceptsSDP: "If an Accept header field is not present, the server SHOULD assume a default value of application/sdp"; "An empty Accept header field
// means that no formats are acceptable" (RFC 3261 §20.1).
func acceptsSDP(req *sip.Request) bool {
	if len(req.GetHeaders("Accept")) == 0 {
		return true
	}
	return slices.ContainsFunc(sip.HeaderValues(req, "Accept"), func(format string) bool {
		format, _, _ = strings.Cut(format, ";")
		return slices.Contains([]string{"application/sdp", "application/*", "*/*"}, strings.ToLower(strings.TrimSpace(format)))
	})
}
