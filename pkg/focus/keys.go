package focus

import (
	"context"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/prompt"
)

// The way of a key that was pressed in a conference:
//
//	pressed    on the loop: the keys so far, and the verb they mean
//	obeyKeys   on a goroutine of the leg, in the order of the keys
//	ordered    on the loop: the command for that verb as things are now, and what to say when it is done
//	serve      the command, as if it had come in any other way
//	reply      on the loop: what is said, to this caller alone

// pressed takes a key of somebody who is in.
func (f *Focus) pressed(l *leg, digit string) {
	if !l.joined || l.waiting || l.ringing {
		return
	}
	verb := l.typing.press(time.Now(), digit, f.server.config.Keypad)
	if verb == "" {
		return
	}
	l.keyed.addPrompt(f.server, func(ctx context.Context) { f.obeyKeys(ctx, l, verb) })
}

// order is a command, nil for none, and what the caller hears when it is done.
type order struct {
	command c3p.Command
	prompts []string
}

// obeyKeys gives the command of a verb, and says what came of it.
func (f *Focus) obeyKeys(ctx context.Context, l *leg, verb Verb) {
	ctx, cancel := context.WithTimeout(ctx, maxCommandTime)
	defer cancel()
	var next order
	err := f.do(ctx, func() (err error) {
		next, err = f.ordered(l, verb)
		return err
	})
	if err == nil && next.command != nil {
		_, err = f.server.serveGuarded(ctx, &c3p.Call{Principal: l.principal(), Request: &c3p.Request{Command: next.command}})
	}
	if err != nil {
		next.prompts = []string{excuse(err)}
	}
	f.post(func() { f.reply(l, next.prompts) })
}

// excuse is the prompt for a command that was refused, or failed.
func excuse(err error) string {
	if o, _ := outcomeOf(err); o.status == 403 {
		return prompt.NotPermitted
	}
	return prompt.Failed
}

// reply speaks to the caller alone; the next key ends it.
func (f *Focus) reply(l *leg, prompts []string) {
	if f.legs[l.id] == l && len(prompts) > 0 {
		f.speak(l, &c3p.PlayPrompt{Prompts: prompts, StopOnDigit: true})
	}
}

// principal is who speaks in a call. Who has not proved who he is has the name that the roster gave him.
func (l *leg) principal() c3p.Principal {
	if l.visitor.caller.Authenticated {
		return principalOf(l.visitor.caller)
	}
	return c3p.Principal{URI: string(l.user), Role: c3p.RoleParticipant}
}

// ordered makes the command of a verb. What is switched is switched to what it is not now.
func (f *Focus) ordered(l *leg, verb Verb) (order, error) {
	if f.legs[l.id] != l {
		return order{}, errGone
	}
	c, keys := f.conference, c3p.ConferenceKeys{Entity: f.uri}
	switch verb {
	case VerbMute:
		return f.orderMute(l)
	case VerbCount:
		err := c.May(actor(l.principal()), conference.GetConference, "")
		return order{nil, append([]string{prompt.Participants}, prompt.Number(c.Present())...)}, err
	case VerbHand:
		p, _ := c.Participant(l.user)
		up := p.Hand == 0
		keys := c3p.EndpointKeys{Conference: f.uri, User: string(l.user)}
		return order{&c3p.RaiseHand{Keys: keys, Up: up}, either(up, prompt.HandRaised, prompt.HandLowered)}, nil
	case VerbLock:
		locked := !c.Locked()
		return order{&c3p.ModifyConferenceLock{Keys: keys, Locked: locked}, either(locked, prompt.ConferenceLocked, prompt.ConferenceUnlocked)}, nil
	case VerbMuteAll:
		muted := !c.MuteAll().Muted
		return order{f.muteAllCommand(muted), either(muted, prompt.AllMuted, prompt.AllUnmuted)}, nil
	case VerbAdmit:
		return order{&c3p.SetLobbyAccess{Keys: keys, Access: c3p.AccessGranted}, []string{prompt.AllAdmitted}}, nil
	case VerbRecord: // everybody is told
		if c.Recording() == conference.NotRecording {
			return order{command: &c3p.StartRecording{Keys: keys}}, nil
		}
		return order{command: &c3p.StopRecording{Keys: keys}}, nil
	case VerbHelp:
		return order{prompts: f.help(l)}, nil
	}
	return order{}, errNoCommand
}

func either(on bool, yes, otherwise string) []string {
	if on {
		return []string{yes}
	}
	return []string{otherwise}
}

// orderMute is about what comes from this telephone, not from others of the same user.
func (f *Focus) orderMute(l *leg) (order, error) {
	p, _ := f.conference.Participant(l.user)
	e := p.Endpoint(l.id)
	if e == nil {
		return order{}, conference.ErrNoSuchEndpoint
	}
	for _, stream := range e.Media {
		if stream.Type != conference.Audio {
			continue
		}
		filter, said := confinfo.Block, prompt.Muted
		if stream.Muted != conference.NotMuted {
			filter, said = confinfo.Unblock, prompt.Unmuted
		}
		keys := c3p.MediaKeys{Conference: f.uri, User: string(l.user), Endpoint: string(l.id), Media: string(stream.ID)}
		media := &confinfo.Media{ID: string(stream.ID), Type: string(stream.Type), IngressFilter: filter}
		return order{&c3p.ModifyEndpointMedia{Keys: keys, Media: media}, []string{said}}, nil
	}
	return order{}, conference.ErrNoSuchMedia
}

// muteAllCommand mutes all attendees, those to come included; they may unmute themselves.
func (f *Focus) muteAllCommand(muted bool) c3p.Command {
	filter := confinfo.InitialFilter{Role: confinfo.Attendee, Ingress: confinfo.Unblock}
	if muted {
		filter.Ingress = confinfo.Block
	}
	record := f.conference.Record()
	mcu := conference.MCUURI(record.Organizer, conference.AudioVideo, record.ID)
	return &c3p.ModifyConference{Conference: &confinfo.Document{Entity: f.uri, State: confinfo.Partial, View: &confinfo.View{
		Entities: []confinfo.EntityView{{
			Entity: string(mcu), EntityState: &confinfo.EntityState{Filters: &confinfo.FilterRules{Initial: []confinfo.InitialFilter{filter}}},
		}},
	}}}
}

// help reads out the keys for what the caller may do.
func (f *Focus) help(l *leg) (prompts []string) {
	for _, row := range []struct {
		verb    Verb
		command conference.Command
		of      conference.UserID
		prompt  string
	}{
		{VerbMute, conference.ModifyEndpointMedia, l.user, prompt.HelpMute},
		{VerbCount, conference.GetConference, "", prompt.HelpCount},
		{VerbHand, conference.RaiseHand, l.user, prompt.HelpHand},
		{VerbLock, conference.ModifyConferenceLock, "", prompt.HelpLock},
		{VerbMuteAll, conference.MuteEverybody, "", prompt.HelpMuteAll},
		{VerbAdmit, conference.SetLobbyAccess, "", prompt.HelpAdmit},
		{VerbRecord, conference.StartRecording, "", prompt.HelpRecord},
	} {
		keys := f.server.config.Keypad.keysOf(row.verb)
		if keys != "" && f.conference.May(actor(l.principal()), row.command, row.of) == nil {
			prompts = append(append(prompts, row.prompt), prompt.Keys(keys)...)
		}
	}
	return prompts
}
