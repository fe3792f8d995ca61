package conference

import (
	"fmt"
	"slices"
	"time"
)

// Target names streams: one, all of an endpoint (no Media), or all audio of a user (no Endpoint).
type Target struct {
	User     UserID
	Endpoint EndpointID
	Media    MediaID
}

// Mute stops what the conference takes from the streams: everybody may mute himself, a presenter everybody.
func (c *Conference) Mute(now time.Time, by Actor, target Target) ([]Change, error) {
	if err := c.May(by, ModifyEndpointMedia, target.User); err != nil {
		return nil, err
	}
	to := MutedBySelf
	if by.User != target.User {
		to = MutedByPresenter
	}
	return c.setMuted(now, by, target, func(m Muted) Muted {
		if m == NotMuted || m == MutedBySelf {
			return to
		}
		return m
	})
}

// Unmute undoes a Mute. Everybody may unmute himself, but not while all attendees are muted hard; a presenter may unmute everybody.
func (c *Conference) Unmute(now time.Time, by Actor, target Target) ([]Change, error) {
	if err := c.May(by, ModifyEndpointMedia, target.User); err != nil {
		return nil, err
	}
	streams, err := c.find(target)
	if err != nil {
		return nil, err
	}
	held := slices.ContainsFunc(streams, func(s foundStream) bool { return s.stream.Muted == MutedByAll })
	if held && c.record.MuteAll.Hard && c.May(by, MuteEverybody, "") != nil {
		return nil, fmt.Errorf("%w: all attendees are muted", ErrNotPermitted)
	}
	return c.setMuted(now, by, target, func(Muted) Muted { return NotMuted })
}

// MuteAll says whether all attendees are muted, and how. The zero MuteAll is that they are not.
type MuteAll struct {
	Muted bool
	Later bool // those too who join later, who become attendees later, and streams that come later
	Hard  bool // they cannot unmute themselves
}

// SetMuteAll mutes every attendee who is not muted, or with the zero MuteAll lets those be heard again who were muted by it. Muting
// once more also mutes those who have been unmuted meanwhile.
func (c *Conference) SetMuteAll(now time.Time, by Actor, how MuteAll) (changes []Change, err error) {
	if err := c.May(by, MuteEverybody, ""); err != nil {
		return nil, err
	}
	if c.ended {
		return nil, ErrEnded
	}
	if !how.Muted {
		how = MuteAll{}
	}
	if c.record.MuteAll != how {
		c.record.MuteAll = how
		changes = append(changes, c.change(now, by.User, Change{Kind: MuteAllChanged}))
	}
	for _, user := range c.order {
		changes = append(changes, c.muteForRole(now, by, c.users[user], how.Muted)...)
	}
	return changes, nil
}

// muteForRole brings a participant in line after MuteAll or his role has changed: who must be heard is let go, and an attendee is held if
// hold says so.
func (c *Conference) muteForRole(now time.Time, by Actor, p *Participant, hold bool) []Change {
	free := !c.record.MuteAll.Muted || p.Role != Attendee
	changes, _ := c.setMuted(now, by, Target{User: p.User}, func(m Muted) Muted {
		switch {
		case free && m == MutedByAll:
			return NotMuted
		case !free && hold && m == NotMuted:
			return MutedByAll
		}
		return m
	})
	return changes
}

func (c *Conference) initialMute(p *Participant, t MediaType) Muted {
	if c.record.MuteAll.Later && t == Audio && p.Role == Attendee {
		return MutedByAll
	}
	return NotMuted
}

// setMuted applies next to each stream of the target. Who muted it is news too: it says who may unmute it.
func (c *Conference) setMuted(now time.Time, by Actor, target Target, next func(Muted) Muted) ([]Change, error) {
	return c.eachStream(now, by, target, MuteChanged, func(m *MediaStream) { m.Muted = next(m.Muted) })
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
