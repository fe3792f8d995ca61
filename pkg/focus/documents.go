package focus

import (
	"strconv"

	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
)

// secrets says whether a document shows the PIN.
type secrets bool

const (
	withSecrets    secrets = true
	withoutSecrets secrets = false
)

// secretsFor says whether somebody may see the PIN.
func secretsFor(by conference.Actor, record conference.Record) secrets {
	return secrets(record.May(by, conference.GetPIN) == nil)
}

// participation is the purpose of a URI that "accesses a focus" and brings the caller in (RFC 4575 §5.3.1).
const participation = "participation"

// document is what a client is told of a record: its focus as the entity, and what to dial in conf-uris.
func (s *Server) document(record conference.Record, show secrets) *confinfo.Document {
	active := false
	d := &confinfo.Description{
		Subject: record.Subject, ConferenceID: string(record.ID), ExpiryTime: record.Expires.UTC(), AdmissionPolicy: string(record.AdmissionPolicy),
		Organizer: string(record.Organizer), Encryption: string(record.Encryption), AutoRecord: &record.AutoRecord, Lobby: &record.Lobby, PSTNLobbyBypass: &record.PSTNLobbyBypass,
		ConfURIs: []confinfo.URI{
			{URI: string(s.config.Dial(record.ID)), DisplayText: "telephone", Purpose: participation},
			{URI: string(conference.MCUURI(record.Organizer, conference.AudioVideo, record.ID)), DisplayText: "audio", Purpose: conference.AudioVideo},
		},
	}
	if show {
		d.Passcode = string(record.PIN)
	}
	for _, user := range record.Invitees {
		d.Invitees = append(d.Invitees, string(user))
	}
	return &confinfo.Document{
		Entity: string(conference.FocusURI(record.Organizer, record.ID)), State: confinfo.Full, Version: uint32(record.Version), Description: d,
		ConferenceState: &confinfo.ConferenceState{Active: &active, Locked: &record.Locked, Recording: recordingState(record.Recording), Announcements: new(!record.Silent)},
	}
}

// describeMeeting adds what happens in the conference.
func describeMeeting(document *confinfo.Document, c *conference.Conference) {
	document.ConferenceState = conferenceState(c)
	document.View = viewOf(document, document.ConferenceState.Locked, c.MuteAll())
	document.UsersState = confinfo.Full
	for _, p := range c.Participants() {
		document.Users = append(document.Users, userElement(p))
	}
}

func recordingState(state conference.RecordingState) string {
	switch state {
	case conference.Recording:
		return confinfo.RecordingStarted
	case conference.RecordingPaused:
		return confinfo.RecordingPaused
	}
	return confinfo.RecordingStopped
}

func userElement(p conference.Participant) confinfo.User {
	user := confinfo.User{Entity: string(p.User), State: confinfo.Full, DisplayText: p.DisplayText, Roles: []string{string(p.Role)}}
	for _, e := range p.Endpoints {
		e.Status = p.StatusOf(&e)
		user.Endpoints = append(user.Endpoints, endpointElement(e))
	}
	user.Hand, user.Spotlight, user.Hears = uint32(p.Hand), p.Spotlight, hearsOf(p.Hears)
	return user
}

func endpointElement(e conference.Endpoint) confinfo.Endpoint {
	element := confinfo.Endpoint{
		Entity: string(e.ID), SessionType: e.SessionType, DisplayText: e.DisplayText, Status: string(e.Status), JoiningMethod: string(e.Method),
		JoiningInfo: confinfo.Execution{When: e.Joined.UTC()},
	}
	if e.Status == conference.StatusDisconnected {
		element.DisconnectionMethod, element.DisconnectionInfo = string(e.Disconnection), confinfo.Execution{Reason: e.Reason}
	}
	for _, m := range e.Media {
		element.Media = append(element.Media, mediaElement(m))
	}
	return element
}

func mediaElement(m conference.MediaStream) confinfo.Media {
	element := confinfo.Media{
		ID: string(m.ID), Type: string(m.Type), Label: m.Label, Status: string(m.Direction), IngressFilter: confinfo.Unblock, EgressFilter: confinfo.Unblock,
		Sends: m.Sends, Receives: m.Receives, Protection: m.Protection,
	}
	if m.Gain != 0 {
		element.Gain = &m.Gain
	}
	if m.SSRC != 0 {
		element.SrcID = strconv.FormatUint(uint64(m.SSRC), 10)
	}
	if m.Muted != conference.NotMuted {
		element.IngressFilter = confinfo.Block
	}
	if m.Deaf {
		element.EgressFilter = confinfo.Block
	}
	return element
}
