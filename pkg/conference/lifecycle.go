package conference

import (
	"slices"
	"time"
)

// idleTime is how long a meeting lasts after its last authenticated participant has left, and an empty one.
const idleTime = 10 * time.Minute

// arrived keeps the clocks of Deadline, when somebody is let in.
func (c *Conference) arrived(p *Participant) {
	c.emptySince = time.Time{}
	if p.Authenticated {
		c.authenticated++
		c.lastAuthenticated = time.Time{}
	}
}

func (c *Conference) departed(now time.Time, p *Participant) {
	if len(c.users) == len(c.lobby) {
		c.emptySince = now
	}
	if !p.Authenticated {
		return
	}
	if c.authenticated--; c.authenticated == 0 {
		c.lastAuthenticated = now
	}
}

// Deadline is when Expire has something to do if nothing changes: at the record's expiry, ten minutes after the last authenticated
// participant left (a meeting that had none goes on), ten minutes after everybody left, or when somebody has waited in the lobby for half
// an hour. Zero: never.
func (c *Conference) Deadline() time.Time {
	deadline := c.end()
	if len(c.lobby) > 0 {
		if at := c.users[c.lobby[0]].Joined.Add(maxWait); deadline.IsZero() || at.Before(deadline) {
			deadline = at
		}
	}
	return deadline
}

// end is when the meeting is over; zero: never, or it is.
func (c *Conference) end() time.Time {
	if c.ended {
		return time.Time{}
	}
	end := c.record.Expires
	for _, since := range []time.Time{c.lastAuthenticated, c.emptySince} {
		if since.IsZero() {
			continue
		}
		if at := since.Add(idleTime); end.IsZero() || at.Before(end) {
			end = at
		}
	}
	return end
}

// Expire does what the Deadline says, if it has come: who has waited too long leaves the lobby, or the meeting ends. The record is then not
// marked as ended: unless it has expired, the conference may start again.
func (c *Conference) Expire(now time.Time) []Change {
	if end := c.end(); !end.IsZero() && !now.Before(end) {
		return c.finish(now, "")
	}
	return c.expireLobby(now)
}

// End ends the conference for good: everybody is removed, its record is marked as ended and nobody may join again. A presenter, the
// organizer or an administrator may.
func (c *Conference) End(now time.Time, by Actor) ([]Change, error) {
	if err := c.May(by, DeleteConference, ""); err != nil {
		return nil, err
	}
	if c.ended {
		return nil, ErrEnded
	}
	c.record.Ended = now
	return c.finish(now, by.User), nil
}

// finish leaves a record in which nothing of the meeting lasts: a lock that outlived those who can undo it would shut everybody out.
func (c *Conference) finish(now time.Time, by UserID) (changes []Change) {
	c.lobby, c.speakers, c.activeSpeaker = nil, nil, ""
	for _, user := range slices.Backward(slices.Clone(c.order)) {
		changes = append(changes, c.remove(now, by, user)...)
	}
	c.record.Locked, c.record.MuteAll, c.record.Recording = false, MuteAll{}, ""
	c.ended = true
	clear(c.pins)
	return append(changes, c.change(now, by, Change{Kind: ConferenceEnded}))
}
