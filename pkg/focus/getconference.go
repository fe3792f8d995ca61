package focus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
)

// getConference shows the record and, when the conference is on, who is there. Who is in may see it, the organizer and administrators always;
// the PIN is for the last two.
func (s *Server) getConference(ctx context.Context, call *c3p.Call) (c3p.Command, error) {
	command, by := call.Request.Command.(*c3p.GetConference), actor(call.Principal)
	id, err := s.idOf(command.Keys)
	if err != nil {
		return nil, err
	}
	document, err := s.live(ctx, id, by)
	if errors.Is(err, errNotRunning) {
		document, err = s.stored(ctx, id, by)
	}
	if err != nil {
		return nil, err
	}
	if command.Key != nil {
		if err := seal(document, command.Key); err != nil {
			return nil, err
		}
	}
	return &c3p.GetConference{Keys: command.Keys, Conference: document}, nil
}

var errNotRunning = errors.New("conference is not on")

// live is the document of a conference that is on.
func (s *Server) live(ctx context.Context, id conference.ID, by conference.Actor) (document *confinfo.Document, err error) {
	s.mu.Lock()
	f := s.focuses[id]
	s.mu.Unlock()
	if f == nil {
		return nil, errNotRunning
	}
	err = f.do(ctx, func() error {
		if err := f.conference.May(by, conference.GetConference, ""); err != nil {
			return err
		}
		record := f.conference.Record()
		document = s.document(record, secretsFor(by, record))
		describeMeeting(document, f.conference)
		s.calls.describe(document)
		return nil
	})
	if errors.Is(err, errGone) {
		err = errNotRunning
	}
	return document, err
}

// stored is the document of a conference of which there is only the record.
func (s *Server) stored(ctx context.Context, id conference.ID, by conference.Actor) (*confinfo.Document, error) {
	record, err := s.config.Directory.Get(ctx, id)
	switch {
	case err != nil:
		return nil, fmt.Errorf("conference %s: %w", id, err)
	case record.May(by, conference.GetConference) != nil:
		return nil, conference.ErrNotPermitted
	case !record.Ended.IsZero():
		return nil, conference.ErrEnded
	case record.ExpiredAt(time.Now()):
		return nil, conference.ErrExpired
	}
	document := s.document(record, secretsFor(by, record))
	document.View = viewOf(document, document.ConferenceState.Locked, record.MuteAll)
	return document, nil
}
