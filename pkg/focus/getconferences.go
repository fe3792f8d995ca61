package focus

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
)

// getConferences lists the sender's conferences, all for an administrator, without PINs and rosters. Those that have ended or expired are
// not told.
func (s *Server) getConferences(ctx context.Context, call *c3p.Call) (c3p.Command, error) {
	by := actor(call.Principal)
	organizer := by.User
	if conference.MayOutside(by, conference.GetConferences, "") == nil {
		organizer = "" // everybody's
	} else if err := conference.MayOutside(by, conference.GetConferences, organizer); err != nil {
		return nil, err
	}
	records, err := s.config.Directory.List(ctx, organizer)
	if err != nil {
		return nil, fmt.Errorf("listing conferences: %w", err)
	}
	command, now := &c3p.GetConferences{}, time.Now()
	for _, record := range records {
		if record.Ended.IsZero() && !record.ExpiredAt(now) {
			document := s.document(record, withoutSecrets)
			active := s.runningFocus(document.Entity) != nil
			document.ConferenceState.Active = &active
			command.Conferences = append(command.Conferences, document)
		}
	}
	return command, nil
}
