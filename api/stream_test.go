package api

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/cluster"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
)

// happening is a conference of which the tests say what happens: the documents by revision, from 1 on.
type happening struct {
	mu      sync.Mutex
	refuses error
	news    []News
	changed []chan struct{}
	open    int
	full    func() *confinfo.Document // nil: meeting
}

func (h *happening) Watch(_ context.Context, _ c3p.Principal, _ conference.ID) (Watch, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.refuses != nil {
		return nil, h.refuses
	}
	c := make(chan struct{}, 1)
	h.changed = append(h.changed, c)
	h.open++
	return &view{h, c}, nil
}

func (h *happening) Running() []conference.ID {
	h.mu.Lock()
	defer h.mu.Unlock()
	if n := len(h.news); n == 0 || h.news[n-1].Ended {
		return nil
	}
	return []conference.ID{"2718281828"}
}

// view is one watch of it.
type view struct {
	*happening
	changed chan struct{}
}

func (v *view) Changed() <-chan struct{} { return v.changed }
func (v *view) Close()                   { v.mu.Lock(); v.open--; v.mu.Unlock() }

// Since tells one change after the other, and everything to who knows none.
func (v *view) Since(_ context.Context, revision uint64) (News, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	last := v.news[len(v.news)-1]
	switch {
	case last.Ended:
		return last, nil
	case revision == last.Revision:
		return News{Revision: revision}, nil
	case revision == 0 || revision+1 != last.Revision:
		return News{Revision: last.Revision, Full: true, Document: v.whole()}, nil
	}
	return last, nil
}

func (h *happening) whole() *confinfo.Document {
	if h.full != nil {
		return h.full()
	}
	return meeting()
}

// happens adds news, all of it before anybody can look.
func (h *happening) happens(all ...News) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, news := range all {
		news.Revision = uint64(len(h.news) + 1)
		h.news = append(h.news, news)
	}
	for _, c := range h.changed {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// leaves is the news that bob has left.
func leaves() News {
	none := 0
	return News{Document: &confinfo.Document{
		State: confinfo.Partial, ConferenceState: &confinfo.ConferenceState{UserCount: &none},
		Users: []confinfo.User{{Entity: "sip:bob@example.com", State: confinfo.Deleted}},
	}}
}

// inTime runs a story about streams in virtual time, with a client for them.
func inTime(t *testing.T, story func(w *world, h *happening, client *http.Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w, h := newWorld(t), &happening{}
		h.happens(News{Full: true, Document: meeting()})
		w.handler.server.Watches = h
		dial := serveInMemory(t, w.handler)
		transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return dial(), nil }}
		story(w, h, &http.Client{Transport: transport})
		w.handler.Close()
		transport.CloseIdleConnections()
		synctest.Wait()
		if h.open != 0 {
			t.Errorf("%d watches are left open", h.open)
		}
	})
}

// reader reads server-sent events.
type reader struct {
	t *testing.T
	*bufio.Scanner
	body io.Closer
}

func (w *world) events(client *http.Client, headers ...string) *reader {
	w.t.Helper()
	return w.eventsAt(client, "alice", "/v1/conferences/2718281828/events", headers...)
}

func (w *world) eventsAt(client *http.Client, user, path string, headers ...string) *reader {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), "GET", "http://example.com"+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	r.SetBasicAuth(user, user+"-password")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := client.Do(r)
	if err != nil || response.StatusCode != 200 || response.Header.Get("Content-Type") != "text/event-stream" {
		w.t.Fatalf("%+v, %v", response, err)
	}
	w.t.Cleanup(func() { response.Body.Close() })
	return &reader{w.t, bufio.NewScanner(response.Body), response.Body}
}

