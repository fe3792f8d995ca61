package conference

import (
	"slices"
	"time"
)

// model is the slow obvious conference: flat lists of people and of their devices, and a diary. Everything else is worked out anew from
// those each time.
type model struct {
	people  []person // in the order of joining
	devices []device
	given   map[UserID]Role        // in meetings
	filters map[UserID]MediaFilter // of who has been in
	settings
	hands  []UserID // that are up, as they were raised
	speech []UserID // who speaks, as they began
	active UserID
	ended  bool
	buried bool // for good
	diary  []day
}

type person struct {
	user    UserID
	role    Role
	waiting bool
	since   time.Time
	text    string
	spot    bool
	hears   MediaFilter
}

type device struct {
	user     UserID
	endpoint EndpointID
	status   EndpointStatus
	speaking bool
	streams  []stream
}

type stream struct {
	id    MediaID
	muted Muted
	deaf  bool
	gain  float64
}

// settings are what is not of one participant.
type settings struct {
	subject       string
	policy        AdmissionPolicy
	lobby, bypass bool
	locked        bool
	announcements bool
	muteAll       MuteAll
	recording     RecordingState
}

// day is who was in, and not in the lobby, after something had happened.
type day struct {
	at    time.Time
	users []UserID
}

func newModel(r Record) *model {
	return &model{
		given:    map[UserID]Role{},
		filters:  map[UserID]MediaFilter{},
		settings: settings{policy: r.AdmissionPolicy, lobby: r.Lobby, bypass: r.PSTNLobbyBypass, announcements: true, recording: NotRecording},
	}
}

func (m *model) find(user UserID) *person {
	for i := range m.people {
		if m.people[i].user == user {
			return &m.people[i]
		}
	}
	return nil
}

func (m *model) device(user UserID, e EndpointID) *device {
	for i := range m.devices {
		if m.devices[i].user == user && m.devices[i].endpoint == e {
			return &m.devices[i]
		}
	}
	return nil
}

func (m *model) in(user UserID) bool { return m.find(user) != nil }

// attends: is in, and not in the lobby.
func (m *model) attends(user UserID) bool {
	p := m.find(user)
	return p != nil && !p.waiting
}

// commands: alice does from anywhere, presenters from inside.
func (m *model) commands(user UserID) bool {
	return user == alice || m.attends(user) && m.find(user).role == Presenter
}

func (m *model) lobbyUsers() (users []UserID) {
	for _, p := range m.people {
		if p.waiting {
			users = append(users, p.user)
		}
	}
	return users
}

// admit is "in", "waits" or "refused".
func (m *model) admit(user UserID, guest, capable, pstn bool) string {
	byPhone := m.lobby && m.bypass && pstn
	known := m.in(user) && !guest
	out := m.locked && !known || guest && m.policy != Anonymous && !byPhone ||
		m.policy == ClosedAuthenticated && (guest || user != alice && user != bob) && !byPhone
	switch waits := known && m.find(user).waiting; {
	case m.ended, waits && !capable:
		return "refused"
	case waits:
		return "waits"
	case !out, m.lobby && user == alice && !guest:
		return "in"
	case m.lobby && capable:
		return "waits"
	}
	return "refused"
}

func (m *model) join(now time.Time, user UserID, e EndpointID, waits bool) {
	if !m.in(user) {
		role := Attendee
		if given, ok := m.given[user]; ok {
			role = given
		}
		if user == alice {
			role = Presenter
		}
		m.people = append(m.people, person{user: user, role: role, waiting: waits, since: now, hears: m.filters[user]})
	}
	m.devices = append(m.devices, device{user: user, endpoint: e, status: StatusConnected, streams: []stream{{id: "1", muted: m.newMute(user)}}})
	m.note(now)
}

// newMute is how a new audio stream of a user begins.
func (m *model) newMute(user UserID) Muted {
	if m.muteAll.Later && m.find(user).role == Attendee {
		return MutedByAll
	}
	return NotMuted
}

// leave takes out devices, and people who have none left.
func (m *model) leave(now time.Time, gone func(device) bool) {
	m.devices = slices.DeleteFunc(m.devices, gone)
	m.people = slices.DeleteFunc(m.people, func(p person) bool {
		left := !slices.ContainsFunc(m.devices, func(d device) bool { return d.user == p.user })
		if left && !p.user.Guest() {
			m.filters[p.user] = p.hears
		}
		return left
	})
	m.hands = slices.DeleteFunc(m.hands, func(u UserID) bool { return !m.in(u) })
	m.note(now)
}

func (m *model) end(now time.Time) {
	m.leave(now, func(device) bool { return true })
	m.ended, m.locked, m.muteAll, m.recording = true, false, MuteAll{}, NotRecording
}

func (m *model) note(at time.Time) {
	var users []UserID
	for _, p := range m.people {
		if !p.waiting {
			users = append(users, p.user)
		}
	}
	m.diary = append(m.diary, day{at, users})
}

// mutes applies next to every stream of a user, or with "" of everybody.
func (m *model) mutes(user UserID, next func(p *person, muted Muted) Muted) {
	for i := range m.devices {
		for j := range m.devices[i].streams {
			if d := &m.devices[i]; user == "" || d.user == user {
				d.streams[j].muted = next(m.find(d.user), d.streams[j].muted)
			}
		}
	}
}

// obey is next for mutes when MuteAll or a role has changed.
func (m *model) obey(catch bool) func(p *person, muted Muted) Muted {
	return func(p *person, muted Muted) Muted {
		held := m.muteAll.Muted && p.role == Attendee
		switch {
		case held && catch && muted == NotMuted:
			return MutedByAll
		case !held && muted == MutedByAll:
			return NotMuted
		}
		return muted
	}
}

// listen brings up to date who speaks, and who is the active speaker.
func (m *model) listen() {
	speaks := func(user UserID) bool {
		return m.attends(user) && slices.ContainsFunc(m.devices, func(d device) bool { return d.user == user && d.speaking })
	}
	m.speech = slices.DeleteFunc(m.speech, func(user UserID) bool { return !speaks(user) })
	for _, p := range m.people {
		if speaks(p.user) && !slices.Contains(m.speech, p.user) {
			m.speech = append(m.speech, p.user)
		}
	}
	if len(m.speech) > 0 {
		m.active = m.speech[0]
	} else if !m.in(m.active) {
		m.active = ""
	}
}

// deadline is the earlier of the end and of the first in the lobby who has waited for half an hour.
func (m *model) deadline() (at time.Time) {
	at = m.over()
	for _, p := range m.people {
		if end := p.since.Add(30 * time.Minute); p.waiting && (at.IsZero() || end.Before(at)) {
			at = end
		}
	}
	return at
}

// over reads the diary backwards for the last day on which an authenticated user, or anybody, was in.
func (m *model) over() (end time.Time) {
	if m.ended {
		return end
	}
	for _, counts := range []func(UserID) bool{
		func(u UserID) bool { return !u.Guest() },
		func(UserID) bool { return true },
	} {
		for i := len(m.diary) - 1; i >= 0; i-- {
			if !slices.ContainsFunc(m.diary[i].users, counts) {
				continue
			}
			if i+1 < len(m.diary) {
				if at := m.diary[i+1].at.Add(10 * time.Minute); end.IsZero() || at.Before(end) {
					end = at
				}
			}
			break
		}
	}
	return end
}
