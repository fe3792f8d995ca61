package focus

import (
	"context"
	"errors"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

var (
	errNotFocus  = errors.New("addUser goes to the focus")
	errNotAdding = errors.New("a focus dialog begins with addUser")
	errNotSelf   = errors.New("who joins is the sender")
)

// inviteMember joins a user to the focus without media (c3p.md §3.4): the INVITE brings addUser, the 200 its answer. It is refused with a SIP
// status and ms-diagnostics, as there are clients to which a 200 with code="failure" says nothing.
//
//	readMember     the document: the sender adds himself, to this conference   400, 403, 413, 415
//	proved         only users have memberships                                 401
//	enterMember    on the loop: policy, lock, the roster, and 200              403, 404
func (s *Server) inviteMember(tx *sip.ServerTransaction, who visitor, to conference.Address) error {
	if !who.caller.Authenticated {
		return &challengeError{sip.ErrNoCredentials}
	}
	if to.Kind != conference.KindFocus && to.Kind != conference.KindConference {
		return errNotFocus
	}
	m := &member{visitor: who, user: who.caller.URI.UserID(), agent: clean(sip.HeaderValue(tx.Request(), "User-Agent")), epid: epidOf(tx.Request()), to: to}
	request, err := s.readMember(tx, m)
	if err != nil {
		return err
	}
	var ours sip.URI
	m.focus, err = s.inFocus(tx.Context(), to.ID, func(f *Focus) error {
		ours = contact(tx, conference.KindFocus, f.conference)
		return f.mayEnter(time.Now(), m)
	})
	if err != nil {
		return &documentError{request, err}
	}
	if m.dialog, err = tx.UserAgent().NewServerDialog(tx, ours, m); err != nil {
		return &documentError{request, err}
	}
	m.dialog.SetContactParams(sip.Params{{K: "isfocus"}})
	if err := m.focus.do(s.ctx, func() error { return m.focus.enterMember(time.Now(), m, request) }); err != nil {
		return &documentError{request, err}
	}
	return nil
}

// readMember reads the addUser, and what it says of the client.
func (s *Server) readMember(tx *sip.ServerTransaction, m *member) (*c3p.Request, error) {
	request, named, err := s.readC3P(tx.Request(), m.visitor, m.to)
	if err != nil {
		return nil, err
	}
	command, adds := request.Command.(*c3p.AddUser)
	switch {
	case !adds:
		err = errNotAdding
	case conference.EntityID(command.User.Entity) != m.user:
		err = errNotSelf
	default:
		err = s.allOf(named, m.to)
	}
	if err != nil {
		return nil, &documentError{request, err}
	}
	if err := m.describedBy(command.User.Endpoints); err != nil {
		return nil, &documentError{request, err}
	}
	return request, nil
}

// describedBy takes what a client says of itself.
func (m *member) describedBy(endpoints []confinfo.Endpoint) error {
	m.endpoint = conference.EndpointID(sip.NewTag())
	for _, e := range endpoints {
		if e.JoiningMethod == confinfo.DialedOut {
			return errNotAdding
		}
		m.visitor.caller.LobbyCapable = e.LobbyCapable
		if e.Entity != "" {
			m.endpoint = conference.EndpointID(e.Entity)
		}
	}
	return nil
}

// mayEnter asks the policy. Who is to wait in the lobby must have said that he can, and is accepted: he sees no roster until he is let in. A PIN is
// asked for on the telephone: who needs one comes with his call first.
func (f *Focus) mayEnter(now time.Time, m *member) error {
	if m.to.Organizer != "" && userPart(m.to.Organizer) != userPart(f.conference.Record().Organizer) {
		return conference.ErrNotFound
	}
	admission, err := f.conference.Admit(now, m.visitor.caller)
	if err == nil && admission.NeedPIN {
		err = conference.ErrPINRequired
	}
	return err
}

// enterMember puts the client into the roster and accepts. A client that comes again, after its connection broke, takes its own place.
func (f *Focus) enterMember(now time.Time, m *member, request *c3p.Request) error {
	old := f.members[m.key()]
	if old == nil {
		if err := f.enrolMember(now, m); err != nil {
			return err
		}
	}
	p, _ := f.conference.Participant(m.user)
	added := request.Command.(*c3p.AddUser)
	m.accepted = request.Success(&c3p.AddUser{
		Keys: added.Keys, User: &confinfo.User{Entity: added.User.Entity, Roles: []string{string(p.Role)}},
	}).AppendXML(nil)
	if err := m.dialog.Accept(c3p.MediaType, m.accepted, memberAllow()); err != nil {
		if old == nil {
			_, _ = f.conference.RemoveEndpoint(now, m.user, m.endpoint)
		}
		return err
	}
	f.members[m.key()], f.visited = m, true
	m.watch()
	f.log.Info("joined the focus", "user", m.user, "role", p.Role, "client", m.agent)
	if old != nil {
		old.alarm.Stop()
		f.server.run("ending a focus dialog", func(ctx context.Context) { old.bye(ctx, 200, "the client has come again") })
	}
	return nil
}

func (f *Focus) enrolMember(now time.Time, m *member) error {
	_, _, err := f.conference.Join(now, conference.Joining{
		Caller: m.visitor.caller, DisplayText: clean(m.visitor.name),
		Endpoint: conference.Endpoint{
			ID: m.endpoint, DisplayText: m.agent, SessionType: confinfo.SessionFocus, Status: conference.StatusConnected, Method: conference.DialedIn,
		},
	})
	return err
}
