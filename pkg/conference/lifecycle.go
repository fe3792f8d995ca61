package conference

import (
	"slices"
	"time"
)

// idleTime is how long a meeting lasts after its last authenticated participant has left, and an empty one.
const idleTime = 10 * time.Minute

// arrived keeps the clocks of Deadline.
func (c *Conference) arrived(p *Participant) {
	c.emptySince = time.Time{}
	if p.Authenticated {
		c.authenticated++
		c.lastAuthenticated = time.Time{}
	}
}

func (c *Conference) departed(now time.Time, p *Participant) {
	if len(c.users) == 0 {
		c.emptySince = now
	}
	if !p.Authenticated {
		return
	}
	if c.authenticated--; c.authenticated == 0 {
		c.lastAuthenticated = now
	}
}

// Deadline is when Expire will end the meeting if nothing changes: at the record's expiry, ten minutes after the last authenticated
// participant left (a meeting that had none goes on), or ten minutes after everybody left. Zero: never.
func (c *Conference) Deadline() time.Time {
	if c.ended {
		return time.Time{}
	}
	deadline := c.record.Expires
	for _, since := range []time.Time{c.lastAuthenticated, c.emptySince} {
		if since.IsZero() {
			continue
		}
		if end := since.Add(idleTime); deadline.IsZero() || end.Before(deadline) {
			deadline = end
		}
	}
	return deadline
}

// Expire ends the meeting if its Deadline has come. The record is then not marked as ended: unless it has expired, the conference may
// start again, unlocked.
func (c *Conference) Expire(now time.Time) []Change {
	deadline := c.Deadline()
	if deadline.IsZero() || now.Before(deadline) {
		return nil
	}
	c.record.Locked = false // a lock that outlived those who can undo it would shut everybody out
	return c.end(now, "")
}

// End ends the conference for good: everybody is removed, its record is marked as ended and nobody may join again. A presenter, the
// organizer or an administrator may.
func (c *Conference) End(now time.Time, by Actor) ([]Change, error) {
	if !c.commands(by) {
		return nil, ErrNotPermitted
	}
	if c.ended {
		return nil, ErrEnded
	}
	c.record.Ended = now
	return c.end(now, by.User), nil
}

func (c *Conference) end(now time.Time, by UserID) (changes []Change) {
	for _, user := range slices.Backward(slices.Clone(c.order)) {
		changes = append(changes, c.remove(now, by, user))
	}
	c.ended, c.recording, c.attendeesMuted = true, NotRecording, false
	clear(c.pins)
	return append(changes, c.change(now, by, Change{Kind: ConferenceEnded}))
}
