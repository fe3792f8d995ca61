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
	var changes []conference.Change
	var before conference.Participant
	f, err := s.command(ctx, c3p.ConferenceKeys{Entity: command.Keys.Conference}, func(f *Focus) (err error) {
		if target, streams, err = f.streams(target, command.Keys.Endpoint); err != nil {
			return err
		}
		before, _ = f.conference.Participant(target.User)
		changes, err = f.setMedia(by, target, command.Media)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, keys := range streams {
		if err := f.tellMedia(ctx, keys, command.Media); err != nil {
			f.post(func() { f.undoMedia(changes, before) })
			return nil, err
		}
	}
	return &c3p.ModifyEndpointMedia{Keys: command.Keys, Media: command.Media}, nil
}

// tellMedia sends a command on, with the filters and the gain as they are when its turn comes.
func (f *Focus) tellMedia(ctx context.Context, keys c3p.MediaKeys, media *confinfo.Media) error {
	return f.filter(ctx, func() error {
		order := *media
		err := f.do(ctx, func() error {
			p, _ := f.conference.Participant(conference.UserID(keys.User))
			e := p.Endpoint(conference.EndpointID(keys.Endpoint))
			if e == nil || e.Stream(conference.MediaID(keys.Media)) == nil {
				return conference.ErrNoSuchMedia
			}
			stream := *e.Stream(conference.MediaID(keys.Media))
			now := filtersOf(stream)
			order.IngressFilter, order.EgressFilter = now.IngressFilter, now.EgressFilter
			if order.Gain != nil {
				order.Gain = &stream.Gain
			}
			return nil
		})
		if err != nil {
			return err
		}
		_, err = f.command(ctx, &c3p.ModifyEndpointMedia{Keys: keys, Media: &order})
		return err
	})
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

// setMedia asks the rules. What somebody hears, and how loud he is, is his and the presenters' to say.
func (f *Focus) setMedia(by conference.Actor, target conference.Target, media *confinfo.Media) ([]conference.Change, error) {
	if err := f.conference.May(by, conference.ModifyEndpointMedia, target.User); err != nil {
		return nil, err
	}
	changes, err := f.filterIngress(by, target, media.IngressFilter)
	if err == nil && media.EgressFilter != "" {
		var deaf []conference.Change
		deaf, err = f.conference.SetDeaf(time.Now(), by, target, media.EgressFilter == confinfo.Block)
		changes = append(changes, deaf...)
	}
	if err == nil && media.Gain != nil {
		var gain []conference.Change
		gain, err = f.conference.SetGain(time.Now(), by, target, *media.Gain)
		changes = append(changes, gain...)
	}
	return changes, err
}

func (f *Focus) filterIngress(by conference.Actor, target conference.Target, filter string) ([]conference.Change, error) {
	switch filter {
	case "":
		return nil, nil
	case confinfo.Block:
		return f.conference.Mute(time.Now(), by, target)
	}
	return f.conference.Unmute(time.Now(), by, target)
}

// undoMedia sets back what the MCU did not obey. before is the user as he was.
func (f *Focus) undoMedia(changes []conference.Change, before conference.Participant) {
	now := time.Now()
	for _, ch := range changes {
		target := conference.Target{User: ch.User, Endpoint: ch.Endpoint, Media: ch.Media}
		switch was := before.Endpoint(ch.Endpoint).Stream(ch.Media); {
		case ch.Kind == conference.GainChanged:
			_, _ = f.conference.SetGain(now, itself, target, was.Gain)
		case ch.Kind == conference.DeafChanged:
			_, _ = f.conference.SetDeaf(now, itself, target, was.Deaf)
		case was.Muted == conference.NotMuted:
			_, _ = f.conference.Unmute(now, itself, target)
		default:
			_, _ = f.conference.Mute(now, itself, target)
		}
	}
}
