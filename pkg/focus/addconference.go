package focus

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
)

// lifetime is how long a conference can be dialled that says no expiry.
const lifetime = 30 * 24 * time.Hour

// addConference makes a conference. Nothing starts: that is for the first who joins.
func (s *Server) addConference(ctx context.Context, call *c3p.Call) (c3p.Command, error) {
	record, err := s.recordOf(call.Request.Command.(*c3p.AddConference).Conference, caller(call.Principal))
	if err != nil {
		return nil, err
	}
	if record, err = s.create(ctx, record, caller(call.Principal)); err != nil {
		return nil, err
	}
	s.log.Info("conference made", "conference", record.ID, "organizer", record.Organizer)
	return &c3p.AddConference{Conference: s.document(record, withSecrets)}, nil
}

// recordOf reads what the document asks for. Who names no organizer is it; an administrator without a name is the server's own user.
func (s *Server) recordOf(document *confinfo.Document, by conference.Caller) (conference.Record, error) {
	var d confinfo.Description
	if document != nil && document.Description != nil {
		d = *document.Description
	}
	record := conference.Record{
		Organizer: by.URI.UserID(), Subject: d.Subject, AdmissionPolicy: conference.AdmissionPolicy(d.AdmissionPolicy),
		Expires: d.ExpiryTime, AutoRecord: yes(d.AutoRecord), Lobby: yes(d.Lobby),
		PSTNLobbyBypass: yes(d.PSTNLobbyBypass), Encryption: encryptionOf(&d),
	}
	if d.Organizer != "" {
		record.Organizer = userOf(d.Organizer)
	} else if record.Organizer == "" && by.Administrator {
		record.Organizer = userOf("sip:focus@" + s.config.Domain)
	}
	if d.AdmissionPolicy == "" {
		record.AdmissionPolicy = conference.OpenAuthenticated // nobody is let in by default
	}
	var err error
	if record.PIN, err = s.passcodes.pinOf(&d); err != nil {
		return record, err
	}
	if record.Invitees, err = invitees(d.Invitees); err != nil {
		return record, err
	}
	if d.ConferenceID != "" {
		record.ID, err = conference.ParseID(d.ConferenceID)
	}
	return record, err
}

// yes is a setting that is off where it is not said.
func yes(setting *bool) bool { return setting != nil && *setting }

// maxDraws bounds the search for a free id of ten digits.
const maxDraws = 10

// create stores a new record; without an id it draws one that is free.
func (s *Server) create(ctx context.Context, record conference.Record, by conference.Caller) (conference.Record, error) {
	record.Created = time.Now().UTC().Truncate(time.Second)
	if record.Expires.IsZero() {
		record.Expires = record.Created.Add(lifetime)
	}
	if record.ID != "" {
		return s.createWithID(ctx, record, by)
	}
	for range maxDraws {
		id, err := conference.NewID(rand.Reader)
		if err != nil {
			return record, err
		}
		record.ID = id
		stored, err := s.createWithID(ctx, record, by)
		if !errors.Is(err, conference.ErrExists) {
			return stored, err
		}
	}
	return record, conference.ErrExists
}

func (s *Server) createWithID(ctx context.Context, record conference.Record, by conference.Caller) (conference.Record, error) {
	if err := record.Validate(time.Now(), by); err != nil {
		return record, err
	}
	stored, err := s.config.Directory.Create(ctx, record)
	if err != nil {
		return record, fmt.Errorf("storing conference %s: %w", record.ID, err)
	}
	return stored, nil
}
