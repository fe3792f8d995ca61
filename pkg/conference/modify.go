package conference

import (
	"fmt"
	"slices"
	"time"
)

// Modification is what modifyConference changes of a record; nil leaves it as it is.
type Modification struct {
	Version         uint64 // of the record that the sender has seen; 0: whatever it is now
	Subject         *string
	AdmissionPolicy *AdmissionPolicy
	Lobby           *bool
	PSTNLobbyBypass *bool
	PIN             *PIN // "" for none
	Expires         *time.Time
	AutoRecord      *bool
	Encryption      *Encryption
	Invitees        []UserID // empty, but not nil, for none
}

// Modify changes the record of the conference: all of m, or with an error nothing. ErrVersion when somebody else has changed the record
// since m.Version; else what Record.Validate says. Who is in stays in, and who waits in the lobby waits. The organizer or an administrator
// may.
func (c *Conference) Modify(now time.Time, by Actor, m Modification) ([]Change, error) {
	if err := c.May(by, ModifyConference, ""); err != nil {
		return nil, err
	}
	switch {
	case c.ended:
		return nil, ErrEnded
	case c.record.ExpiredAt(now):
		return nil, ErrExpired
	case m.Version != 0 && m.Version != c.record.Version:
		return nil, fmt.Errorf("%w: version is %d, not %d", ErrVersion, c.record.Version, m.Version)
	}
	r := c.record.Clone()
	m.apply(&r)
	if err := r.validateContent(now); err != nil {
		return nil, err
	}
	if r.SameContent(&c.record) {
		return nil, nil
	}
	c.record = r
	return []Change{c.change(now, by.User, Change{Kind: RecordChanged})}, nil
}

func (m *Modification) apply(r *Record) {
	set(&r.Subject, m.Subject)
	set(&r.AdmissionPolicy, m.AdmissionPolicy)
	set(&r.Lobby, m.Lobby)
	set(&r.PSTNLobbyBypass, m.PSTNLobbyBypass)
	set(&r.PIN, m.PIN)
	set(&r.Expires, m.Expires)
	set(&r.AutoRecord, m.AutoRecord)
	set(&r.Encryption, m.Encryption)
	if m.Invitees != nil {
		r.Invitees = slices.Clone(m.Invitees)
	}
}

func set[T any](field, value *T) {
	if value != nil {
		*field = *value
	}
}

// Content is the Modification that makes everything as it is in r, whatever the version: what undoes another one.
func (r Record) Content() Modification {
	r = r.Clone()
	if r.Invitees == nil {
		r.Invitees = []UserID{}
	}
	return Modification{
		Subject: &r.Subject, AdmissionPolicy: &r.AdmissionPolicy, Lobby: &r.Lobby, PSTNLobbyBypass: &r.PSTNLobbyBypass, PIN: &r.PIN,
		Expires: &r.Expires, AutoRecord: &r.AutoRecord, Encryption: &r.Encryption, Invitees: r.Invitees,
	}
}
