package focus

import (
	"context"
	"errors"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
)

// errEndpointChange refuses what a client does not change of an endpoint. The session description is SIP's to negotiate, and who is admitted is
// decided by the rules.
var errEndpointChange = errors.New("only the status disconnected and the language of an endpoint can be set")

// modifyEndpoint ends one device of a participant (the status disconnected), or says in which language prompts are spoken to it.
func (s *Server) modifyEndpoint(ctx context.Context, call *c3p.Call) (c3p.Command, error) {
	command, by := call.Request.Command.(*c3p.ModifyEndpoint), actor(call.Principal)
	if !forClients(command.Endpoint) {
		return nil, errEndpointChange
	}
	user, endpoint := conference.EntityID(command.Keys.User), conference.EndpointID(command.Keys.Endpoint)
	_, err := s.command(ctx, c3p.ConferenceKeys{Entity: command.Keys.Conference}, func(f *Focus) error {
		if command.Endpoint.Status == confinfo.StatusDisconnected {
			return f.disconnect(by, user, endpoint)
		}
		return f.setLanguage(by, user, endpoint, command.Endpoint.Language)
	})
	return nil, err
}

// forClients accepts one of the two.
func forClients(e *confinfo.Endpoint) bool {
	disconnect, language := e.Status == confinfo.StatusDisconnected, e.Language != ""
	return disconnect != language && (e.Status == "" || disconnect) && e.SDP == nil && e.Admitted == nil && len(e.Media) == 0
}

// disconnect hangs up one device. With the last one the participant has left.
func (f *Focus) disconnect(by conference.Actor, user conference.UserID, endpoint conference.EndpointID) error {
	l, err := f.device(by, user, endpoint)
	switch m := f.members[memberKey{user, endpoint}]; {
	case err != nil:
		return err
	case l != nil:
		f.drop(l, 480, "removed from the conference")
		return nil
	case m != nil:
		f.dropMember(m, 480, "removed from the conference")
		return nil
	}
	_, err = f.conference.RemoveEndpoint(time.Now(), user, endpoint) // a call that has failed a moment ago
	return err
}

func (f *Focus) setLanguage(by conference.Actor, user conference.UserID, endpoint conference.EndpointID, language string) error {
	l, err := f.device(by, user, endpoint)
	if err == nil && l != nil {
		l.language = language
	}
	return err
}

// device finds an endpoint that somebody may modify; its leg is nil when there is no call any more.
func (f *Focus) device(by conference.Actor, user conference.UserID, endpoint conference.EndpointID) (*leg, error) {
	if err := f.conference.May(by, conference.ModifyEndpoint, user); err != nil {
		return nil, err
	}
	p, found := f.conference.Participant(user)
	switch {
	case !found:
		return nil, conference.ErrNoSuchUser
	case p.Endpoint(endpoint) == nil:
		return nil, conference.ErrNoSuchEndpoint
	}
	if l := f.legs[endpoint]; l != nil && l.user == user {
		return l, nil
	}
	return nil, nil
}
