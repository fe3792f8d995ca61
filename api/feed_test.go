package api

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
)

const (
	teamID   = "2718281828" // alice's
	budgetID = "3141592653" // alice's
	otherID  = "1414213562" // bob's, and alice takes part
)

// calendar is several conferences.
type calendar struct {
	w  *world
	mu sync.Mutex
	on map[conference.ID]*happening
}

func organizerOf(id conference.ID) string {
	if id == otherID {
		return "sip:bob@example.com"
	}
	return "sip:alice@example.com"
}

func documentOf(id conference.ID) *confinfo.Document {
	d := meeting()
	d.Description.ConferenceID, d.Description.Organizer = string(id), organizerOf(id)
	return d
}

func (c *calendar) Watch(ctx context.Context, by c3p.Principal, id conference.ID) (Watch, error) {
	c.mu.Lock()
	h := c.on[id]
	c.mu.Unlock()
	if h == nil {
		return nil, conference.ErrEnded
	}
	return h.Watch(ctx, by, id)
}

func (c *calendar) Running() (ids []conference.ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Collect(maps.Keys(c.on))
}

// starts is a conference that begins.
func (c *calendar) starts(id conference.ID) *happening {
	h := &happening{full: func() *confinfo.Document { return documentOf(id) }}
	h.happens(News{Full: true, Document: documentOf(id)})
	c.mu.Lock()
	c.on[id] = h
	c.mu.Unlock()
	c.w.handler.ConferenceStarted(id)
	synctest.Wait()
	return h
}

// ends is the end of its meeting.
func (c *calendar) ends(id conference.ID) {
	c.mu.Lock()
	h := c.on[id]
	delete(c.on, id)
	c.mu.Unlock()
	h.happens(News{Ended: true})
	synctest.Wait()
}

// lists is GetConferences.
func (c *calendar) lists(call *c3p.Call) (c3p.Command, error) {
	list := &c3p.GetConferences{}
	for _, id := range c.Running() {
		if d := documentOf(id); d.Description.Organizer == call.Principal.URI || call.Principal.Role == c3p.RoleAdministrator {
			list.Conferences = append(list.Conferences, d)
		}
	}
	ended := documentOf("4669201609")
	ended.ConferenceState.Active = new(false)
	list.Conferences = append(list.Conferences, ended)
	return list, nil
}

func withCalendar(t *testing.T, story func(w *world, c *calendar, client *http.Client)) {
	t.Helper()
	inTime(t, func(w *world, _ *happening, client *http.Client) {
		c := &calendar{w: w, on: map[conference.ID]*happening{}}
		w.handler.server.Watches, w.serve = c, c.lists
		story(w, c, client)
		w.handler.Close()
		synctest.Wait()
		for id, h := range c.on {
			if h.open != 0 {
				t.Errorf("%d watches of %s are left open", h.open, id)
			}
		}
		if s := w.handler.server; s.feeds.streams.n != 0 || len(s.feeds.open) != 0 {
			t.Errorf("%d streams and %d feeds are left", s.feeds.streams.n, len(s.feeds.open))
		}
	})
}

// tells wants an event of a conference, and returns the cursor behind it.
func (r *reader) tells(kind, id string) string {
	r.t.Helper()
	cursor, e, ok := r.next()
	if !ok || e.Type != kind || e.Conference != id || e.Cursor != "" {
		r.t.Fatalf("got event %q %+v, want %s of %s", cursor, e, kind, id)
	}
	return cursor
}

func TestEventsOfAllConferences(t *testing.T) {
	withCalendar(t, func(w *world, c *calendar, client *http.Client) {
		t := w.t
		team := c.starts(teamID)
		c.starts(otherID)
		stream := w.eventsAt(client, "alice", "/v1/events")
		stream.tells(EventFull, teamID)

		t.Log("# another conference of hers begins; what bob's does is not hers")
		c.starts(budgetID)
		stream.tells(EventFull, budgetID)
		c.on[otherID].happens(leaves())
		time.AfterFunc(time.Hour, func() { team.happens(leaves()) })
		cursor := stream.tells(EventPartial, teamID)
		if cursor != teamID+":2,"+budgetID+":1" {
			t.Errorf("cursor %q", cursor)
		}

		t.Log("# what became of a command")
		w.handler.server.finals.tell("sip:alice@example.com", "7", []byte("<response/>"))
		if id, e, _ := stream.next(); id != "" || e.Type != EventResponse || e.RequestID != "7" {
			t.Errorf("got %q %+v", id, e)
		}

		t.Log("# she is cut off: one ends, one goes on")
		stream.body.Close()
		synctest.Wait()
		c.ends(budgetID)
		team.happens(leaves())
		again := w.eventsAt(client, "alice", "/v1/events", "Last-Event-ID", cursor)
		again.tells(EventEnded, budgetID)
		if cursor := again.tells(EventPartial, teamID); cursor != teamID+":3" {
			t.Errorf("cursor %q", cursor)
		}

		t.Log("# meeting after meeting")
		c.ends(teamID)
		if cursor := again.tells(EventEnded, teamID); cursor != "-" {
			t.Errorf("cursor %q", cursor)
		}
		c.starts(teamID)
		again.tells(EventFull, teamID)
	})
}

