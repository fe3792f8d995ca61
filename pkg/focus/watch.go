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
	w := &watcher{wake: func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}}
	f, err := s.inFocus(ctx, id, func(f *Focus) error {
		return f.conference.May(actor(by), conference.GetConference, "")
	})
	if err != nil {
		return nil, err
	}
	if err := f.hub.enter(ctx, w); err != nil {
		return nil, err
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
	news := News{Revision: h.mirror.revision, Ended: h.mirror.ended}
	if d := h.mirror.since(revision); d != nil {
		news.Full, news.Document = d.full, d.read()
	}
	return news, nil
}

// Close ends the watch. Changed is not closed.
func (w *Watch) Close() { w.hub.leave(w.watcher) }

// refresh gives who knows nothing what is true now, not what was last told.
func (h *hub) refresh(ctx context.Context, revision uint64) error {
	if revision != 0 {
		return nil
	}
	if err := h.take(ctx); err != nil {
		select {
		case <-h.focus.stopped: // the end is news too
			return nil
		default:
			return err
		}
	}
	return nil
}

// shared is what all watchers are told of a record: no PIN, and not who is invited.
func (s *Server) shared(record conference.Record) *confinfo.Document {
	document := s.document(record, withoutSecrets)
	document.Description.Invitees = nil
	return document
}
