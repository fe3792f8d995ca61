package focus

import (
	"context"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
)

// Watch is somebody's view of a conference: news of it, for as long as the meeting lasts. Close it. Its methods may be called from any goroutine.
type Watch struct {
	hub     *hub
	watcher *watcher
	changed chan struct{}
}

// News is what differs between what a watcher knew and now.
type News struct {
	// Revision is what the watcher knows with it: ask for what comes after. It grows with each meeting of a conference, and fits into 53 bits.
	Revision uint64
	// Full says that the document is the whole state. Otherwise it is partial: the users in it are whole or deleted, all else is as it was
	// unless it is there (RFC 4575 §4.6).
	Full bool
	// Document holds no secrets and no version; nil when nothing has changed. Others have it too: it must not be modified.
	Document *confinfo.Document
	// Ended: the meeting is over and nothing will follow. The document has the state deleted.
	Ended bool
}

// Watch watches a conference, and starts its focus if it is not on. Who may do so is who may getConference. The errors are those of
// conference.Record and its rules: conference.ErrNotFound, ErrEnded, ErrExpired, ErrNotPermitted.
func (s *Server) Watch(ctx context.Context, by c3p.Principal, id conference.ID) (*Watch, error) {
	changed := make(chan struct{}, 1)
	f, err := s.inFocus(ctx, id, func(f *Focus) error {
		return f.conference.May(actor(by), conference.GetConference, "")
	})
	if err != nil {
		return nil, err
	}
	w := &watcher{mirror: f.hub.live, wake: func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}}
	if !f.hub.add(w) {
		f.hub.leave(w)
		return nil, errGone
	}
	return &Watch{hub: f.hub, watcher: w, changed: changed}, nil
}

// Changed receives a value when there is news, at most five times a second: what happens in between is told together.
func (w *Watch) Changed() <-chan struct{} { return w.changed }

// Since is what differs between a revision and now; 0 is nothing known. A revision that is too old, or of another meeting, gets a full document.
func (w *Watch) Since(ctx context.Context, revision uint64) (News, error) {
	h := w.hub
	if err := h.refresh(ctx, revision); err != nil {
		return News{}, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	news := News{Revision: h.live.revision, Ended: h.live.ended}
	if d := h.live.since(revision); d != nil {
		news.Full, news.Document = d.full, d.read()
	}
	return news, nil
}

// Close ends the watch. Changed is not closed.
func (w *Watch) Close() { w.hub.leave(w.watcher) }

// shared is what all watchers are told of a record: no PIN, and not who is invited.
func (s *Server) shared(record conference.Record) *confinfo.Document {
	document := s.document(record, withoutSecrets)
	document.Description.Invitees = nil
	return document
}
