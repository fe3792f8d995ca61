package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/conference"
)

// Conferences is the directory of conference records.
//
// An id is taken from Create to Delete. A conference that was ended keeps its id, so that those who dial it are told so, until Sweep
// deletes it; after that the id may be given to another conference.
type Conferences struct {
	bucket  bucket
	secrets *sealer
}

// endedLife is how long an ended conference that never expires is remembered.
const endedLife = 24 * time.Hour

// storedConference is a record as JSON.
type storedConference struct {
	ID              conference.ID              `json:"id"`
	Organizer       conference.UserID          `json:"organizer"`
	Subject         string                     `json:"subject,omitempty"`
	AdmissionPolicy conference.AdmissionPolicy `json:"admissionPolicy"`
	PIN             []byte                     `json:"pin,omitempty"` // sealed
	Expires         time.Time                  `json:"expires,omitzero"`
	AutoRecord      bool                       `json:"autoRecord,omitempty"`
	Invitees        []conference.UserID        `json:"invitees,omitempty"`
	Created         time.Time                  `json:"created"`
	Locked          bool                       `json:"locked,omitempty"`
	Ended           time.Time                  `json:"ended,omitzero"`

	Lobby           bool                                  `json:"lobby,omitempty"`
	PSTNLobbyBypass bool                                  `json:"pstnLobbyBypass,omitempty"`
	Encryption      conference.Encryption                 `json:"encryption,omitempty"`
	Silent          bool                                  `json:"silent,omitempty"`
	MuteAll         storedMuteAll                         `json:"muteAll,omitzero"`
	Recording       conference.RecordingState             `json:"recording,omitempty"`
	Roles           map[conference.UserID]conference.Role `json:"roles,omitempty"`
}

type storedMuteAll struct {
	Muted bool `json:"muted"`
	Later bool `json:"later,omitempty"`
	Hard  bool `json:"hard,omitempty"`
}

// Create stores a new record, or conference.ErrExists. The record must be valid (Record.Validate). Its Version is set in the result.
func (d *Conferences) Create(ctx context.Context, r conference.Record) (conference.Record, error) {
	value, err := d.marshal(r)
	if err != nil {
		return conference.Record{}, err
	}
	version, err := d.bucket.create(ctx, conferenceKey(r.ID), value)
	if errors.Is(err, errKeyExists) {
		err = conference.ErrExists
	}
	return d.written(r, version, "creating", err)
}

// Get reads a record, or conference.ErrNotFound. It may be locked, ended or expired.
func (d *Conferences) Get(ctx context.Context, id conference.ID) (conference.Record, error) {
	e, err := d.bucket.get(ctx, conferenceKey(id))
	if errors.Is(err, errKeyNotFound) {
		err = conference.ErrNotFound
	}
	if err != nil {
		return conference.Record{}, fmt.Errorf("reading conference %.40s: %w", id, err)
	}
	return d.unmarshal(e)
}

// List reads the records of an organizer, or all with "", sorted by id.
func (d *Conferences) List(ctx context.Context, organizer conference.UserID) ([]conference.Record, error) {
	entries, err := d.bucket.all(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing conferences: %w", err)
	}
	var records []conference.Record
	for _, e := range entries {
		r, err := d.unmarshal(e)
		if err != nil {
			return nil, err
		}
		if organizer == "" || r.Organizer == organizer {
			records = append(records, r)
		}
	}
	return records, nil
}

// Update stores a changed record if it still has r.Version; else conference.ErrVersion, also when it is gone.
func (d *Conferences) Update(ctx context.Context, r conference.Record) (conference.Record, error) {
	value, err := d.marshal(r)
	if err != nil {
		return conference.Record{}, err
	}
	version, err := d.bucket.update(ctx, conferenceKey(r.ID), value, r.Version)
	if errors.Is(err, errRevision) {
		err = conference.ErrVersion
	}
	return d.written(r, version, "updating", err)
}

