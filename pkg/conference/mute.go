package conference

import "time"

// Target names streams: one, all of an endpoint (no Media), or all audio of a user (no Endpoint).
type Target struct {
	User     UserID
	Endpoint EndpointID
	Media    MediaID
}

// Mute stops what the conference takes from the streams: everybody may mute itself, a presenter everybody.
func (c *Conference) Mute(now time.Time, by Actor, target Target) ([]Change, error) {
	to := MutedBySelf
	if by.User != target.User {
		if !c.commands(by) {
			return nil, ErrNotPermitted
		}
		to = MutedByPresenter
	}
	return c.setMuted(now, by, target, func(m Muted) Muted {
		if m == NotMuted || m == MutedBySelf {
			return to
		}
		return m
	})
}

// Unmute undoes a Mute. Everybody may unmute itself, but not while all attendees are muted; a presenter may unmute everybody.
func (c *Conference) Unmute(now time.Time, by Actor, target Target) ([]Change, error) {
	presenter := c.commands(by)
	if by.User != target.User && !presenter {
		return nil, ErrNotPermitted
	}
	streams, err := c.find(target)
	if err != nil {
		return nil, err
	}
	for _, s := range streams {
		if s.stream.Muted == MutedByAll && !presenter {
			return nil, ErrNotPermitted
		}
	}
	return c.setMuted(now, by, target, func(Muted) Muted { return NotMuted })
}

// MuteAll mutes every attendee, those to come included, until it is called with false; then those who were muted by it are heard again.
func (c *Conference) MuteAll(now time.Time, by Actor, muted bool) ([]Change, error) {
	if !c.commands(by) {
		return nil, ErrNotPermitted
	}
	if c.ended {
		return nil, ErrEnded
	}
	if c.attendeesMuted == muted {
		return nil, nil
	}
	c.attendeesMuted = muted
	changes := []Change{c.change(now, by.User, Change{Kind: MuteAllChanged})}
	for _, user := range c.order {
		changes = append(changes, c.muteForRole(now, by, c.users[user])...)
	}
	return changes, nil
}

// muteForRole brings a participant in line with MuteAll after that or its role has changed.
func (c *Conference) muteForRole(now time.Time, by Actor, p *Participant) []Change {
	changes, _ := c.setMuted(now, by, Target{User: p.User}, func(m Muted) Muted {
		switch initial := c.initialMute(p, Audio); {
		case initial == MutedByAll && m == NotMuted:
			return MutedByAll
		case initial == NotMuted && m == MutedByAll:
			return NotMuted
		}
		return m
	})
	return changes
}

func (c *Conference) initialMute(p *Participant, t MediaType) Muted {
	if c.attendeesMuted && t == Audio && p.Role == Attendee {
		return MutedByAll
	}
	return NotMuted
}

// setMuted applies next to each stream of the target. Who muted it is news too: it says who may unmute it.
func (c *Conference) setMuted(now time.Time, by Actor, target Target, next func(Muted) Muted) ([]Change, error) {
	streams, err := c.find(target)
	if err != nil {
		return nil, err
	}
	var changes []Change
	for _, s := range streams {
		before := s.stream.Muted
		s.stream.Muted = next(before)
		if s.stream.Muted != before {
			ch := Change{Kind: MuteChanged, User: target.User, Endpoint: s.endpoint, Media: s.stream.ID}
			changes = append(changes, c.change(now, by.User, ch))
		}
	}
	return changes, nil
}

type foundStream struct {
	endpoint EndpointID
	stream   *MediaStream
}

// find lists the streams of a target; none is an error only if one was named.
func (c *Conference) find(target Target) ([]foundStream, error) {
	p, found := c.users[target.User]
	if !found {
		return nil, ErrNoSuchUser
	}
	if target.Endpoint != "" && p.Endpoint(target.Endpoint) == nil {
		return nil, ErrNoSuchEndpoint
	}
	var streams []foundStream
	for i := range p.Endpoints {
		if e := &p.Endpoints[i]; target.Endpoint == "" || e.ID == target.Endpoint {
			streams = append(streams, matching(e, target)...)
		}
	}
	if target.Media != "" && len(streams) == 0 {
		return nil, ErrNoSuchMedia
	}
	return streams, nil
}

func matching(e *Endpoint, target Target) (streams []foundStream) {
	for i := range e.Media {
		m := &e.Media[i]
		if m.ID == target.Media || target.Media == "" && (target.Endpoint != "" || m.Type == Audio) {
			streams = append(streams, foundStream{e.ID, m})
		}
	}
	return streams
}
