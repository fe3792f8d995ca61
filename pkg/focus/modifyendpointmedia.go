package focus

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
)

// modifyEndpointMedia mutes and unmutes what comes from a participant, or goes there, and sets its gain. The roster decides, then the MCU is
// told; when that fails the roster is set back.
func (s *Server) modifyEndpointMedia(ctx context.Context, call *c3p.Call) (c3p.Command, error) {
	command, by := call.Request.Command.(*c3p.ModifyEndpointMedia), actor(call.Principal)
	if command.Media == nil {
		return nil, fmt.Errorf("%w: no media", conference.ErrInvalid)
	}
	target := conference.Target{User: conference.EntityID(command.Keys.User), Media: conference.MediaID(command.Keys.Media)}
	var streams []c3p.MediaKeys
	var undo []conference.Change
	f, err := s.command(ctx, c3p.ConferenceKeys{Entity: command.Keys.Conference}, func(f *Focus) (err error) {
		if target, streams, err = f.streams(target, command.Keys.Endpoint); err != nil {
			return err
		}
		undo, err = f.setMuted(by, target, command.Media)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, keys := range streams {
		if _, err := f.command(ctx, &c3p.ModifyEndpointMedia{Keys: keys, Media: command.Media}); err != nil {
			if len(undo) > 0 {
				f.post(func() { _, _ = f.toggle(itself, target, command.Media.IngressFilter != confinfo.Block) })
			}
			return nil, err
		}
	}
	return &c3p.ModifyEndpointMedia{Keys: command.Keys, Media: command.Media}, nil
}

// streams finds what the keys name. A client that does not know its endpoint names none that exists: then it is all of the user's.
func (f *Focus) streams(target conference.Target, endpoint string) (conference.Target, []c3p.MediaKeys, error) {
	p, found := f.conference.Participant(target.User)
	if !found {
		return target, nil, conference.ErrNoSuchUser
	}
	if p.Endpoint(conference.EndpointID(endpoint)) != nil {
		target.Endpoint = conference.EndpointID(endpoint)
	} else if endpoint != "" && endpoint != "(null)" {
		return target, nil, conference.ErrNoSuchEndpoint
	}
	var keys []c3p.MediaKeys
	for i := range p.Endpoints {
		e := &p.Endpoints[i]
		if (target.Endpoint == "" || e.ID == target.Endpoint) && e.Stream(target.Media) != nil {
			keys = append(keys, c3p.MediaKeys{Conference: f.uri, User: string(p.User), Endpoint: string(e.ID), Media: string(target.Media)})
		}
	}
	if len(keys) == 0 {
		return target, nil, conference.ErrNoSuchMedia
	}
	return target, keys, nil
}

// setMuted asks the rules. What somebody hears, and how loud it is, is theirs and the presenters' to say.
func (f *Focus) setMuted(by conference.Actor, target conference.Target, media *confinfo.Media) ([]conference.Change, error) {
	if media.IngressFilter == "" {
		if by.User != target.User && !f.conference.MayCommand(by) {
			return nil, conference.ErrNotPermitted
		}
		return nil, nil
	}
	return f.toggle(by, target, media.IngressFilter == confinfo.Block)
}

func (f *Focus) toggle(by conference.Actor, target conference.Target, mute bool) ([]conference.Change, error) {
	if mute {
		return f.conference.Mute(time.Now(), by, target)
	}
	return f.conference.Unmute(time.Now(), by, target)
}
