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
	Waiting       bool // in the lobby: nobody hears him, he hears nobody, and he may only leave
	Spotlight     bool
	Hand          uint64 // the revision at which he raised his hand, so that hands have an order; 0: it is down
	Hears         MediaFilter
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
	Deaf      bool  // the MCU sends no media to the participant

	Gain     float64 // dB, how much louder the others hear the participant
	Sends    string  // name of the codec in which the participant sends (RFC 4855 §3); "" when unknown
	Receives string  // the same of what the MCU sends

	Protection string // how the stream is encrypted, as the MCU says it; "" when unknown
}

// MediaFilter says whom a participant hears: everybody but Users or, with Only, nobody but Users. The zero MediaFilter is everybody.
type MediaFilter struct {
	Only  bool
	Users []UserID // sorted, each once
}

// Equal reports whether two filters are the same.
func (f MediaFilter) Equal(g MediaFilter) bool {
	return f.Only == g.Only && slices.Equal(f.Users, g.Users)
}

// Passes reports whether who has the filter hears speaker.
func (f MediaFilter) Passes(speaker UserID) bool {
	_, named := slices.BinarySearch(f.Users, speaker)
	return named == f.Only
}

// Muted says who muted a stream, and so who may unmute it.
type Muted int

const (
	NotMuted         Muted = iota
	MutedBySelf            // its user or a presenter may unmute it
	MutedByPresenter       // the same
	MutedByAll             // all attendees were muted: a presenter may unmute it, and its user unless MuteAll.Hard
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

// StatusOf is the status of one of its endpoints as others are told: who waits in the lobby is "not yet in the session, but it is
// anticipated that he/she will join in the near future" (RFC 4575 §5.7.3, pending).
func (p *Participant) StatusOf(e *Endpoint) EndpointStatus {
	if p.Waiting && e.Status.present() {
		return StatusPending
	}
	return e.Status
}

// Present reports whether he is let in, with an endpoint whose call stands.
func (p *Participant) Present() bool {
	return !p.Waiting && slices.ContainsFunc(p.Endpoints, func(e Endpoint) bool { return e.Status.present() })
}

// Speaking reports whether one of its endpoints is.
func (p *Participant) Speaking() bool {
	return slices.ContainsFunc(p.Endpoints, func(e Endpoint) bool { return e.Speaking })
}

// clone is a deep copy.
func (p *Participant) clone() Participant {
	q := *p
	q.Hears.Users = slices.Clone(p.Hears.Users)
	q.Endpoints = slices.Clone(p.Endpoints)
	for i := range q.Endpoints {
		q.Endpoints[i].Media = slices.Clone(q.Endpoints[i].Media)
	}
	return q
}
