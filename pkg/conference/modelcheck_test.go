package conference

import (
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// follower is a subscriber: it knows nothing but what Since told it.
type follower struct {
	revision uint64
	users    map[UserID]Participant
	state    state
}

// state is what a subscriber is told of the conference itself.
type state struct {
	record Record
	active UserID
	ended  bool
}

func stateOf(c *Conference) state { return state{c.Record(), c.ActiveSpeaker(), c.Ended()} }

func (f *follower) catchUp(r *rapid.T, c *Conference) {
	d, ok := c.Since(f.revision)
	if !ok {
		r.Fatalf("no difference since %d", f.revision)
	}
	for _, p := range d.Users {
		f.users[p.User] = p
	}
	for _, user := range d.Removed {
		delete(f.users, user)
	}
	if d.State {
		f.state = stateOf(c)
	}
	f.revision = c.Revision()
	want := map[UserID]Participant{}
	for _, p := range c.Participants() {
		want[p.User] = p
	}
	if diff := gocmp.Diff(want, f.users); diff != "" {
		r.Fatalf("a subscriber's roster at revision %d:\n%s", f.revision, diff)
	}
	now := stateOf(c)
	f.state.record.Roles = now.record.Roles // those of participants are in the roster
	if !f.state.record.Equal(&now.record) || f.state.active != now.active || f.state.ended != now.ended {
		r.Fatalf("a subscriber's state at revision %d: %+v, want %+v", f.revision, f.state, now)
	}
}

func TestConferenceIsTheModel(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		record := meeting(rapid.SampledFrom([]AdmissionPolicy{Anonymous, OpenAuthenticated, ClosedAuthenticated}).Draw(r, "policy"), "")
		record.Lobby = rapid.Bool().Draw(r, "lobby")
		c, m := New(record), newModel(record)
		f := &follower{users: map[UserID]Participant{}, state: stateOf(c)}
		now := noon
		for range rapid.IntRange(1, 60).Draw(r, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 5).Draw(r, "minutes")) * time.Minute)
			one(r, now, c, m)
			m.listen()
			compare(r, c, m)
			if rapid.Bool().Draw(r, "follow") {
				f.catchUp(r, c)
			}
		}
		f.catchUp(r, c)
	})
}

// one step: a refusal changes nothing, and each change has its own revision.
func one(r *rapid.T, now time.Time, c *Conference, m *model) {
	revision, before, was := c.Revision(), c.Participants(), stateOf(c)
	changes, err := step(r, now, c, m)
	if err != nil && (!gocmp.Equal(before, c.Participants()) || !gocmp.Equal(was.record, c.Record()) || c.Revision() != revision) {
		r.Fatalf("refused with %v, and changed", err)
	}
	for i, ch := range changes {
		if ch.Revision != revision+uint64(i)+1 || !ch.At.Equal(now) || ch.Kind.String() == "unknown" || ch.Kind.String() == "" {
			r.Fatalf("change %d after revision %d: %+v", i, revision, ch)
		}
	}
	if c.Revision() != revision+uint64(len(changes)) {
		r.Fatalf("revision %d after %d and %d changes", c.Revision(), revision, len(changes))
	}
}

func compare(r *rapid.T, c *Conference, m *model) {
	got, want := c.Participants(), m.people
	if len(got) != len(want) {
		r.Fatalf("roster %v, want %v", got, want)
	}
	present := 0
	for i, p := range got {
		comparePerson(r, p, want[i], m)
		if p.Present() {
			present++
		}
	}
	record := c.Record()
	state := settings{
		record.Subject, record.AdmissionPolicy, record.Lobby, record.PSTNLobbyBypass, c.Locked(), c.Announcements(), c.MuteAll(), c.Recording(),
	}
	if state != m.settings || c.Ended() != m.ended || record.Ended.IsZero() == m.buried || c.ActiveSpeaker() != m.active || c.Present() != present {
		r.Fatalf("%+v, ended %t, %q is active, %d present, want %+v, %t, %q, %d",
			state, c.Ended(), c.ActiveSpeaker(), c.Present(), m.settings, m.ended, m.active, present)
	}
	if !slices.Equal(c.Hands(), m.hands) || !slices.Equal(c.Lobby(), m.lobbyUsers()) {
		r.Fatalf("hands %v, lobby %v, want %v, %v", c.Hands(), c.Lobby(), m.hands, m.lobbyUsers())
	}
	if diff := gocmp.Diff(m.given, record.Roles); diff != "" && len(m.given)+len(record.Roles) > 0 {
		r.Fatalf("roles remembered:\n%s", diff)
	}
	if got, want := c.Deadline(), m.deadline(); !got.Equal(want) {
		r.Fatalf("deadline %s, want %s", got, want)
	}
}

func comparePerson(r *rapid.T, p Participant, want person, m *model) {
	got := person{p.User, p.Role, p.Waiting, p.Joined, p.DisplayText, p.Spotlight, p.Hears}
	if diff := gocmp.Diff(want, got, gocmp.AllowUnexported(person{})); diff != "" || p.Authenticated == p.User.Guest() {
		r.Fatalf("%s, authenticated %t:\n%s", p.User, p.Authenticated, diff)
	}
	var devices, wanted []device
	for _, e := range p.Endpoints {
		d := device{user: p.User, endpoint: e.ID, status: e.Status, speaking: e.Speaking}
		for _, s := range e.Media {
			d.streams = append(d.streams, stream{s.ID, s.Muted, s.Deaf, s.Gain})
		}
		devices = append(devices, d)
	}
	for _, d := range m.devices {
		if d.user == p.User {
			wanted = append(wanted, d)
		}
	}
	if diff := gocmp.Diff(wanted, devices, gocmp.AllowUnexported(device{}, stream{})); diff != "" {
		r.Fatalf("devices of %s:\n%s", p.User, diff)
	}
}
