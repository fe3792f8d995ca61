package focus

import (
	"context"
	"errors"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
)

// setMediaFilter says whom a participant hears. The roster decides, then the MCU is told; when that fails the roster is set back.
func (s *Server) setMediaFilter(ctx context.Context, call *c3p.Call) (c3p.Command, error) {
	command, by := call.Request.Command.(*c3p.SetMediaFilter), actor(call.Principal)
	user, filter := conference.EntityID(command.Keys.User), conference.MediaFilter{Only: command.Only}
	for _, speaker := range command.Users {
		filter.Users = append(filter.Users, conference.EntityID(speaker))
	}
	var before conference.MediaFilter
	changed := false
	f, err := s.command(ctx, c3p.ConferenceKeys{Entity: command.Keys.Conference}, func(f *Focus) error {
		p, _ := f.conference.Participant(user)
		changes, err := f.conference.SetMediaFilter(time.Now(), by, user, filter)
		before, changed = p.Hears, len(changes) > 0
		return err
	})
	if err != nil || !changed {
		return nil, err
	}
	if err := f.tellFilter(ctx, user); err != nil {
		f.post(func() { _, _ = f.conference.SetMediaFilter(time.Now(), itself, user, before) })
		return nil, err
	}
	return nil, nil
}

// tellFilter tells the MCU whom a user hears now. It needs to know only of users with media; who brings some later brings the filter along.
func (f *Focus) tellFilter(ctx context.Context, user conference.UserID) error {
	return f.filter(ctx, func() error {
		command := &c3p.SetMediaFilter{Keys: c3p.UserKeys{Conference: f.uri, User: string(user)}}
		media := false
		err := f.do(ctx, func() error {
			p, _ := f.conference.Participant(user)
			if hears := hearsOf(p.Hears); hears != nil {
				command.Only, command.Users = hears.Only, hears.Users
			}
			for i := range p.Endpoints {
				media = media || len(p.Endpoints[i].Media) > 0
			}
			return nil
		})
		if err != nil || !media {
			return err
		}
		_, err = f.command(ctx, command)
		var refused *c3p.Error
		if errors.As(err, &refused) && refused.Reason == c3p.ReasonEndpointDoesNotExist {
			return nil // gone meanwhile
		}
		return err
	})
}
