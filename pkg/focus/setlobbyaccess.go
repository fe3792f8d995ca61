package focus

import (
	"context"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
)

// setLobbyAccess lets in who waits in the lobby, or sends him away; without a name everybody is let in.
func (s *Server) setLobbyAccess(ctx context.Context, call *c3p.Call) (c3p.Command, error) {
	command, by := call.Request.Command.(*c3p.SetLobbyAccess), actor(call.Principal)
	_, err := s.command(ctx, command.Keys, func(f *Focus) error {
		if command.User == "" {
			return f.admitAll(by)
		}
		return f.setLobbyAccess(by, conference.EntityID(command.User), conference.LobbyAccess(command.Access))
	})
	return &c3p.SetLobbyAccess{Called: command.Called}, err
}
