package api

import (
	"net/http"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/suggest"
)

// ConferenceChange is what to change of a conference. Everything from subject to version goes together; of the others there may be one alone,
// so that a refusal leaves nothing half done.
type ConferenceChange struct {
	Subject         *string    `json:"subject,omitempty"`
	AdmissionPolicy *string    `json:"admissionPolicy,omitempty"` // closedAuthenticated, openAuthenticated, anonymous
	PIN             *string    `json:"pin,omitempty"`             // 4 to 16 digits; "" for none
	Expires         *time.Time `json:"expires,omitempty"`         // RFC 3339
	AutoRecord      *bool      `json:"autoRecord,omitempty"`
	Invitees        *[]string  `json:"invitees,omitempty"`        // URIs; [] for none
	Lobby           *bool      `json:"lobby,omitempty"`           // whom the policy or the lock keeps out may wait
	PSTNLobbyBypass *bool      `json:"pstnLobbyBypass,omitempty"` // telephones of the public network do not wait there
	Encryption      string     `json:"encryption,omitempty"`      // of media, for who joins from now on: required, preferred, none, default
	Version         *uint32    `json:"version,omitempty"`         // of the conference that this changes; 409 when it has changed since

	Locked         *bool  `json:"locked,omitempty"`         // nobody new may join
	Announcements  *bool  `json:"announcements,omitempty"`  // it is announced who joins and leaves
	AttendeesMuted string `json:"attendeesMuted,omitempty"` // no, now, soft, hard
	HandsLowered   *bool  `json:"handsLowered,omitempty"`   // true lowers the hands of all
}

func (s *server) patchConference(w http.ResponseWriter, r *http.Request, who c3p.Principal) {
	var change ConferenceChange
	s.obey(w, r, who, &change, func() (c3p.Command, *Problem) {
		entity, refusal := s.entityOf(r)
		if refusal != nil {
			return nil, refusal
		}
		return change.command(entity)
	})
}

// command is the one C3P command that c stands for.
func (c *ConferenceChange) command(entity string) (c3p.Command, *Problem) {
	keys := c3p.ConferenceKeys{Entity: entity}
	var commands []c3p.Command
	if d := c.description(); d != nil {
		commands = append(commands, &c3p.ModifyConference{Conference: c.document(entity, d)})
	}
	if c.Locked != nil {
		commands = append(commands, &c3p.ModifyConferenceLock{Keys: keys, Locked: *c.Locked})
	}
	if c.Announcements != nil {
		commands = append(commands, &c3p.ModifyConferenceAnnouncements{Keys: keys, Enabled: *c.Announcements})
	}
	if c.AttendeesMuted != "" {
		filter, refusal := c.filter()
		if refusal != nil {
			return nil, refusal
		}
		commands = append(commands, muteAll(entity, filter))
	}
	if c.HandsLowered != nil {
		if !*c.HandsLowered {
			return nil, badField("handsLowered", "Hands are raised by participants, not by the conference: handsLowered is true.")
		}
		commands = append(commands, &c3p.RaiseHand{Keys: c3p.EndpointKeys{Conference: entity}})
	}
	switch len(commands) {
	case 0:
		return nil, problem(http.StatusBadRequest, "Nothing is to be changed: /openapi.yaml says what can be.")
	case 1:
		return commands[0], nil
	}
	return nil, problem(http.StatusBadRequest, "locked, announcements, attendeesMuted and handsLowered are commands of their own: send each alone.")
}

// description is what c changes of the record; nil: nothing.
func (c *ConferenceChange) description() *confinfo.Description {
	none := ConferenceChange{
		Version: c.Version, Locked: c.Locked, Announcements: c.Announcements, AttendeesMuted: c.AttendeesMuted, HandsLowered: c.HandsLowered,
	}
	if *c == none {
		return nil
	}
	d := &confinfo.Description{AutoRecord: c.AutoRecord, Lobby: c.Lobby, PSTNLobbyBypass: c.PSTNLobbyBypass, Encryption: c.Encryption}
	if c.Subject != nil {
		d.Subject, d.Cleared.Subject = *c.Subject, *c.Subject == ""
	}
	if c.AdmissionPolicy != nil {
		d.AdmissionPolicy = *c.AdmissionPolicy
	}
	if c.PIN != nil {
		d.Passcode, d.Cleared.Passcode = *c.PIN, *c.PIN == ""
	}
	if c.Expires != nil {
		d.ExpiryTime = c.Expires.UTC()
	}
	if c.Invitees != nil {
		d.Invitees, d.Cleared.Invitees = *c.Invitees, len(*c.Invitees) == 0
	}
	return d
}

func (c *ConferenceChange) document(entity string, d *confinfo.Description) *confinfo.Document {
	document := &confinfo.Document{Entity: entity, State: confinfo.Partial, Description: d}
	if c.Version != nil {
		document.Version = *c.Version
	}
	return document
}

var mutings = []string{"no", "now", "soft", "hard"}

// filter is what attendeesMuted asks for. C3P's own word for it, without more, is soft.
func (c *ConferenceChange) filter() (confinfo.InitialFilter, *Problem) {
	filter := confinfo.InitialFilter{Role: confinfo.Attendee, Ingress: confinfo.Block}
	switch c.AttendeesMuted {
	case "no":
		filter.Ingress = confinfo.Unblock
	case "now":
		filter.Later = new(bool)
	case "soft":
	case "hard":
		filter.Hard = true
	default:
		return filter, badField("attendeesMuted", "attendeesMuted is no, now, soft or hard"+suggest.Hint(c.AttendeesMuted, mutings)+".")
	}
	return filter, nil
}

func muteAll(entity string, filter confinfo.InitialFilter) c3p.Command {
	state := &confinfo.EntityState{Filters: &confinfo.FilterRules{Initial: []confinfo.InitialFilter{filter}}}
	view := &confinfo.View{State: confinfo.Partial, Entities: []confinfo.EntityView{
		{Entity: conference.AudioVideo, State: confinfo.Partial, EntityState: state},
	}}
	return &c3p.ModifyConference{Conference: &confinfo.Document{Entity: entity, State: confinfo.Partial, View: view}}
}

// LobbyCommand is what to do with who waits in the lobby.
type LobbyCommand struct {
	Access string `json:"access"`         // granted, denied
	User   string `json:"user,omitempty"` // URI; without one everybody who waits, who can only be let in
}

// postLobby lets in who waits, or sends them away.
func (s *server) postLobby(w http.ResponseWriter, r *http.Request, who c3p.Principal) {
	var wanted LobbyCommand
	s.obey(w, r, who, &wanted, func() (c3p.Command, *Problem) {
		return &c3p.SetLobbyAccess{Keys: keysOf(r), User: s.participantURI(wanted.User), Access: wanted.Access}, nil
	})
}
