package conference

import (
	"cmp"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// model is the slow obvious conference: a flat list of endpoints, each with one audio stream, and a diary. Everything else is worked
// out anew from those each time.
type model struct {
	rows    []row
	roles   map[UserID]Role
	tickets map[UserID]int // drawn when joining
	locked  bool
	muteAll bool
	ended   bool
	diary   []day
}

type row struct {
	user     UserID
	endpoint EndpointID
	muted    Muted
}

// day is who was in after something had happened.
type day struct {
	at    time.Time
	users []UserID
}

func (m *model) users() (users []UserID) {
	for _, r := range m.rows {
		if !slices.Contains(users, r.user) {
			users = append(users, r.user)
		}
	}
	slices.SortFunc(users, func(a, b UserID) int { return m.tickets[a] - m.tickets[b] })
	return users
}

func (m *model) in(user UserID) bool { return slices.Contains(m.users(), user) }

func (m *model) has(user UserID, e EndpointID) bool {
	return slices.ContainsFunc(m.rows, func(r row) bool { return r.user == user && r.endpoint == e })
}

func (m *model) presenter(user UserID) bool {
	return user == alice || m.in(user) && m.roles[user] == Presenter
}

func (m *model) note(at time.Time) { m.diary = append(m.diary, day{at, m.users()}) }

// deadline reads the diary backwards for the last day on which an authenticated user, or anybody, was in.
func (m *model) deadline() (end time.Time) {
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
				if at := m.diary[i+1].at.Add(idleTime); end.IsZero() || at.Before(end) {
					end = at
				}
			}
			break
		}
	}
	return end
}

// follower is a subscriber: it knows nothing but what Since told it.
type follower struct {
	revision uint64
	users    map[UserID]Participant
}

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
	f.revision = c.Revision()
	want := map[UserID]Participant{}
	for _, p := range c.Participants() {
		want[p.User] = p
	}
	if diff := gocmp.Diff(want, f.users); diff != "" {
		r.Fatalf("a subscriber's roster at revision %d:\n%s", f.revision, diff)
	}
}

func TestConferenceIsTheModel(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		c, m := New(meeting(Anonymous, "")), &model{roles: map[UserID]Role{}, tickets: map[UserID]int{}}
		f := &follower{users: map[UserID]Participant{}}
		now := noon
		for range rapid.IntRange(1, 60).Draw(r, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 5).Draw(r, "minutes")) * time.Minute)
			revision, before := c.Revision(), c.Participants()
			changes, err := step(r, now, c, m)
			if err != nil && !gocmp.Equal(before, c.Participants()) {
				r.Fatalf("refused with %v, and changed", err)
			}
			for i, ch := range changes {
				if ch.Revision != revision+uint64(i)+1 || !ch.At.Equal(now) || ch.Kind.String() == "unknown" {
					r.Fatalf("change %d after revision %d: %+v", i, revision, ch)
				}
			}
			if c.Revision() != revision+uint64(len(changes)) {
				r.Fatalf("revision %d after %d and %d changes", c.Revision(), revision, len(changes))
			}
			compare(r, c, m)
			if rapid.Bool().Draw(r, "follow") {
				f.catchUp(r, c)
			}
		}
		f.catchUp(r, c)
	})
}

func compare(r *rapid.T, c *Conference, m *model) {
	var got []row
	for _, p := range c.Participants() {
		if m.roles[p.User] != p.Role || p.Authenticated == p.User.Guest() {
			r.Fatalf("%s is %s, want %s", p.User, p.Role, m.roles[p.User])
		}
		for _, e := range p.Endpoints {
			got = append(got, row{p.User, e.ID, e.Media[0].Muted})
		}
	}
	want := slices.Clone(m.rows)
	for _, rows := range [][]row{got, want} {
		slices.SortFunc(rows, func(a, b row) int {
			return cmp.Or(strings.Compare(string(a.user), string(b.user)), strings.Compare(string(a.endpoint), string(b.endpoint)))
		})
	}
	if !slices.Equal(got, want) {
		r.Fatalf("roster %v, want %v", got, want)
	}
	if !slices.Equal(order(c), m.users()) {
		r.Fatalf("order %v, want %v", order(c), m.users())
	}
	if c.Locked() != m.locked || c.AttendeesMuted() != m.muteAll || c.Ended() != m.ended {
		r.Fatalf("locked %t, all muted %t, ended %t, want %t, %t, %t", c.Locked(), c.AttendeesMuted(), c.Ended(), m.locked, m.muteAll, m.ended)
	}
	if got, want := c.Deadline(), m.deadline(); !got.Equal(want) {
		r.Fatalf("deadline %s, want %s", got, want)
	}
}

func order(c *Conference) (users []UserID) {
	for _, p := range c.Participants() {
		users = append(users, p.User)
	}
	return users
}

