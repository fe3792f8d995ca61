package focus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
)

var (
	errNoCommand = errors.New("not a command for clients")
	errWrongFrom = errors.New("from is not the sender")
)

// handler is the table of commands that clients may send; each stands in a file of its name.
func (s *Server) handler(command c3p.Command) func(context.Context, *c3p.Call) (c3p.Command, error) {
	switch command.(type) {
	case *c3p.GetConferencingCapabilities:
		return s.getConferencingCapabilities
	case *c3p.GetAvailableMCUTypes:
		return s.getAvailableMCUTypes
	case *c3p.GetEncryptionKey:
		return s.getEncryptionKey
	case *c3p.AddConference:
		return s.addConference
	case *c3p.GetConference:
		return s.getConference
	case *c3p.GetConferences:
		return s.getConferences
	case *c3p.ModifyConference:
		return s.modifyConference
	case *c3p.DeleteConference:
		return s.deleteConference
	case *c3p.ModifyConferenceLock:
		return s.modifyConferenceLock
	case *c3p.AddUser:
		return s.addUser
	case *c3p.DeleteUser:
		return s.deleteUser
	case *c3p.ModifyUser:
		return s.modifyUser
	case *c3p.ModifyUserRoles:
		return s.modifyUserRoles
	case *c3p.SetLobbyAccess:
		return s.setLobbyAccess
	case *c3p.ModifyEndpoint:
		return s.modifyEndpoint
	case *c3p.ModifyEndpointMedia:
		return s.modifyEndpointMedia
	case *c3p.ModifyConferenceAnnouncements:
		return s.modifyConferenceAnnouncements
	case *c3p.SetMediaFilter:
		return s.setMediaFilter
	case *c3p.Spotlight:
		return s.spotlight
	case *c3p.RaiseHand:
		return s.raiseHand
	case *c3p.StartRecording:
		return s.startRecording
	case *c3p.PauseRecording:
		return s.pauseRecording
	case *c3p.ResumeRecording:
		return s.resumeRecording
	case *c3p.StopRecording:
		return s.stopRecording
	}
	return nil
}

// ServeC3P carries out a client's command. It implements c3p.Handler. A refusal is a failure response; what was answered with success has
// been stored.
func (s *Server) ServeC3P(ctx context.Context, call *c3p.Call) (*c3p.Response, error) {
	body, err := s.serveGuarded(ctx, call)
	if err != nil {
		return call.Request.Failure(s.wireError(err)), nil
	}
	return call.Request.Success(body), nil
}

// serveGuarded carries a command out and logs what came of it.
func (s *Server) serveGuarded(ctx context.Context, call *c3p.Call) (body c3p.Command, err error) {
	err = s.guard("serving "+call.Request.Command.Name(), func() (err error) {
		body, err = s.serve(ctx, call)
		return err
	})
	attributes := []any{"command", call.Request.Command.Name(), "by", call.Principal.URI}
	if err != nil {
		s.log.Info("command refused", append(attributes, "err", err)...)
		return nil, err
	}
	s.log.Log(ctx, levelOf(call.Request.Command), "command done", attributes...)
	return body, nil
}

// levelOf: who only looks does so every few seconds.
func levelOf(command c3p.Command) slog.Level {
	switch command.(type) {
	case *c3p.GetConference, *c3p.GetConferences, *c3p.GetConferencingCapabilities, *c3p.GetAvailableMCUTypes, *c3p.GetEncryptionKey:
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

func (s *Server) serve(ctx context.Context, call *c3p.Call) (c3p.Command, error) {
	handle := s.handler(call.Request.Command)
	switch {
	case handle == nil:
		return nil, errNoCommand
	case call.Principal.Role != c3p.RoleUser && call.Principal.Role != c3p.RoleAdministrator && call.Principal.Role != c3p.RoleParticipant:
		return nil, conference.ErrNotPermitted
	case call.Principal.URI != "" && call.Request.From != "" && userOf(call.Request.From) != userOf(call.Principal.URI):
		return nil, errWrongFrom
	}
	return handle(ctx, call)
}

func userOf(uri string) conference.UserID { return conference.URI(uri).UserID() }

// actor is the sender for the rules of a conference.
func actor(p c3p.Principal) conference.Actor {
	if p.Role == c3p.RoleParticipant {
		return conference.Actor{User: conference.EntityID(p.URI)}
	}
	return caller(p).Actor()
}

// caller is the sender as somebody who has logged in, or not.
func caller(p c3p.Principal) conference.Caller {
	if !p.Authenticated {
		return conference.Caller{}
	}
	return conference.Caller{URI: conference.URI(p.URI), Authenticated: true, Administrator: p.Role == c3p.RoleAdministrator}
}

// idOf reads which conference the keys name: by its id, by the URI of its focus, or by what a telephone dials.
func (s *Server) idOf(keys c3p.ConferenceKeys) (conference.ID, error) {
	if keys.Entity == "" {
		return conference.ParseID(keys.ID)
	}
	address, err := conference.ParseURI(keys.Entity)
	switch {
	case err != nil:
		return "", err
	case address.ID == "":
		return "", fmt.Errorf("%w: %.80q names no conference", conference.ErrInvalidURI, keys.Entity)
	case !s.ours(address.Domain, nil):
		return "", errNotOurs
	}
	return address.ID, nil
}

// command runs work on the loop of the conference that the keys name.
func (s *Server) command(ctx context.Context, keys c3p.ConferenceKeys, work func(*Focus) error) (*Focus, error) {
	id, err := s.idOf(keys)
	if err != nil {
		return nil, err
	}
	return s.inFocus(ctx, id, work)
}
