package api

import (
	"slices"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
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
	Endpoints   []Endpoint `json:"endpoints"`
}

// Endpoint is a device of a participant.
type Endpoint struct {
	ID        string     `json:"id"`
	UserAgent string     `json:"userAgent,omitempty"`
	Status    string     `json:"status,omitempty"` // connected, on-hold, …
	Joined    *time.Time `json:"joined,omitempty"`
	Media     []Media    `json:"media,omitempty"`
}

// Media is a stream of an endpoint.
type Media struct {
	ID        string `json:"id"`
	Type      string `json:"type,omitempty"`      // audio, …
	Direction string `json:"direction,omitempty"` // sendrecv, …, as the participant sees it
	Muted     bool   `json:"muted"`
}

func participantsOf(doc *confinfo.Document) Participants {
	list := Participants{Participants: []Participant{}}
	for i := range doc.Users {
		list.Participants = append(list.Participants, participantOf(&doc.Users[i]))
	}
	return list
}

func participantOf(user *confinfo.User) Participant {
	p := Participant{URI: user.Entity, DisplayName: user.DisplayText, Role: confinfo.Attendee, Endpoints: []Endpoint{}}
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
	endpoint := Endpoint{ID: e.Entity, UserAgent: e.DisplayText, Status: e.Status}
	if !e.JoiningInfo.When.IsZero() {
		endpoint.Joined = &e.JoiningInfo.When
	}
	for _, m := range e.Media {
		endpoint.Media = append(endpoint.Media, Media{ID: m.ID, Type: m.Type, Direction: m.Status, Muted: m.IngressFilter == confinfo.Block})
	}
	return endpoint
}
