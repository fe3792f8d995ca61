package focus

import (
	"context"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// adHocTime is how long an ad-hoc conference can be dialled.
const adHocTime = 24 * time.Hour

// inviteFactory makes a conference and brings its organizer in: the INVITE "to the conference factory URI" creates "a new conference",
// and the Contact of the 200 is its focus (RFC 4579 §5.4).
func (s *Server) inviteFactory(tx *sip.ServerTransaction, who visitor) error {
	if !who.caller.Authenticated {
		return &challengeError{sip.ErrNoCredentials}
	}
	now := time.Now()
	record, err := s.create(tx.Context(), conference.Record{
		Organizer: who.caller.URI.UserID(), Subject: who.name, AdmissionPolicy: conference.OpenAuthenticated, Expires: now.Add(adHocTime),
	}, who.caller)
	if err != nil {
		return err
	}
	s.log.Info("conference made by INVITE", "conference", record.ID, "organizer", record.Organizer)
	err = s.join(tx, who, conference.Address{Kind: conference.KindFocus, ID: record.ID, Organizer: record.Organizer})
	if err != nil {
		s.run("abandoning an ad-hoc conference", func(ctx context.Context) { s.abandon(ctx, record) })
	}
	return err
}

// abandon ends a conference whose organizer did not get in: nobody else knows of it.
func (s *Server) abandon(ctx context.Context, record conference.Record) {
	record.Ended = time.Now()
	if _, err := s.config.Directory.Update(ctx, record); err != nil {
		s.log.Warn("ad-hoc conference not ended", "conference", record.ID, "err", err)
	}
}
