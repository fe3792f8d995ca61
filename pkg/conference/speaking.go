package conference

import (
	"slices"
	"time"
)

// SetSpeaking says that an endpoint began or stopped to speak, as the MCU hears it.
func (c *Conference) SetSpeaking(now time.Time, user UserID, endpoint EndpointID, speaking bool) ([]Change, error) {
	_, e, err := c.lookUp(user, endpoint)
	if err != nil {
		return nil, err
	}
	if e.Speaking == speaking {
		return nil, nil
	}
	e.Speaking = speaking
	changes := []Change{c.change(now, "", Change{Kind: SpeakingChanged, User: user, Endpoint: endpoint})}
	return append(changes, c.followSpeakers(now, user)...), nil
}

// followSpeakers chooses the active speaker after a user, or something of his, has come, gone, or begun or stopped to speak.
func (c *Conference) followSpeakers(now time.Time, user UserID) []Change {
	p, in := c.users[user]
	speaks, i := in && !p.Waiting && p.Speaking(), slices.Index(c.speakers, user)
	switch {
	case speaks && i < 0:
		c.speakers = append(c.speakers, user)
	case !speaks && i >= 0:
		c.speakers = slices.Delete(c.speakers, i, i+1)
	}
	active := c.activeSpeaker
	if len(c.speakers) > 0 {
		active = c.speakers[0] // he who is active is first as long as he speaks
	} else if _, in := c.users[active]; !in {
		active = ""
	}
	if active == c.activeSpeaker {
		return nil
	}
	c.activeSpeaker = active
	return []Change{c.change(now, "", Change{Kind: ActiveSpeakerChanged})}
}