// next is the next event; ok is false at the end. Comments are passed over.
func (r *reader) next() (id string, e Event, ok bool) {
	r.t.Helper()
	for r.Scan() {
		switch line := r.Text(); {
		case strings.HasPrefix(line, "id: "):
			id = line[4:]
		case strings.HasPrefix(line, "data: "):
			if err := json.Unmarshal([]byte(line[6:]), &e); err != nil {
				r.t.Fatalf("%s: %v", line, err)
			}
			return id, e, true
		}
	}
	return "", e, false
}

func (r *reader) wants(id, kind string) Event {
	r.t.Helper()
	got, e, ok := r.next()
	if !ok || got != id || e.Type != kind {
		r.t.Fatalf("got event %q %+v, want %q %s", got, e, id, kind)
	}
	return e
}

func TestServerSentEvents(t *testing.T) {
	inTime(t, func(w *world, h *happening, client *http.Client) {
		t := w.t
		stream := w.events(client)
		e := stream.wants("1", EventFull)
		if len(e.Participants) != 1 || e.State.Subject != "Team" || e.Conference != "2718281828" {
			t.Errorf("at first %+v", e)
		}

		t.Log("# an hour in which nothing happens, against all time-outs of the server; then bob leaves")
		time.AfterFunc(time.Hour, func() { h.happens(leaves()) })
		e = stream.wants("2", EventPartial)
		if len(e.Removed) != 1 || e.State == nil || e.State.Participants != 0 || e.State.Subject != "Team" {
			t.Errorf("then %+v %+v", e, e.State)
		}

		t.Log("# what became of a command that was answered with pending")
		w.handler.server.finals.tell("sip:alice@example.com", "7", []byte("<response/>"))
		if e = stream.wants("", EventResponse); e.RequestID != "7" || e.Response != "<response/>" {
			t.Errorf("got %+v", e)
		}

		t.Log("# who comes back says what it knows")
		stream.body.Close()
		again := w.events(client, "Last-Event-ID", "1")
		again.wants("2", EventPartial)
		h.happens(News{Ended: true})
		again.wants("3", EventEnded)
		if _, e, more := again.next(); more {
			t.Errorf("after the end came %+v", e)
		}
	})
}

func TestEventsByWebSocket(t *testing.T) {
	inTime(t, func(w *world, h *happening, client *http.Client) {
		t := w.t
		header := http.Header{}
		r, _ := http.NewRequest("GET", "http://x", nil)
		r.SetBasicAuth("alice", "alice-password")
		header.Set("Authorization", r.Header.Get("Authorization"))
		conn, _, err := websocket.Dial(t.Context(), "ws://example.com/v1/conferences/2718281828/events?since=0", &websocket.DialOptions{HTTPClient: client, HTTPHeader: header})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.CloseNow()
		read := func() (e Event) {
			t.Helper()
			_, data, err := conn.Read(t.Context())
			if err != nil || json.Unmarshal(data, &e) != nil {
				t.Fatalf("%s %v", data, err)
			}
			return e
		}
		if e := read(); e.Type != EventFull || e.Revision != 1 {
			t.Errorf("at first %+v", e)
		}
		time.AfterFunc(time.Hour, func() { h.happens(leaves()) })
		if e := read(); e.Type != EventPartial || e.Revision != 2 || len(e.Removed) != 1 {
			t.Errorf("then %+v", e)
		}

		t.Log("# a page of another host")
		header.Set("Origin", "https://evil.example")
		if _, response, err := websocket.Dial(t.Context(), "ws://example.com/v1/conferences/2718281828/events", &websocket.DialOptions{HTTPClient: client, HTTPHeader: header}); err == nil || response.StatusCode != 403 {
			t.Errorf("answered %v, %v", response, err)
		}

		t.Log("# alice may no longer watch")
		h.mu.Lock()
		h.refuses = conference.ErrNotPermitted
		h.mu.Unlock()
		if _, _, err := conn.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusPolicyViolation {
			t.Errorf("the stream ended with %v", err)
		}
	})
}

