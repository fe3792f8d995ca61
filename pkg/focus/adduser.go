package focus

import (
	"context"
	"fmt"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
)

// addUser calls somebody into the conference: an endpoint with the joining method dialed-out. Its URI is what is called, else the user's. The
// answer names the endpoint; what comes of the call is in the roster. Joining oneself is done by INVITE.
func (s *Server) addUser(ctx context.Context, call *c3p.Call) (c3p.Command, error) {
	command := call.Request.Command.(*c3p.AddUser)
	user := command.User
	if len(user.Endpoints) != 1 || user.Endpoints[0].JoiningMethod != confinfo.DialedOut {
		return nil, errNoCommand
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
