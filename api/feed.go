package api

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
)

// feed is one client's stream of events of all conferences that GET /v1/conferences lists for it:
//
//	open      the conferences that are on; what has ended since the client was here
//	follow    a stream for each, and for each that begins (feeds.started)
//	send      one event after the other, each with the cursor by which to resume
//	recheck   every heartbeat, for all streams: are the credentials still good
type feed struct {
	*following
	server *server
	who    c3p.Principal
	check  func(context.Context) (c3p.Principal, error)
	known  cursor // what the client has
	finals <-chan final
	ctx    context.Context // of all streams
	cancel context.CancelCauseFunc

	writing sync.Mutex // guards what is below: one event at a time
	out     outlet
	at      cursor
}

// maxFeedStreams bounds the conferences of all feeds together.
const maxFeedStreams = 4096

// feeds are those that are open, to be told of conferences that begin.
type feeds struct {
	streams quota

	mu   sync.Mutex
	open map[*feed]bool
}

func (f *feeds) enter(one *feed) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.open == nil {
		f.open = map[*feed]bool{}
	}
	f.open[one] = true
}

func (f *feeds) leave(one *feed) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.open, one)
}

// started is called when a conference is on.
func (f *feeds) started(id conference.ID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for one := range f.open {
		one.follow(id)
	}
}

// getAllEvents streams what happens in all conferences of a user, or in all there are for an administrator.
func (s *server) getAllEvents(w http.ResponseWriter, r *http.Request, who c3p.Principal) {
	s.serveEvents(w, r, who, func(check func(context.Context) (c3p.Principal, error), finals <-chan final) (telling, *Problem) {
		known, refusal := knownCursor(r)
		if refusal != nil {
			return nil, refusal
		}
		if s.Watches == nil {
			return nil, failed(c3p.ReasonNotImplemented, "")
		}
		return &feed{server: s, who: who, check: check, known: known, at: known, finals: finals}, nil
	})
}

// errTooMany ends a feed that has too much to tell: better than one that is silent about some.
var errTooMany = errors.New("too many conferences are on")

// run tells the client until one of them goes.
func (f *feed) run(ctx context.Context, out outlet) error {
	f.ctx, f.cancel = context.WithCancelCause(ctx)
	f.out = out
	f.following = &following{
		server: f.server, quota: &f.server.feeds.streams, meeting: f.meeting, full: func(conference.ID) { f.cancel(errTooMany) },
	}
	f.server.feeds.enter(f)
	refusal := f.follows()
	if refusal == nil {
		refusal = f.goOn()
	}
	f.server.feeds.leave(f)
	f.following.close()
	f.cancel(nil)
	f.wait()
	if refusal != nil {
		return out.refuse(ctx, refusal)
	}
	return context.Cause(f.ctx)
}

func (f *feed) close() {}

// follows begins with what is on.
func (f *feed) follows() *Problem {
	body, refusal := f.server.carryOut(f.ctx, f.who, &c3p.GetConferences{})
	if refusal != nil {
		return refusal
	}
	on := map[conference.ID]bool{}
	if got, ok := body.(*c3p.GetConferences); ok {
		for _, doc := range got.Conferences {
			if isOn(doc) {
				on[conference.ID(doc.Description.ConferenceID)] = true
			}
		}
	}
	for _, seen := range f.known {
		if !on[seen.id] { // its end is what the client has missed
			_ = f.send(&Event{Type: EventEnded, Conference: string(seen.id), Revision: seen.revision})
		}
	}
	for id := range on {
		f.follow(id)
	}
	return nil
}

func isOn(doc *confinfo.Document) bool {
	return doc.Description != nil && doc.ConferenceState != nil && isTrue(doc.ConferenceState.Active)
}

// goOn looks after the streams; nil when the client is gone.
func (f *feed) goOn() *Problem {
	ticker := time.NewTicker(heartbeat)
	defer ticker.Stop()
	for {
		select {
		case final := <-f.finals:
			_ = f.send(&Event{Type: EventResponse, RequestID: final.requestID, Response: string(final.document)})
		case <-ticker.C:
			if refusal := f.recheck(); refusal != nil {
				return refusal
			}
			f.beat()
		case <-f.ctx.Done():
			if errors.Is(context.Cause(f.ctx), errTooMany) {
				return unavailable("Too many conferences are on to be told together: watch those that matter, at /v1/conferences/ID/events.")
			}
			return nil
		}
	}
}

// recheck says why the client may be told no more.
func (f *feed) recheck() *Problem {
	who, err := f.check(f.ctx)
	if refusal := credentialsProblem(err); refusal != nil {
		return refusal
	}
	if err == nil && who != f.who {
		return problem(http.StatusUnauthorized, "Your rights have changed: log in again.")
	}
	return nil
}

// meeting is the stream of one conference, to the end of the meeting.
func (f *feed) meeting(id conference.ID) error {
	watch, err := f.server.Watches.Watch(f.ctx, f.who, id)
	if err != nil {
		return err
	}
	defer watch.Close()
	st := &stream{server: f.server, who: f.who, check: f.credentials, watch: watch, story: story{server: f.server, id: id}}
	news, err := watch.Since(f.ctx, 0)
	if err != nil {
		return err
	}
	if news.Document != nil {
		st.story.learn(news.Document)
	}
	if !f.lists(st.story.state) {
		return conference.ErrNotPermitted
	}
	st.known = f.known.of(id)
	return st.run(f.ctx, feedOutlet{f})
}

// credentials are looked at once for all streams: recheck ends them.
func (f *feed) credentials(context.Context) (c3p.Principal, error) { return f.who, nil }

// lists says whether a conference is among those that are told: one's own, and for an administrator all.
func (f *feed) lists(state *confinfo.Document) bool {
	own := state != nil && state.Description != nil && conference.EntityID(state.Description.Organizer) == conference.UserID(f.who.URI)
	return own || f.who.Role == c3p.RoleAdministrator
}

// send is called by all streams. Who does not take an event in time is gone.
func (f *feed) send(e *Event) error {
	f.writing.Lock()
	defer f.writing.Unlock()
	if err := context.Cause(f.ctx); err != nil {
		return err
	}
	if e.Type != EventResponse {
		f.at = f.at.with(e)
		e.Cursor = f.at.String()
	}
	err := f.out.send(f.ctx, e)
	if err != nil {
		f.cancel(err)
	}
	return err
}

func (f *feed) beat() {
	f.writing.Lock()
	defer f.writing.Unlock()
	if err := f.out.beat(f.ctx); err != nil {
		f.cancel(err)
	}
}

// feedOutlet is where the stream of one conference goes. What it may not see any more ends that stream alone.
type feedOutlet struct{ feed *feed }

func (o feedOutlet) send(_ context.Context, e *Event) error           { return o.feed.send(e) }
func (o feedOutlet) beat(context.Context) error                       { return nil }
func (o feedOutlet) refuse(_ context.Context, refusal *Problem) error { return refusal }
