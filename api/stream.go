package api

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/cluster"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
)

// Bounds of streams. One that is slow has no queue: what happens meanwhile is told together, and what is too much of it as the full state.
const (
	maxStreamsInAll = 2048
	maxStreamsOf    = 128 // of one user
	heartbeat       = 15 * time.Second
	writePatience   = 10 * time.Second // for one event
)

// outlet is where a stream goes: server-sent events, or a WebSocket.
type outlet interface {
	send(ctx context.Context, e *Event) error
	beat(ctx context.Context) error                     // nothing has happened
	refuse(ctx context.Context, refusal *Problem) error // the last message
}

// stream is one client's stream of events of a conference:
//
//	open     counted; may the client watch; what the conference is like
//	tell     what differs from the revision that the client has, then what happens
//	recheck  every heartbeat, and when the client's own entry in the roster changes: is it still allowed
type stream struct {
	server *server
	who    c3p.Principal
	check  func(context.Context) (c3p.Principal, error) // the credentials, again
	watch  Watch
	story  story
	known  uint64       // revision that the client has
	finals <-chan final // responses that the client is told; nil: none
}

// streams counts those that are open.
type streams struct {
	mu   sync.Mutex
	all  int
	open map[string]int // by user
}

func (s *streams) enter(user string) (leave func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all >= maxStreamsInAll || s.open[user] >= maxStreamsOf {
		return nil, false
	}
	if s.open == nil {
		s.open = map[string]int{}
	}
	s.all++
	s.open[user]++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.all--
		if s.open[user]--; s.open[user] == 0 {
			delete(s.open, user)
		}
	}, true
}

// telling is what a request for events becomes: a stream, or a feed of many.
type telling interface {
	run(ctx context.Context, out outlet) error // until the client or the meeting goes
	close()
}

// getEvents streams what happens in a conference.
func (s *server) getEvents(w http.ResponseWriter, r *http.Request, who c3p.Principal) {
	s.serveEvents(w, r, who, func(check func(context.Context) (c3p.Principal, error), finals <-chan final) (telling, *Problem) {
		known, refusal := knownRevision(r)
		if refusal != nil {
			return nil, refusal
		}
		st, refusal := s.openStream(r, who, check)
		if refusal != nil {
			return nil, refusal
		}
		st.known, st.finals = known, finals
		return st, nil
	})
}

// serveEvents tells what open opens: as a WebSocket to who asks for an upgrade, else as server-sent events. check looks at the credentials again.
func (s *server) serveEvents(w http.ResponseWriter, r *http.Request, who c3p.Principal,
	open func(check func(context.Context) (c3p.Principal, error), finals <-chan final) (telling, *Problem)) {
	leave, ok := s.streams.enter(who.URI)
	if !ok {
		unavailable("Too many streams of events are open: close some of yours, or try again in a moment.").write(w)
		return
	}
	defer leave()
	release, ok := s.running.hold()
	if !ok {
		unavailable("The server is shutting down.").write(w)
		return
	}
	defer release()
	finals, leaveFinals := s.finals.listen(who.URI)
	defer leaveFinals()
	_, check := s.credentials(r)
	opened, refusal := open(check, finals)
	if refusal != nil {
		refusal.write(w)
		return
	}
	defer opened.close()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(s.running.ctx, cancel)()
	if isWebSocket(r) {
		s.serveWebSocket(ctx, w, r, opened)
	} else {
		s.serveSSE(ctx, w, opened)
	}
}

// resumeBy is what a client says that it has.
func resumeBy(r *http.Request) string {
	return cmp.Or(r.Header.Get("Last-Event-ID"), r.URL.Query().Get("since"))
}

// knownRevision is where to resume: Last-Event-ID of server-sent events, or since=REVISION.
func knownRevision(r *http.Request) (uint64, *Problem) {
	text := resumeBy(r)
	if text == "" {
		return 0, nil
	}
	known, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, badField("since", "since and Last-Event-ID are the revision of an event, or are left out.")
	}
	return known, nil
}

