package focus

import (
	"bytes"
	"reflect"
	"slices"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
)

// mirror is a conference as its watchers see it: elements of documents, each with the revision of its last visible change. What differs between
// two revisions is put together of them without asking the conference. It is not safe for concurrent use: the hub has a lock.
//
// A revision is base plus the conference's own. The base is the start of the meeting in microseconds, so that no revision of one meeting is one
// of the next, not even after a restart; it fits into 53 bits.
type mirror struct {
	base     uint64
	known    uint64 // the conference's revision that has been taken over
	revision uint64 // of the last visible change; 0 before there is anything
	fanned   uint64 // revision for which the watchers have been woken
	ended    bool
	speaking bool // shows who speaks
	muteAll  conference.MuteAll

	shared    confinfo.Document // all but the users, full
	described uint64            // revision of the last change to the description
	changed   uint64            // … to the conference-state and the conference-view

	users     map[conference.UserID]*mirrored
	order     []*mirrored
	removed   []removal // the latest, oldest first
	forgotten uint64    // revision of the youngest removal that is no longer in removed

	differing map[uint64]*differing // from a revision to now
	made      int                   // of those, so far
}

type mirrored struct {
	element  confinfo.User
	waiting  bool   // in the lobby
	fragment []byte // the element, written
	revision uint64
	gone     bool
}

type removal struct {
	user     conference.UserID
	revision uint64
}

// maxRemovals is how many removals a mirror remembers.
const maxRemovals = 4096

func newMirror(start time.Time, speaking bool) *mirror {
	return &mirror{
		base: uint64(start.UnixMicro()), speaking: speaking, users: map[conference.UserID]*mirrored{}, differing: map[uint64]*differing{},
	}
}

// progress is what the loop hands out of a conference: copies.
type progress struct {
	revision uint64
	all      bool               // delta.Users are everybody
	record   *conference.Record // nil: as before
	delta    conference.Delta
	state    *confinfo.ConferenceState
}

// progressSince is called on the loop. It looks once at each participant, and copies those that have changed.
func (f *Focus) progressSince(revision uint64) progress {
	c := f.conference
	p := progress{revision: c.Revision(), state: conferenceState(c)}
	var ok bool
	if p.delta, ok = c.Since(revision); !ok || revision == 0 {
		p.all, p.delta = true, conference.Delta{State: true, Users: c.Participants()}
	}
	if p.delta.State {
		record := c.Record()
		p.record = &record
	}
	return p
}

// apply takes progress over. document makes the shared parts of a record; they hold no secret.
func (m *mirror) apply(p progress, document func(conference.Record) *confinfo.Document) {
	if m.revision != 0 && p.revision <= m.known {
		return
	}
	m.known = p.revision
	revision := m.base + p.revision
	muteAll := m.muteAll
	if p.record != nil {
		m.describe(document(*p.record), revision)
		muteAll = p.record.MuteAll
	}
	state := *p.state
	if !m.speaking {
		state.ActiveSpeaker = ""
	}
	if !reflect.DeepEqual(m.shared.ConferenceState, &state) || muteAll != m.muteAll {
		m.muteAll = muteAll
		m.shared.ConferenceState, m.shared.View = &state, viewOf(&m.shared, state.Locked, muteAll)
		m.seen(&m.changed, revision)
	}
	for i := range p.delta.Users {
		m.put(&p.delta.Users[i], revision)
	}
	m.remove(p, revision)
}

// seen notes a visible change of a part.
func (m *mirror) seen(part *uint64, revision uint64) {
	*part = revision
	if m.revision != revision {
		m.revision = revision
		clear(m.differing)
	}
}

func (m *mirror) describe(d *confinfo.Document, revision uint64) {
	m.shared.Entity = d.Entity
	if !reflect.DeepEqual(m.shared.Description, d.Description) {
		m.shared.Description = d.Description
		m.seen(&m.described, revision)
	}
}

// put takes over a participant. One that looks as before has not changed: somebody speaks, say.
func (m *mirror) put(p *conference.Participant, revision uint64) {
	element := userElement(*p)
	if !m.speaking {
		for i := range element.Endpoints {
			element.Endpoints[i].Speaking = false
		}
	}
	fragment := element.Fragment()
	u := m.users[p.User]
	switch {
	case u == nil:
		u = &mirrored{}
		m.users[p.User], m.order = u, append(m.order, u)
	case bytes.Equal(u.fragment, fragment):
		return
	}
	u.element, u.fragment, u.waiting = element, fragment, p.Waiting
	m.seen(&u.revision, revision)
}

// remove takes out who is gone; with all, who is not among everybody.
func (m *mirror) remove(p progress, revision uint64) {
	gone := p.delta.Removed
	if p.all {
		gone = m.missing(p.delta.Users)
	}
	for _, user := range gone {
		u := m.users[user]
		if u == nil {
			continue // came and went since
		}
		delete(m.users, user)
		u.gone = true
		m.removed = append(m.removed, removal{user, revision})
		m.seen(&u.revision, revision)
	}
	if len(gone) > 0 {
		m.order = slices.DeleteFunc(m.order, func(u *mirrored) bool { return u.gone })
	}
	if excess := len(m.removed) - maxRemovals; excess > 0 {
		m.forgotten = m.removed[excess-1].revision
		m.removed = slices.Delete(m.removed, 0, excess)
	}
}

func (m *mirror) missing(everybody []conference.Participant) (gone []conference.UserID) {
	here := make(map[conference.UserID]bool, len(everybody))
	for i := range everybody {
		here[everybody[i].User] = true
	}
	for user := range m.users {
		if !here[user] {
			gone = append(gone, user)
		}
	}
	return gone
}

// end is the last change.
func (m *mirror) end() {
	if !m.ended {
		m.ended = true
		m.seen(&m.changed, max(m.revision, m.base+m.known)+1)
	}
}
