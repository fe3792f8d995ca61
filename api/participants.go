package api

import (
	"slices"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/quality"
)

// Participants is who is in a conference, in the order of joining.
type Participants struct {
	Participants []Participant `json:"participants"`
}

// Participant is a user in a conference.
type Participant struct {
	URI         string     `json:"uri"`
	DisplayName string     `json:"displayName,omitempty"`
	Role        string     `json:"role,omitempty"` // presenter, attendee
	Muted       bool       `json:"muted"`          // none of the user's audio is taken
	Hand        uint32     `json:"hand,omitempty"` // the place of the raised hand among all that were raised; 0: it is down
	Spotlight   bool       `json:"spotlight,omitempty"`
	HearsOnly   []string   `json:"hearsOnly,omitempty"`   // URIs; without it and the next one everybody is heard
	HearsAllBut []string   `json:"hearsAllBut,omitempty"` // URIs
	Endpoints   []Endpoint `json:"endpoints"`
}

// Endpoint is a device of a participant.
type Endpoint struct {
	ID        string     `json:"id"`
	UserAgent string     `json:"userAgent,omitempty"`
	Status    string     `json:"status,omitempty"`  // connected, on-hold, …
	Joining   string     `json:"joining,omitempty"` // dialed-in, dialed-out
	Joined    *time.Time `json:"joined,omitempty"`
	Media     []Media    `json:"media,omitempty"`

	Disconnection string `json:"disconnection,omitempty"` // of one that is disconnected: departed, booted, failed, busy
	Reason        string `json:"reason,omitempty"`        // the same for a person
}

// Media is a stream of an endpoint.
type Media struct {
	ID         string           `json:"id"`
	Type       string           `json:"type,omitempty"`      // audio, …
	Direction  string           `json:"direction,omitempty"` // sendrecv, …, as the participant sees it
	Muted      bool             `json:"muted"`
	Deafened   bool             `json:"deafened,omitempty"`
	Gain       *float64         `json:"gain,omitempty"`       // dB, when it is not 0
	Sends      string           `json:"sends,omitempty"`      // name of the codec in which the participant sends
	Receives   string           `json:"receives,omitempty"`   // the same of what the participant is sent
	Protection string           `json:"protection,omitempty"` // how it is encrypted: "AEAD_AES_128_GCM (SDES)", or none
	Received   *quality.Metrics `json:"received,omitempty"`   // how well the participant is heard
	Sent       *quality.Metrics `json:"sent,omitempty"`       // how well the participant hears, as the device says
	SSRC       string           `json:"ssrc,omitempty"`
}

func participantsOf(doc *confinfo.Document) Participants {
	list := Participants{Participants: []Participant{}}
	for i := range doc.Users {
		list.Participants = append(list.Participants, participantOf(&doc.Users[i]))
	}
	return list
}

func participantOf(user *confinfo.User) Participant {
	p := Participant{
		URI: user.Entity, DisplayName: user.DisplayText, Role: confinfo.Attendee, Hand: user.Hand, Spotlight: user.Spotlight, Endpoints: []Endpoint{},
	}
	if h := user.Hears; h != nil && h.Only {
		p.HearsOnly = h.Users
	} else if h != nil {
		p.HearsAllBut = h.Users
	}
	if slices.Contains(user.Roles, confinfo.Presenter) {
		p.Role = confinfo.Presenter
	}
	streams, muted := 0, 0
	for i := range user.Endpoints {
		endpoint := endpointOf(&user.Endpoints[i])
		for _, m := range endpoint.Media {
			streams++
			if m.Muted {
				muted++
			}
		}
		p.Endpoints = append(p.Endpoints, endpoint)
	}
	p.Muted = streams > 0 && muted == streams
	return p
}

func endpointOf(e *confinfo.Endpoint) Endpoint {
	endpoint := Endpoint{
		ID: e.Entity, UserAgent: e.DisplayText, Status: e.Status, Joining: e.JoiningMethod,
		Disconnection: e.DisconnectionMethod, Reason: e.DisconnectionInfo.Reason,
	}
	if !e.JoiningInfo.When.IsZero() {
		endpoint.Joined = &e.JoiningInfo.When
	}
	for i := range e.Media {
		endpoint.Media = append(endpoint.Media, mediaOf(&e.Media[i]))
	}
	return endpoint
}

func mediaOf(m *confinfo.Media) Media {
	return Media{
		ID: m.ID, Type: m.Type, Direction: m.Status, SSRC: m.SrcID, Gain: m.Gain, Sends: m.Sends, Receives: m.Receives, Protection: m.Protection, Received: m.Received, Sent: m.Sent,
		Muted: m.IngressFilter == confinfo.Block, Deafened: m.EgressFilter == confinfo.Block,
	}
}
