package api

import (
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
)

// NewConference is what a conference is made of; every field may be missing.
type NewConference struct {
	ID              string     `json:"id,omitempty"`              // 8 to 32 letters and digits; from administrators 3 to 32
	Subject         string     `json:"subject,omitempty"`         //
	AdmissionPolicy string     `json:"admissionPolicy,omitempty"` // closedAuthenticated, openAuthenticated, anonymous
	PIN             string     `json:"pin,omitempty"`             // 4 to 16 digits
	Expires         *time.Time `json:"expires,omitempty"`         // RFC 3339
	AutoRecord      *bool      `json:"autoRecord,omitempty"`      // recording starts with the first participant
	Lobby           *bool      `json:"lobby,omitempty"`           // whom the policy or the lock keeps out may wait
	PSTNLobbyBypass *bool      `json:"pstnLobbyBypass,omitempty"` // telephones of the public network do not wait there
	Invitees        []string   `json:"invitees,omitempty"`        // URIs
	Organizer       string     `json:"organizer,omitempty"`       // URI; for administrators
	Encryption      string     `json:"encryption,omitempty"`      // of media: required, preferred, none, or default, which is as the server has it
}

// Conference is a conference as it is.
type Conference struct {
	ID              string     `json:"id"`
	URI             string     `json:"uri"`      // what a telephone dials
	FocusURI        string     `json:"focusUri"` // what a C3P client joins
	Subject         string     `json:"subject,omitempty"`
	AdmissionPolicy string     `json:"admissionPolicy,omitempty"`
	PIN             string     `json:"pin,omitempty"`
	Expires         *time.Time `json:"expires,omitempty"`
	AutoRecord      bool       `json:"autoRecord"`
	Lobby           bool       `json:"lobby"`
	PSTNLobbyBypass bool       `json:"pstnLobbyBypass,omitempty"`
	Invitees        []string   `json:"invitees,omitempty"`
	Organizer       string     `json:"organizer,omitempty"`
	Encryption      string     `json:"encryption,omitempty"` // of media: required, preferred, none; without it as the server has it
	Active          bool       `json:"active"`               // somebody is or was in, or it was commanded a moment ago
	Locked          bool       `json:"locked"`
	Recording       string     `json:"recording,omitempty"`      // started, paused, stopped, failed
	Participants    int        `json:"participants"`             // how many are in
	AttendeesMuted  string     `json:"attendeesMuted,omitempty"` // now, soft, hard; without it they are not muted together
	Announcements   *bool      `json:"announcements,omitempty"`  // it is announced who joins and leaves
	ActiveSpeaker   string     `json:"activeSpeaker,omitempty"`  // URI
	Version         uint32     `json:"version,omitempty"`        // counts changes of the record: PATCH can name the one it changes
}

// Conferences is a list.
type Conferences struct {
	Conferences []Conference `json:"conferences"`
}

// command is the C3P command that n stands for.
func (n *NewConference) command() c3p.Command {
	d := &confinfo.Description{
		ConferenceID:    n.ID,
		Subject:         n.Subject,
		AdmissionPolicy: n.AdmissionPolicy,
		Passcode:        n.PIN,
		AutoRecord:      n.AutoRecord,
		Lobby:           n.Lobby,
		PSTNLobbyBypass: n.PSTNLobbyBypass,
		Invitees:        n.Invitees,
		Organizer:       n.Organizer,
		Encryption:      n.Encryption,
	}
	if n.Expires != nil {
		d.ExpiryTime = n.Expires.UTC()
	}
	return &c3p.AddConference{Conference: &confinfo.Document{Description: d}}
}

// conferenceOf is a conference-info document as JSON.
func (s *server) conferenceOf(doc *confinfo.Document) Conference {
	c := Conference{FocusURI: doc.Entity, Participants: len(doc.Users)}
	if d := doc.Description; d != nil {
		c.describe(d)
	}
	c.setState(doc.ConferenceState)
	c.AttendeesMuted, c.Version = mutedOf(doc.View), doc.Version
	if c.ID == "" {
		address, _ := conference.ParseURI(doc.Entity)
		c.ID = string(address.ID)
	}
	c.URI = dialURI(doc.Description)
	if c.URI == "" {
		c.URI = string(conference.DialURI(conference.ID(c.ID), s.Domain))
	}
	return c
}

func (c *Conference) describe(d *confinfo.Description) {
	c.ID, c.Subject, c.AdmissionPolicy = d.ConferenceID, d.Subject, d.AdmissionPolicy
	c.PIN, c.Invitees, c.Organizer, c.Encryption = d.Passcode, d.Invitees, d.Organizer, d.Encryption
	c.AutoRecord, c.Lobby, c.PSTNLobbyBypass = isTrue(d.AutoRecord), isTrue(d.Lobby), isTrue(d.PSTNLobbyBypass)
	if !d.ExpiryTime.IsZero() {
		c.Expires = &d.ExpiryTime
	}
}

func (c *Conference) setState(state *confinfo.ConferenceState) {
	if state == nil {
		return
	}
	c.Active, c.Locked = isTrue(state.Active), isTrue(state.Locked)
	c.Recording, c.Announcements, c.ActiveSpeaker = state.Recording, state.Announcements, state.ActiveSpeaker
	if state.UserCount != nil {
		c.Participants = *state.UserCount
	}
}

// dialURI is the first conf-uri that a telephone can dial, "" when there is none.
func dialURI(d *confinfo.Description) string {
	if d == nil {
		return ""
	}
	for _, u := range d.ConfURIs {
		if address, err := conference.ParseURI(u.URI); err == nil && address.Kind == conference.KindConference {
			return u.URI
		}
	}
	return ""
}

// mutedOf says how attendees are muted together, in the words of ConferenceChange; "" when they are not.
func mutedOf(v *confinfo.View) string {
	if v == nil {
		return ""
	}
	for i := range v.Entities {
		s := v.Entities[i].EntityState
		if s == nil || s.Filters == nil {
			continue
		}
		for _, f := range s.Filters.Initial {
			switch {
			case f.Role != confinfo.Attendee || f.Ingress != confinfo.Block:
			case f.Hard:
				return "hard"
			case f.Later != nil && !*f.Later:
				return "now"
			default:
				return "soft"
			}
		}
	}
	return ""
}
