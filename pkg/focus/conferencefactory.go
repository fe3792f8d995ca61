package focus

import (
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
	return s.join(tx, who, conference.Address{Kind: conference.KindFocus, ID: record.ID, Organizer: record.Organizer})
}