// step gives both the same command. What the model says of the outcome is compared here, what it says of the state in compare.
func step(r *rapid.T, now time.Time, c *Conference, m *model) (changes []Change, err error) {
	known := append([]UserID{alice, bob, carol}, m.users()...)
	user := rapid.SampledFrom(known).Draw(r, "user")
	actor := Actor{User: rapid.SampledFrom(known).Draw(r, "by")}
	e := rapid.SampledFrom([]EndpointID{"1", "2", "3"}).Draw(r, "endpoint")
	on := rapid.Bool().Draw(r, "on")
	may := true
	verb := rapid.SampledFrom([]string{"join", "join", "guest", "hangup", "remove", "role", "lock", "mute", "all", "expire", "end"}).Draw(r, "verb")
	switch verb {
	case "join":
		may = !user.Guest() && !m.ended && (!m.locked || m.in(user)) && !m.has(user, e)
		if user.Guest() {
			return nil, nil
		}
		_, changes, err = c.Join(now, Joining{Caller: proved(user), Endpoint: endpointOf(e)})
		if may {
			m.join(now, user, e)
		}
	case "guest":
		may = !m.ended && !m.locked
		var guest UserID
		guest, changes, err = c.Join(now, Joining{Caller: Caller{URI: URI(alice)}, Endpoint: endpointOf(e)})
		if may {
			if m.in(guest) || !guest.Guest() {
				r.Fatalf("a new guest is called %s", guest)
			}
			m.join(now, guest, e)
		}
	case "hangup":
		may = m.has(user, e)
		changes, err = c.RemoveEndpoint(now, user, e)
		m.leave(now, func(r row) bool { return r.user == user && r.endpoint == e })
	case "remove":
		may = m.in(user) && (actor.User == user || m.presenter(actor.User) && user != alice)
		changes, err = c.Remove(now, actor, user)
		if may {
			m.leave(now, func(r row) bool { return r.user == user })
		}
	case "role":
		role := Attendee
		if on {
			role = Presenter
		}
		may = m.in(user) && m.presenter(actor.User) && (user != alice || on)
		changes, err = c.SetRole(now, actor, user, role)
		if may && m.roles[user] != role {
			m.roles[user] = role
			m.obey()
		}
	case "lock":
		may = m.presenter(actor.User) && !m.ended
		changes, err = c.SetLock(now, actor, on)
		if may {
			m.locked = on
		}
	case "mute":
		may, changes, err = stepMute(now, c, m, actor, user, on)
	case "all":
		may = m.presenter(actor.User) && !m.ended
		changes, err = c.MuteAll(now, actor, on)
		if may && m.muteAll != on {
			m.muteAll = on
			m.obey()
		}
	case "expire":
		due := !m.deadline().IsZero() && !now.Before(m.deadline())
		changes = c.Expire(now)
		if due {
			m.end(now)
			m.locked = false
		}
	case "end":
		if rapid.IntRange(0, 9).Draw(r, "really") > 0 {
			return nil, nil
		}
		may = m.presenter(actor.User) && !m.ended
		changes, err = c.End(now, actor)
		if may {
			m.end(now)
		}
	}
	if (err == nil) != may {
		r.Fatalf("%s %s %s by %s: %v, want %t", verb, user, e, actor.User, err, may)
	}
	return changes, err
}

func stepMute(now time.Time, c *Conference, m *model, actor Actor, user UserID, on bool) (may bool, changes []Change, err error) {
	self := actor.User == user
	may = m.in(user) && (self || m.presenter(actor.User))
	held := slices.ContainsFunc(m.rows, func(r row) bool { return r.user == user && r.muted == MutedByAll })
	if !on {
		may = may && (!held || m.presenter(actor.User))
		changes, err = c.Unmute(now, actor, Target{User: user})
	} else {
		changes, err = c.Mute(now, actor, Target{User: user})
	}
	for i := range m.rows {
		r := &m.rows[i]
		switch {
		case !may || r.user != user:
		case !on:
			r.muted = NotMuted
		case r.muted == NotMuted && self:
			r.muted = MutedBySelf
		case r.muted <= MutedBySelf && !self:
			r.muted = MutedByPresenter
		}
	}
	return may, changes, err
}

func (m *model) join(now time.Time, user UserID, e EndpointID) {
	if !m.in(user) {
		m.tickets[user] = len(m.diary)
		m.roles[user] = Attendee
		if user == alice {
			m.roles[user] = Presenter
		}
	}
	muted := NotMuted
	if m.muteAll && m.roles[user] == Attendee {
		muted = MutedByAll
	}
	m.rows = append(m.rows, row{user, e, muted})
	m.note(now)
}

func (m *model) leave(now time.Time, who func(row) bool) {
	m.rows = slices.DeleteFunc(m.rows, who)
	m.note(now)
}

// obey lets MuteAll take hold of attendees, and lets go of everybody else.
func (m *model) obey() {
	for i := range m.rows {
		held := m.muteAll && m.roles[m.rows[i].user] == Attendee
		switch {
		case held && m.rows[i].muted == NotMuted:
			m.rows[i].muted = MutedByAll
		case !held && m.rows[i].muted == MutedByAll:
			m.rows[i].muted = NotMuted
		}
	}
}

func (m *model) end(now time.Time) {
	m.rows, m.ended, m.muteAll = nil, true, false
	m.note(now)
}
