package conference

import (
	"cmp"
	"time"
)

// Conference is one meeting: the state and the rules. Not safe for concurrent use: the focus loop owns it.
type Conference struct {
	record   Record
	revision uint64
	ended    bool

	users         map[UserID]*Participant
	order         []UserID // as they joined
	lobby         []UserID // of users: those who wait, the one who came first at the front
	speakers      []UserID // of users: those who speak, the one who began first at the front
	activeSpeaker UserID   // of users, or ""
	spotlights    int      // of users
	guests        uint64   // guests who ever joined; numbers them
	authenticated int      // of users, without those who wait

	filters map[UserID]MediaFilter // of who has left, for when he comes again; at most maxParticipants

	pins map[EndpointID]pinState // endpoints that are being asked for the PIN

	// Who waits in the lobby is none of these participants.
	lastAuthenticated time.Time // when the last authenticated participant left; zero while there is one and if none ever was
	emptySince        time.Time // when the last participant left; zero while there is one and if none ever was

	stateRevision uint64        // of the last change to what is not a participant
	removed       []removedUser // the latest removals, oldest first, at most maxRemoved
	forgotten     uint64        // revision of the youngest removal that is no longer in removed
}

// The bounds of one conference; beyond them is ErrFull.
const (
	maxParticipants = 10_000
	maxEndpoints    = 16 // of a participant
	maxMedia        = 32 // of an endpoint
	maxText         = 256
)

// New starts a meeting of the conference r. What the record says of a meeting goes on: it may be that of one which a failure has ended.
func New(r Record) *Conference {
	return &Conference{record: r.Clone(), users: map[UserID]*Participant{}, filters: map[UserID]MediaFilter{}, pins: map[EndpointID]pinState{}, ended: !r.Ended.IsZero()}
}

// Record is the record as the meeting has changed it.
func (c *Conference) Record() Record { return c.record.Clone() }

// Stored says under which version the record has been stored. That is no Change.
func (c *Conference) Stored(version uint64) { c.record.Version = version }

// ID names the conference.
func (c *Conference) ID() ID { return c.record.ID }

// URI is the URI of its focus.
func (c *Conference) URI() URI { return FocusURI(c.record.Organizer, c.record.ID) }

// Revision counts the Changes so far.
func (c *Conference) Revision() uint64 { return c.revision }

// Recording says whether it is being recorded.
func (c *Conference) Recording() RecordingState { return cmp.Or(c.record.Recording, NotRecording) }

// MuteAll says whether all attendees are muted, and how.
func (c *Conference) MuteAll() MuteAll { return c.record.MuteAll }

// Locked reports whether nobody new may join.
func (c *Conference) Locked() bool { return c.record.Locked }

// Announcements reports whether joining and leaving is announced.
func (c *Conference) Announcements() bool { return !c.record.Silent }

// ActiveSpeaker is who speaks: the first of those who do, until he stops; then the next, or while nobody speaks still he. "" for nobody.
func (c *Conference) ActiveSpeaker() UserID { return c.activeSpeaker }

// Ended reports whether the meeting is over. It does not start again; a new one may, if Record().Ended is zero.
func (c *Conference) Ended() bool { return c.ended }

// Len is the number of participants, those who wait in the lobby included.
func (c *Conference) Len() int { return len(c.users) }

// Participants is a copy of the roster, in the order of joining.
func (c *Conference) Participants() []Participant {
	roster := make([]Participant, 0, len(c.order))
	for _, user := range c.order {
		roster = append(roster, c.users[user].clone())
	}
	return roster
}

// Participant is a copy of one participant.
func (c *Conference) Participant(user UserID) (Participant, bool) {
	p, found := c.users[user]
	if !found {
		return Participant{}, false
	}
	return p.clone(), true
}

// change counts a revision and stamps it on what changed. Every change goes through here.
func (c *Conference) change(now time.Time, by UserID, ch Change) Change {
	c.revision++
	ch.Revision, ch.At = c.revision, now
	if by != ch.User {
		ch.By = by
	}
	if p := c.users[ch.User]; p != nil {
		p.Revision = c.revision
	} else if ch.User == "" {
		c.stateRevision = c.revision
	}
	return ch
}

// lookUp finds an endpoint of a user.
func (c *Conference) lookUp(user UserID, endpoint EndpointID) (*Participant, *Endpoint, error) {
	p, found := c.users[user]
	if !found {
		return nil, nil, ErrNoSuchUser
	}
	e := p.Endpoint(endpoint)
	if e == nil {
		return nil, nil, ErrNoSuchEndpoint
	}
	return p, e, nil
}