// openStream begins to watch. What may be seen is what GET of the conference shows.
func (s *server) openStream(r *http.Request, who c3p.Principal, check func(context.Context) (c3p.Principal, error)) (*stream, *Problem) {
	if s.Watches == nil {
		return nil, failed(c3p.ReasonNotImplemented, "")
	}
	id, err := conference.ParseID(variable(r, "id"))
	if err != nil {
		return nil, failed(c3p.ReasonConferenceDoesNotExist, "")
	}
	st := &stream{server: s, who: who, check: check, story: story{server: s, id: id}}
	if st.watch, err = s.Watches.Watch(r.Context(), who, id); err != nil {
		return nil, s.watchProblem(err)
	}
	news, err := st.watch.Since(r.Context(), 0)
	if err != nil {
		st.watch.Close()
		return nil, s.watchProblem(err)
	}
	if news.Document != nil {
		st.story.learn(news.Document)
	}
	return st, nil
}

func (st *stream) close() { st.watch.Close() }

// watchProblem is what is wrong with a watch.
func (s *server) watchProblem(err error) *Problem {
	switch {
	case errors.Is(err, conference.ErrNotPermitted):
		return failed(c3p.ReasonForbidden, "")
	case errors.Is(err, conference.ErrNotFound), errors.Is(err, conference.ErrEnded), errors.Is(err, conference.ErrExpired):
		return failed(c3p.ReasonConferenceDoesNotExist, "")
	}
	s.Logger.Warn("watching a conference", "err", err)
	return unavailable("The conference cannot be watched now: try again in a moment.")
}

// run tells the client until one of them goes.
func (st *stream) run(ctx context.Context, out outlet) error {
	ticker := time.NewTicker(heartbeat)
	defer ticker.Stop()
	for {
		if ended, err := st.tell(ctx, out); err != nil || ended {
			return err
		}
		select {
		case <-st.watch.Changed():
		case f := <-st.finals:
			if err := out.send(ctx, &Event{Type: EventResponse, RequestID: f.requestID, Response: string(f.document)}); err != nil {
				return err
			}
		case <-ticker.C:
			if refusal := st.recheck(ctx); refusal != nil {
				return out.refuse(ctx, refusal)
			}
			if err := out.beat(ctx); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// tell sends what the client does not know yet.
func (st *stream) tell(ctx context.Context, out outlet) (ended bool, err error) {
	news, err := st.watch.Since(ctx, st.known)
	if err != nil {
		return false, out.refuse(ctx, st.server.watchProblem(err))
	}
	if concerns(news.Document, conference.UserID(st.who.URI)) {
		if refusal := st.recheck(ctx); refusal != nil {
			return true, out.refuse(ctx, refusal)
		}
	}
	e := st.story.event(news)
	if e == nil {
		return false, nil
	}
	st.known = news.Revision
	return news.Ended, out.send(ctx, e)
}

// recheck says why the client may not watch any more. What cannot be found out now is asked again with the next heartbeat.
func (st *stream) recheck(ctx context.Context) *Problem {
	who, err := st.check(ctx)
	switch {
	case err != nil:
		return credentialsProblem(err)
	case !slices.Contains(st.server.Watches.Running(), st.story.id):
		return nil // to watch it would start it again, and its end is on the way
	}
	again, err := st.server.Watches.Watch(ctx, who, st.story.id)
	switch {
	case err == nil:
		again.Close()
	case errors.Is(err, conference.ErrNotPermitted):
		return st.server.watchProblem(err)
	}
	return nil
}

// credentialsProblem is nil for what only could not be found out now.
func credentialsProblem(err error) *Problem {
	if errors.Is(err, cluster.ErrWrongCredentials) || errors.Is(err, cluster.ErrNoSuchUser) {
		return problem(http.StatusUnauthorized, "The credentials are no longer good: log in again.")
	}
	return nil
}
