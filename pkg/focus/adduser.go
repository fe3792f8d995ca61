package focus

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
)

var (
	errJoinByINVITE = errors.New("addUser without INVITE joins nobody")
	errNoDialIn     = errors.New("no MCU is dialled in to without SIP")
)

// addUser comes in three forms, told apart by the joining method of the endpoint:
//
//	none        joining the focus: in an INVITE alone (invitemember.go), as the dialog is the membership
//	dialed-in   joining an MCU that SIP does not reach: there is none here. At the others "the client sends the media INVITE directly"
//	dialed-out  calls somebody: here
//
// The endpoint's URI is what is called, else the user's. The answer names the endpoint; what comes of the call is in the roster.
func (s *Server) addUser(ctx context.Context, call *c3p.Call) (c3p.Command, error) {
	command := call.Request.Command.(*c3p.AddUser)
	user := command.User
	if err := dialsOut(user); err != nil {
		return nil, err
	}
	id, err := s.idOf(command.Keys)
	if err != nil {
		return nil, err
	}
	out := DialOut{By: actor(call.Principal), Target: conference.URI(user.Entity), DisplayName: user.DisplayText}
	if uri := user.Endpoints[0].URI; uri != "" {
		out.Target = conference.URI(uri)
	}
	if out.Target.UserID() == "" {
		return nil, fmt.Errorf("%w: %.80q", conference.ErrInvalidURI, out.Target)
	}
	if len(user.Roles) == 1 {
		out.Role = conference.Role(user.Roles[0])
	}
	name, endpoint, err := s.DialOut(ctx, id, out)
	if err != nil {
		return nil, err
	}
	return &c3p.AddUser{Keys: command.Keys, User: &confinfo.User{
		Entity: string(name), DisplayText: user.DisplayText, Roles: user.Roles,
		Endpoints: []confinfo.Endpoint{{
			Entity: string(endpoint), SessionType: confinfo.SessionAudioVideo, Status: confinfo.StatusDialingOut, JoiningMethod: confinfo.DialedOut,
		}},
	}}, nil
}

func dialsOut(user *confinfo.User) error {
	if len(user.Endpoints) == 0 {
		return errJoinByINVITE
	}
	switch user.Endpoints[0].JoiningMethod {
	case confinfo.DialedOut:
		return nil
	case confinfo.DialedIn:
		return errNoDialIn
	}
	return errJoinByINVITE
}
