package conference

import (
	"slices"
	"time"
)

// Participant is a user in the conference (`user` in RFC 4575 §5.6).
type Participant struct {
	User          UserID
	URI           URI // as it was written when the user joined
	DisplayText   string
	Role          Role
	Authenticated bool // false for guests
	Joined        time.Time
	Endpoints     []Endpoint // in the order they joined; at least one
	Revision      uint64     // of the last Change to it or to anything below it
}

// Endpoint is one device of a participant (`endpoint` in RFC 4575 §5.7).
type Endpoint struct {
	ID          EndpointID
	DisplayText string // the user agent
	SessionType string // "focus", AudioVideo …: which of our URIs it dialled
	Status      EndpointStatus
	Method      JoiningMethod
	Joined      time.Time
	Speaking    bool
	Media       []MediaStream

	Disconnection DisconnectionMethod // of StatusDisconnected; "" otherwise
	Reason        string              // for a person: why it is disconnected
}

// MediaStream is one m-line of an endpoint (`media` in RFC 4575 §5.8).
type MediaStream struct {
	ID        MediaID
	Type      MediaType
	Label     string // RFC 4574
	SSRC      uint32 // 0 when unknown
	Direction Direction
	Muted     Muted // what the MCU does with media from the participant
}

// Muted says who muted a stream, and so who may unmute it.
type Muted int

const (
	NotMuted         Muted = iota
	MutedBySelf            // its user or a presenter may unmute it
	MutedByPresenter       // the same
	MutedByAll             // all attendees were muted: a presenter may unmute it
)

// Endpoint finds an endpoint; nil when there is none.
func (p *Participant) Endpoint(id EndpointID) *Endpoint {
	if i := slices.IndexFunc(p.Endpoints, func(e Endpoint) bool { return e.ID == id }); i >= 0 {
		return &p.Endpoints[i]
	}
	return nil
}

// Stream finds a media stream; nil when there is none.
func (e *Endpoint) Stream(id MediaID) *MediaStream {
	if i := slices.IndexFunc(e.Media, func(m MediaStream) bool { return m.ID == id }); i >= 0 {
		return &e.Media[i]
	}
	return nil
}

// Speaking reports whether one of its endpoints is.
func (p *Participant) Speaking() bool {
	return slices.ContainsFunc(p.Endpoints, func(e Endpoint) bool { return e.Speaking })
}

// clone is a deep copy.
func (p *Participant) clone() Participant {
	q := *p
	q.Endpoints = slices.Clone(p.Endpoints)
	for i := range q.Endpoints {
		q.Endpoints[i].Media = slices.Clone(q.Endpoints[i].Media)
	}
	return q
}