func TestAdministratorsAreToldOfAll(t *testing.T) {
	withCalendar(t, func(w *world, c *calendar, client *http.Client) {
		c.starts(teamID)
		c.starts(otherID)
		stream := w.eventsAt(client, "root", "/v1/events")
		var told []string
		for range 2 {
			_, e, _ := stream.next()
			told = append(told, e.Type+" "+e.Conference)
		}
		if slices.Sort(told); !slices.Equal(told, []string{"full " + otherID, "full " + teamID}) {
			w.t.Errorf("told %q", told)
		}

		w.t.Log("# root is no user any more: that is noticed with the next heartbeat")
		if err := w.store.Users.Remove(w.t.Context(), "root"); err != nil {
			w.t.Fatal(err)
		}
		began := time.Now()
		if _, e, _ := stream.next(); e.Type != "" || time.Since(began) > heartbeat {
			w.t.Errorf("after %v %+v, want a problem", time.Since(began), e)
		}
	})
}

func TestEventsOfAllByWebSocket(t *testing.T) {
	withCalendar(t, func(w *world, c *calendar, client *http.Client) {
		t := w.t
		team := c.starts(teamID)
		r, _ := http.NewRequest("GET", "http://x", nil)
		r.SetBasicAuth("alice", "alice-password")
		conn, _, err := websocket.Dial(t.Context(), "ws://example.com/v1/events?since="+teamID+":1",
			&websocket.DialOptions{HTTPClient: client, HTTPHeader: http.Header{"Authorization": r.Header["Authorization"]}})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.CloseNow()
		time.AfterFunc(time.Minute, func() { team.happens(leaves()) })
		_, data, err := conn.Read(t.Context())
		var e Event
		if err != nil || json.Unmarshal(data, &e) != nil || e.Type != EventPartial || e.Cursor != teamID+":2" {
			t.Errorf("%s, %v", data, err)
		}
	})
}

func TestFeedsThatAreRefused(t *testing.T) {
	w := newWorld(t)
	const path = "/v1/events"
	w.wantsProblem(w.do("GET", path, "", as("alice")), 501, "cannot do that")
	w.handler.server.Watches = &calendar{w: w}
	w.wantsProblem(w.do("GET", path, ""), 401, "Log in")
	for _, cursor := range []string{"5", "a-b:5", teamID, teamID + ":x", teamID + ":0", teamID + ":5,", teamID + ":5," + teamID + ":6", teamID + ":99999999999999999999",
		strings.Repeat("x", 70) + ":1"} {
		w.wantsProblem(w.do("GET", path, "", as("alice"), with("Last-Event-ID", cursor)), 400, "cursor")
	}
}

// TestAFeedThatHasTooMuchToTell says so: it would be wrong to be silent about some.
func TestAFeedThatHasTooMuchToTell(t *testing.T) {
	withCalendar(t, func(w *world, c *calendar, client *http.Client) {
		w.handler.server.feeds.streams.most = 1
		c.starts(teamID)
		stream := w.eventsAt(client, "alice", "/v1/events")
		stream.tells(EventFull, teamID)
		c.starts(budgetID)
		if _, e, _ := stream.next(); e.Type != "" {
			w.t.Errorf("got %+v, want a problem", e)
		}
	})
}

func TestACursorIsBounded(t *testing.T) {
	var c cursor
	for n := range 1000 {
		c = c.with(&Event{Type: EventPartial, Conference: fmt.Sprintf("%032d", n), Revision: 1<<53 - 1})
	}
	text := c.String()
	if len(c) != maxCursor || len(text) > 3500 || c[0].id != conference.ID(fmt.Sprintf("%032d", 999)) {
		t.Errorf("%d conferences, %d octets: %.40s", len(c), len(text), text)
	}
	if again, ok := parseCursor(text); !ok || !slices.Equal(again, c) {
		t.Errorf("read again: %v", ok)
	}
}

func FuzzCursor(f *testing.F) {
	f.Add("2718281828:1792000000000001,3141592653:1792000000000007")
	f.Add("-")
	f.Add("a:1,,")
	f.Fuzz(func(t *testing.T, text string) {
		c, ok := parseCursor(text)
		if again, ok2 := parseCursor(c.String()); ok && (!ok2 || !slices.Equal(again, c)) {
			t.Errorf("%q is %v, and then %v", text, c, again)
		}
	})
}
