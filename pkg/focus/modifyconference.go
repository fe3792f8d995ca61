package focus

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
)

// modifyConference changes the record of a conference, or mutes all attendees: what the document is about says which.
func (s *Server) modifyConference(ctx context.Context, call *c3p.Call) (c3p.Command, error) {
	document := call.Request.Command.(*c3p.ModifyConference).Conference
	rule := muteRule(document.View)
	switch {
	case rule != nil && document.Description == nil:
		return nil, s.muteAll(ctx, document.Entity, actor(call.Principal), *rule)
	case rule == nil && document.Description != nil:
		return s.modifyRecord(ctx, document, actor(call.Principal))
	}
	return nil, fmt.Errorf("%w: want a conference-description, or mediaFiltersRules", conference.ErrInvalid)
}

// muteRule is what a view says of the attendees' media; nil: nothing.
func muteRule(v *confinfo.View) *confinfo.InitialFilter {
	if v == nil {
		return nil
	}
	for i := range v.Entities {
		if s := v.Entities[i].EntityState; s != nil && s.Filters != nil && len(s.Filters.Initial) == 1 {
			return &s.Filters.Initial[0]
		}
	}
	return nil
}

// modifyRecord changes what the description says, and answers with the record as it is then.
func (s *Server) modifyRecord(ctx context.Context, document *confinfo.Document, by conference.Actor) (c3p.Command, error) {
	m, err := s.modificationOf(document)
	if err != nil {
		return nil, err
	}
	var was conference.Encryption
	f, err := s.keep(ctx, c3p.ConferenceKeys{Entity: document.Entity}, func(f *Focus) (func(), error) {
		before := f.conference.Record().Content()
		was = *before.Encryption
		_, err := f.conference.Modify(time.Now(), by, m)
		return func() { _, _ = f.conference.Modify(time.Now(), itself, before) }, err
	})
	if err != nil {
		return nil, err
	}
	if m.Encryption != nil {
		if err := f.tellEncryption(ctx); err != nil {
			f.post(func() { _, _ = f.conference.Modify(time.Now(), itself, conference.Modification{Encryption: &was}) })
			f.keepLater()
			return nil, err
		}
	}
	var now *confinfo.Document
	err = f.do(ctx, func() error {
		record := f.conference.Record()
		now = s.document(record, secretsFor(by, record))
		return nil
	})
	return &c3p.ModifyConference{Conference: now}, err
}

// modificationOf reads what a description changes.
func (s *Server) modificationOf(document *confinfo.Document) (m conference.Modification, err error) {
	d := document.Description
	m = conference.Modification{Version: uint64(document.Version), Lobby: d.Lobby, PSTNLobbyBypass: d.PSTNLobbyBypass, AutoRecord: d.AutoRecord}
	if d.Encryption != "" {
		m.Encryption = new(encryptionOf(d))
	}
	if d.Subject != "" || d.Cleared.Subject {
		m.Subject = &d.Subject
	}
	if d.AdmissionPolicy != "" {
		m.AdmissionPolicy = new(conference.AdmissionPolicy(d.AdmissionPolicy))
	}
	if !d.ExpiryTime.IsZero() {
		m.Expires = &d.ExpiryTime
	}
	if d.Passcode != "" || d.Encrypted != "" || d.Cleared.Passcode {
		pin, err := s.passcodes.pinOf(d)
		if err != nil {
			return m, err
		}
		m.PIN = &pin
	}
	if d.Invitees != nil || d.Cleared.Invitees {
		m.Invitees, err = invitees(d.Invitees)
	}
	return m, err
}

// invitees are users; the list is never nil.
func invitees(uris []string) ([]conference.UserID, error) {
	users := make([]conference.UserID, 0, len(uris))
	for _, uri := range uris {
		user := userOf(uri)
		if user == "" {
			return nil, fmt.Errorf("%w: %.80q is not a URI", conference.ErrInvalidInvitee, uri)
		}
		users = append(users, user)
	}
	return users, nil
}

// muteAll mutes all attendees, or ends that. The roster decides and is stored, then the MCU is told; when that fails the roster is set back.
func (s *Server) muteAll(ctx context.Context, entity string, by conference.Actor, rule confinfo.InitialFilter) error {
	how := conference.MuteAll{Muted: rule.Ingress == confinfo.Block, Later: rule.Later == nil || *rule.Later, Hard: rule.Hard}
	var before conference.MuteAll
	var changes []conference.Change
	f, err := s.keep(ctx, c3p.ConferenceKeys{Entity: entity}, func(f *Focus) (_ func(), err error) {
		before = f.conference.MuteAll()
		changes, err = f.conference.SetMuteAll(time.Now(), by, how)
		return func() { _, _ = f.conference.SetMuteAll(time.Now(), itself, before) }, err
	})
	if err != nil {
		return err
	}
	if err := f.tellStreams(ctx, changes); err != nil {
		f.post(func() {
			changes, _ := f.conference.SetMuteAll(time.Now(), itself, before)
			f.tellStreamsLater(changes)
		})
		f.keepLater()
		return err
	}
	return nil
}
