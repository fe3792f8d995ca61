package focus

import (
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
)

// differing is what brings somebody from one revision to another: made once, for all who are there.
type differing struct {
	full     bool
	shared   confinfo.Document // without users
	users    []*mirrored
	removed  []conference.UserID
	body     *confinfo.Body     // nil until somebody wants it
	document *confinfo.Document // the same
}

// maxDiffering is for how many revisions that is kept. Who comes with others has it made for him alone.
const maxDiffering = 256

// since is what differs between a revision and now; nil is nothing. A revision that is too old, or none of this meeting, gets everything.
func (m *mirror) since(revision uint64) *differing {
	if revision == m.revision {
		return nil
	}
	if revision < m.base || revision > m.revision || revision < m.forgotten {
		revision = 0
	}
	d := m.differing[revision]
	if d == nil {
		d = m.difference(revision)
		m.made++
		if len(m.differing) < maxDiffering {
			m.differing[revision] = d
		}
	}
	return d
}

func (m *mirror) difference(revision uint64) *differing {
	switch {
	case m.ended:
		return &differing{shared: confinfo.Document{Entity: m.shared.Entity, State: confinfo.Deleted}}
	case revision == 0:
		d := &differing{full: true, shared: m.shared, users: m.order}
		d.shared.State, d.shared.UsersState = confinfo.Full, confinfo.Full
		return d
	}
	d := &differing{shared: confinfo.Document{Entity: m.shared.Entity, State: confinfo.Partial}}
	if m.described > revision {
		d.shared.Description = m.shared.Description
	}
	if m.changed > revision {
		d.shared.ConferenceState, d.shared.View = m.shared.ConferenceState, m.shared.View
	}
	m.differingUsers(d, revision)
	return d
}

// differingUsers are whole: "state" of each is full, or deleted. Clients that do not read it replace a user by what they get.
func (m *mirror) differingUsers(d *differing, revision uint64) {
	for _, u := range m.order {
		if u.revision > revision {
			d.users = append(d.users, u)
		}
	}
	named := map[conference.UserID]bool{}
	for i := len(m.removed) - 1; i >= 0 && m.removed[i].revision > revision; i-- {
		if user := m.removed[i].user; m.users[user] == nil && !named[user] {
			named[user] = true
			d.removed = append(d.removed, user)
		}
	}
	if len(d.users)+len(d.removed) > 0 {
		d.shared.UsersState = confinfo.Partial
	}
}

// write is the document in XML but for its version.
func (d *differing) write() confinfo.Body {
	if d.body == nil {
		fragments := make([][]byte, 0, len(d.users)+len(d.removed))
		for _, u := range d.users {
			fragments = append(fragments, u.fragment)
		}
		for _, user := range d.removed {
			gone := deleted(user)
			fragments = append(fragments, gone.Fragment())
		}
		body := d.shared.Body(fragments...)
		d.body = &body
	}
	return *d.body
}

// read is the document as a value, which nobody may change.
func (d *differing) read() *confinfo.Document {
	if d.document == nil {
		document := d.shared
		for _, u := range d.users {
			document.Users = append(document.Users, u.element)
		}
		for _, user := range d.removed {
			document.Users = append(document.Users, deleted(user))
		}
		d.document = &document
	}
	return d.document
}

func deleted(user conference.UserID) confinfo.User {
	return confinfo.User{Entity: string(user), State: confinfo.Deleted}
}