// Delete removes a record if it has the version, or whatever it has with 0. conference.ErrNotFound, conference.ErrVersion.
func (d *Conferences) Delete(ctx context.Context, id conference.ID, version uint64) error {
	e, err := d.bucket.get(ctx, conferenceKey(id))
	switch {
	case errors.Is(err, errKeyNotFound):
		err = conference.ErrNotFound
	case err == nil && version != 0 && e.revision != version:
		err = conference.ErrVersion
	case err == nil:
		err = d.bucket.remove(ctx, conferenceKey(id), e.revision)
	}
	if errors.Is(err, errRevision) {
		err = conference.ErrVersion
	}
	if err != nil {
		return fmt.Errorf("deleting conference %.40s: %w", id, err)
	}
	return nil
}

// Sweep deletes the records that have expired at now, and those ended a day ago that never expire, and says which. One that somebody
// changes meanwhile stays.
func (d *Conferences) Sweep(ctx context.Context, now time.Time) ([]conference.ID, error) {
	records, err := d.List(ctx, "")
	if err != nil {
		return nil, err
	}
	var swept []conference.ID
	for _, r := range records {
		if !over(r, now) {
			continue
		}
		err := d.Delete(ctx, r.ID, r.Version)
		switch {
		case err == nil:
			swept = append(swept, r.ID)
		case !errors.Is(err, conference.ErrVersion) && !errors.Is(err, conference.ErrNotFound):
			return swept, err
		}
	}
	return swept, nil
}

func over(r conference.Record, now time.Time) bool {
	return r.ExpiredAt(now) || r.Expires.IsZero() && !r.Ended.IsZero() && now.Sub(r.Ended) >= endedLife
}

func (d *Conferences) written(r conference.Record, version uint64, doing string, err error) (conference.Record, error) {
	if err != nil {
		return conference.Record{}, fmt.Errorf("%s conference %.40s: %w", doing, r.ID, err)
	}
	r = r.Clone()
	r.Version = version
	return r, nil
}

func (d *Conferences) marshal(r conference.Record) ([]byte, error) {
	if id, err := conference.ParseID(string(r.ID)); err != nil || id != r.ID {
		return nil, fmt.Errorf("storing conference %.40q: %w", r.ID, conference.ErrInvalidID)
	}
	s := storedConference{
		ID: r.ID, Organizer: r.Organizer, Subject: r.Subject, AdmissionPolicy: r.AdmissionPolicy, Expires: r.Expires,
		AutoRecord: r.AutoRecord, Invitees: r.Invitees, Created: r.Created, Locked: r.Locked, Ended: r.Ended,
		Lobby: r.Lobby, PSTNLobbyBypass: r.PSTNLobbyBypass, Encryption: r.Encryption, Silent: r.Silent, MuteAll: storedMuteAll(r.MuteAll),
		Recording: r.Recording, Roles: r.Roles,
	}
	if r.PIN != "" {
		s.PIN = d.secrets.seal(pinPlace(r.ID), string(r.PIN))
	}
	return json.Marshal(s)
}

func (d *Conferences) unmarshal(e entry) (conference.Record, error) {
	var s storedConference
	if err := json.Unmarshal(e.value, &s); err != nil {
		return conference.Record{}, fmt.Errorf("reading conference %s: %w", e.key, err)
	}
	r := conference.Record{
		ID: s.ID, Organizer: s.Organizer, Subject: s.Subject, AdmissionPolicy: s.AdmissionPolicy, Expires: s.Expires,
		AutoRecord: s.AutoRecord, Invitees: s.Invitees, Created: s.Created, Locked: s.Locked, Ended: s.Ended,
		Lobby: s.Lobby, PSTNLobbyBypass: s.PSTNLobbyBypass, Encryption: s.Encryption, Silent: s.Silent, MuteAll: conference.MuteAll(s.MuteAll),
		Recording: s.Recording, Roles: s.Roles,
		Version: e.revision,
	}
	if len(s.PIN) == 0 {
		return r, nil
	}
	pin, err := d.secrets.open(pinPlace(s.ID), s.PIN)
	r.PIN = conference.PIN(pin)
	return r, err
}

func conferenceKey(id conference.ID) string { return encodeKey(string(id)) }
func pinPlace(id conference.ID) string      { return conferencesBucket + "/" + string(id) + "/pin" }