// TestARightIsLookedAtAgain: a stream ends soon after a password has changed, or a presenter has become an attendee.
func TestARightIsLookedAtAgain(t *testing.T) {
	inTime(t, func(w *world, h *happening, client *http.Client) {
		t := w.t
		stream := w.events(client)
		stream.wants("1", EventFull)
		if err := w.store.Users.Remove(t.Context(), "alice"); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if _, e, _ := stream.next(); e.Type != "" || time.Since(began) > heartbeat {
			t.Errorf("after %v %+v, want a problem", time.Since(began), e)
		}
		if stream.Scan(); stream.Scan() {
			t.Errorf("it goes on: %s", stream.Text())
		}
		if _, err := w.store.Users.Add(t.Context(), cluster.User{Name: "alice"}, "alice-password"); err != nil {
			t.Fatal(err)
		}

		t.Log("# alice's own entry changes: she is asked at once")
		stream = w.events(client)
		stream.wants("1", EventFull)
		h.mu.Lock()
		h.refuses = conference.ErrNotPermitted
		h.mu.Unlock()
		began = time.Now()
		h.happens(News{Document: &confinfo.Document{State: confinfo.Partial, Users: []confinfo.User{{Entity: "sip:alice@example.com", State: confinfo.Full}}}})
		if _, e, _ := stream.next(); len(e.Participants) > 0 || time.Since(began) > 0 {
			t.Errorf("after %v %+v, want a problem", time.Since(began), e)
		}
	})
}

func TestStreamsThatAreRefused(t *testing.T) {
	w := newWorld(t)
	const path = "/v1/conferences/2718281828/events"
	w.wantsProblem(w.do("GET", path, "", as("alice")), 501, "cannot do that")
	h := &happening{}
	h.happens(News{Full: true, Document: meeting()})
	w.handler.server.Watches = h
	w.wantsProblem(w.do("GET", path, ""), 401, "Log in")
	w.wantsProblem(w.do("GET", path+"?since=yesterday", "", as("alice")), 400, "revision")
	w.wantsProblem(w.do("GET", path, "", as("alice"), with("Last-Event-ID", "x")), 400, "revision")
	w.wantsProblem(w.do("GET", "/v1/conferences/a-b/events", "", as("alice")), 404, "no such conference")
	for err, status := range map[error]int{conference.ErrNotFound: 404, conference.ErrEnded: 404, conference.ErrNotPermitted: 403, io.EOF: 503} {
		h.refuses = fmt.Errorf("conference: %w", err)
		w.wantsProblem(w.do("GET", path, "", as("alice")), status, "")
	}
	for range maxStreamsOf {
		if _, ok := w.handler.server.streams.enter("sip:alice@example.com"); !ok {
			t.Fatal("refused too soon")
		}
	}
	w.wantsProblem(w.do("GET", path, "", as("alice")), 503, "Too many streams")
}

// TestAStoreThatIsBusyCutsNobodyOff: what cannot be found out now is asked again.
func TestAStoreThatIsBusyCutsNobodyOff(t *testing.T) {
	inTime(t, func(w *world, h *happening, client *http.Client) {
		t := w.t
		stream := w.events(client)
		stream.wants("1", EventFull)
		h.mu.Lock()
		h.refuses = io.ErrUnexpectedEOF
		h.mu.Unlock()
		time.AfterFunc(10*heartbeat, func() { h.happens(leaves()) })
		if e := stream.wants("2", EventPartial); len(e.Removed) != 1 {
			t.Errorf("got %+v", e)
		}
	})
}

// TestASlowClientGetsTheFullState: what happens while it does not read is told together.
func TestASlowClientGetsTheFullState(t *testing.T) {
	inTime(t, func(w *world, h *happening, client *http.Client) {
		t := w.t
		stream := w.events(client)
		stream.wants("1", EventFull)
		h.happens(slices.Repeat([]News{leaves()}, 100)...)
		if e := stream.wants("101", EventFull); len(e.Participants) != 1 {
			t.Errorf("got %+v", e)
		}
	})
}
