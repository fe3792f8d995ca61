package conference

// Delta is what differs between two revisions of a conference: enough for a partial notification (RFC 4575 §4.6).
type Delta struct {
	State   bool          // the description or the state of the conference itself changed
	Users   []Participant // changed or new, whole, in the order of joining
	Removed []UserID      // gone, and not back
}

type removedUser struct {
	user     UserID
	revision uint64
}

// maxRemoved is how many removals are remembered.
const maxRemoved = 4096

// Since is the difference between revision and now. ok is false when that is too long ago, or never was: tell everything.
func (c *Conference) Since(revision uint64) (d Delta, ok bool) {
	if revision < c.forgotten || revision > c.revision {
		return Delta{}, false
	}
	d.State = c.stateRevision > revision
	for _, user := range c.order {
		if p := c.users[user]; p.Revision > revision {
			d.Users = append(d.Users, p.clone())
		}
	}
	seen := map[UserID]bool{}
	for _, r := range c.removed {
		if _, back := c.users[r.user]; r.revision > revision && !back && !seen[r.user] {
			seen[r.user] = true
			d.Removed = append(d.Removed, r.user)
		}
	}
	return d, true
}

// bury remembers a removal. The oldest is forgotten beyond maxRemoved.
func (c *Conference) bury(user UserID, revision uint64) {
	if len(c.removed) >= maxRemoved {
		c.forgotten = c.removed[0].revision
		c.removed = c.removed[1:]
	}
	c.removed = append(c.removed, removedUser{user, revision})
}
