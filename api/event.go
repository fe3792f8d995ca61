package api

import (
	"context"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
)

// Watches opens watches of conferences; the focus does.
type Watches interface {
	// Watch fails with what the conference package says of who may not, and of conferences that are not there.
	Watch(ctx context.Context, by c3p.Principal, id conference.ID) (Watch, error)
	Running() []conference.ID // the conferences that are on
}

// Watch is somebody's view of a conference until its meeting ends.
type Watch interface {
	Changed() <-chan struct{}                                 // receives a value when there is news
	Since(ctx context.Context, revision uint64) (News, error) // 0: all there is
	Close()
}

// News is what differs between what a watcher knew and now.
type News struct {
	Revision uint64
	Full     bool               // the document is the whole state; otherwise it is partial (RFC 4575 §4.6)
	Document *confinfo.Document // nil: nothing has changed. It is shared and must not be modified
	Ended    bool               // the meeting is over, and nothing follows
}

// Event is a message of a stream of events.
type Event struct {
	Type         string        `json:"type"`                   // full, partial, ended, response
	Conference   string        `json:"conference,omitempty"`   // id
	Revision     uint64        `json:"revision,omitempty"`     // what to resume by, in a stream of one conference
	Cursor       string        `json:"cursor,omitempty"`       // the same in one of all, by WebSocket; server-sent events have it as their id
	State        *Conference   `json:"state,omitempty"`        // the conference, without its secrets, when something of it is new
	Participants []Participant `json:"participants,omitempty"` // of full: who is in; of partial: who is new or changed, each whole
	Removed      []string      `json:"removed,omitempty"`      // URIs of who has left
	RequestID    string        `json:"requestId,omitempty"`    // of a response: the command that was answered with pending
	Response     string        `json:"response,omitempty"`     // of a response: its C3P document
}

// Types of events.
const (
	EventFull     = "full"
	EventPartial  = "partial"
	EventEnded    = "ended"
	EventResponse = "response"
)

// story turns the news of a conference into events. It keeps what of the conference is not said again.
type story struct {
	server *server
	id     conference.ID
	state  *confinfo.Document // description, conference-state and view as last told
}

// event is nil when nothing has changed.
func (s *story) event(news News) *Event {
	e := &Event{Type: EventPartial, Conference: string(s.id), Revision: news.Revision}
	d := news.Document
	switch {
	case news.Ended:
		e.Type = EventEnded
		return e
	case d == nil:
		return nil
	case news.Full:
		e.Type = EventFull
	}
	if s.learn(d) {
		state := s.server.conferenceOf(s.state)
		e.State = &state
	}
	for i := range d.Users {
		if d.Users[i].State == confinfo.Deleted {
			e.Removed = append(e.Removed, d.Users[i].Entity)
		} else {
			e.Participants = append(e.Participants, participantOf(&d.Users[i]))
		}
	}
	return e
}

// learn takes over what a document says of the conference itself, and says whether that is anything.
func (s *story) learn(d *confinfo.Document) (something bool) {
	if s.state == nil {
		s.state = &confinfo.Document{Entity: d.Entity}
	}
	if d.Description != nil {
		s.state.Description, something = d.Description, true
	}
	if d.ConferenceState != nil {
		s.state.ConferenceState, something = d.ConferenceState, true
	}
	if d.View != nil {
		s.state.View, something = d.View, true
	}
	return something
}

// concerns says whether a document has news of a user: what they may see can have changed.
func concerns(d *confinfo.Document, user conference.UserID) bool {
	if d == nil {
		return false
	}
	for i := range d.Users {
		if conference.EntityID(d.Users[i].Entity) == user {
			return true
		}
	}
	return false
}
