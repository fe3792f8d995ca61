package focus

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/seed-f3cefc8c/focus/internal/roster"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
)

// crowd is a conference, its mirror, and subscribers who are told at times of their own.
type crowd struct {
	*rapid.T
	focus *Focus
	m     *mirror
	now   time.Time
	heard []*listener
}

type listener struct {
	roster  roster.Roster
	since   uint64
	version uint32
}

// TestSubscribersBelieveWhatIsTrue: whatever happens in whatever order, who applies the documents it gets has the roster of the focus.
func TestSubscribersBelieveWhatIsTrue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := quietFocus()
		f.server.config.Dial = func(id conference.ID) conference.URI { return conference.DialURI(id, "example.com") }
		c := &crowd{T: t, focus: f, m: newMirror(f.since, true), now: time.Now()}
		c.take(t)
		t.Repeat(map[string]func(*rapid.T){
			"change": c.change, "take": c.take, "tell": c.tell, "subscribe": c.subscribe, "": func(*rapid.T) {},
		})
		c.take(t)
		for _, l := range c.heard {
			c.told(l)
			c.believes(l)
		}
	})
}

func (c *crowd) subscribe(*rapid.T) { c.heard = append(c.heard, &listener{}) }

// take is what the hub does, some time after a change.
func (c *crowd) take(*rapid.T) { c.m.apply(c.focus.progressSince(c.m.known), c.focus.server.shared) }

func (c *crowd) tell(t *rapid.T) {
	if len(c.heard) > 0 {
		c.told(rapid.SampledFrom(c.heard).Draw(t, "listener"))
	}
}

func (c *crowd) told(l *listener) {
	d := c.m.since(l.since)
	if d == nil {
		return
	}
	if err := l.roster.Apply(d.write().Version(l.version + 1)); err != nil {
		c.Fatal(err)
	}
	l.since, l.version = c.m.revision, l.version+1
}

func (c *crowd) change(t *rapid.T) {
	user := conference.UserID(fmt.Sprintf("sip:u%d@example.com", rapid.IntRange(0, 5).Draw(t, "user")))
	device := conference.EndpointID(fmt.Sprint(rapid.IntRange(0, 2).Draw(t, "device")))
	olivia := conference.Actor{User: "sip:olivia@example.com"}
	k := c.focus.conference
	switch rapid.IntRange(0, 8).Draw(t, "what") {
	case 0, 1, 2:
		_, _, _ = k.Join(c.now, conference.Joining{
			Caller: conference.Caller{URI: conference.URI(user), Authenticated: true}, DisplayText: rapid.String().Draw(t, "name"),
			Endpoint: conference.Endpoint{
				ID: device, SessionType: "focus", Status: conference.StatusConnected, Method: conference.DialedIn,
				Media: []conference.MediaStream{{ID: "1", Type: conference.Audio, Direction: conference.SendRecv}},
			},
		})
	case 3:
		_, _ = k.RemoveEndpoint(c.now, user, device)
	case 4:
		_, _ = k.Remove(c.now, olivia, user)
	case 5:
		_, _ = k.Mute(c.now, olivia, conference.Target{User: user, Media: "1"})
	case 6:
		_, _ = k.SetLock(c.now, olivia, !k.Locked())
	case 7:
		_, _ = k.SetRole(c.now, olivia, user, conference.Presenter)
	case 8:
		_, _ = k.SetSpeaking(c.now, user, device, rapid.Bool().Draw(t, "speaking"))
	}
}

// believes compares a roster with a document made from the conference as it is.
func (c *crowd) believes(l *listener) {
	want := c.focus.server.shared(c.focus.conference.Record())
	describeMeeting(want, c.focus.conference)
	want.Version = 1
	read := roster.Roster{}
	if err := read.Apply(want.AppendXML(nil)); err != nil {
		c.Fatal(err)
	}
	got := l.roster.Document
	sortUsers(got.Users)
	sortUsers(read.Document.Users)
	if diff := cmp.Diff(read.Document.Users, got.Users, cmpopts.EquateEmpty()); diff != "" {
		c.Errorf("users (-true +believed):\n%s", diff)
	}
	if diff := cmp.Diff(read.Document.ConferenceState, got.ConferenceState); diff != "" {
		c.Errorf("conference-state (-true +believed):\n%s", diff)
	}
	if got.Description == nil || got.Description.Subject != want.Description.Subject {
		c.Errorf("description %+v", got.Description)
	}
}

func sortUsers(users []confinfo.User) {
	slices.SortFunc(users, func(a, b confinfo.User) int { return strings.Compare(a.Entity, b.Entity) })
}
