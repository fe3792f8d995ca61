package conference

import (
	"fmt"
	"slices"
	"time"
)

// maxFilter is how many users one filter names.
const maxFilter = 256

// SetMediaFilter says whom a participant hears; the order of f.Users does not matter, and they need not be in. It is there again when he leaves and
// comes back, as long as the meeting lasts: a guest does not, he gets another name. A presenter, the organizer or an administrator may: who was kept
// from hearing something must not undo that himself.
func (c *Conference) SetMediaFilter(now time.Time, by Actor, user UserID, f MediaFilter) ([]Change, error) {
	if err := c.May(by, SetMediaFilter, user); err != nil {
		return nil, err
	}
	p, found := c.users[user]
	if !found {
		return nil, ErrNoSuchUser
	}
	f.Users = slices.Clone(f.Users)
	slices.Sort(f.Users)
	if f.Users = slices.Compact(f.Users); len(f.Users) == 0 {
		f.Users = nil
	}
	if len(f.Users) > maxFilter || slices.ContainsFunc(f.Users, func(u UserID) bool { return u == "" || len(u) > maxURI }) {
		return nil, fmt.Errorf("%w: want up to %d users", ErrInvalidFilter, maxFilter)
	}
	if p.Hears.Equal(f) {
		return nil, nil
	}
	p.Hears = f
	return []Change{c.change(now, by.User, Change{Kind: FilterChanged, User: user})}, nil
}

// Hears is whom a user hears, or will when he joins.
func (c *Conference) Hears(user UserID) MediaFilter {
	f := c.filters[user]
	if p, in := c.users[user]; in {
		f = p.Hears
	}
	f.Users = slices.Clone(f.Users)
	return f
}

// keepFilter notes whom somebody hears who leaves.
func (c *Conference) keepFilter(p *Participant) {
	if !p.Hears.Equal(MediaFilter{}) && !p.User.Guest() && len(c.filters) < maxParticipants {
		c.filters[p.User] = p.Hears
	}
}

// SetDeaf stops what the conference sends to the streams, or lets it through: everybody may for himself, a presenter for everybody.
func (c *Conference) SetDeaf(now time.Time, by Actor, target Target, deaf bool) ([]Change, error) {
	if err := c.May(by, ModifyEndpointMedia, target.User); err != nil {
		return nil, err
	}
	return c.eachStream(now, by, target, DeafChanged, func(m *MediaStream) { m.Deaf = deaf })
}

// The gain that a stream can have, in dB.
const (
	MinGain = -60
	MaxGain = 20
)

// SetGain says how much louder the others hear the streams, in dB: everybody may for himself, a presenter for everybody.
func (c *Conference) SetGain(now time.Time, by Actor, target Target, gain float64) ([]Change, error) {
	if err := c.May(by, ModifyEndpointMedia, target.User); err != nil {
		return nil, err
	}
	if !(gain >= MinGain && gain <= MaxGain) { // nor NaN
		return nil, fmt.Errorf("%w: a gain of %g dB", ErrInvalid, gain)
	}
	return c.eachStream(now, by, target, GainChanged, func(m *MediaStream) { m.Gain = gain })
}

// eachStream applies set to each stream of the target. Each that is another one then is a change of that kind.
func (c *Conference) eachStream(now time.Time, by Actor, target Target, kind ChangeKind, set func(*MediaStream)) (changes []Change, err error) {
	streams, err := c.find(target)
	if err != nil {
		return nil, err
	}
	for _, s := range streams {
		before := *s.stream
		if set(s.stream); *s.stream != before {
			changes = append(changes, c.change(now, by.User, Change{Kind: kind, User: target.User, Endpoint: s.endpoint, Media: s.stream.ID}))
		}
	}
	return changes, nil
}
