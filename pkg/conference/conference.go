package conference

import "time"

// Conference is one meeting: the state and the rules. Not safe for concurrent use: the focus loop owns it.
type Conference struct {
	record         Record
	revision       uint64
	recording      RecordingState
	attendeesMuted bool
	ended          bool

	users         map[UserID]*Participant
	order         []UserID // as they joined
	guests        uint64   // guests who ever joined; numbers them
	authenticated int      // of users

	pins map[EndpointID]pinState // endpoints that are being asked for the PIN

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

// Actor is who gives a command. User is the authenticated sender or, in a dialog of a guest, that guest; never what a document says.
// The zero Actor may do nothing.
type Actor struct {
	User          UserID
	Administrator bool // an administrator, or the server itself: may do everything
}

// New starts a meeting of the conference r.
func New(r Record) *Conference {
	return &Conference{
		record:    r.Clone(),
		recording: NotRecording,
		users:     map[UserID]*Participant{},
		pins:      map[EndpointID]pinState{},
		ended:     !r.Ended.IsZero(),
	}
}

// Record is the record as the meeting has changed it (Locked, Ended).
func (c *Conference) Record() Record { return c.record.Clone() }

// ID names the conference.
func (c *Conference) ID() ID { return c.record.ID }

// URI is the URI of its focus.
func (c *Conference) URI() URI { return FocusURI(c.record.Organizer, c.record.ID) }

// Revision counts the Changes so far.
func (c *Conference) Revision() uint64 { return c.revision }

// Recording says whether it is being recorded.
func (c *Conference) Recording() RecordingState { return c.recording }

// AttendeesMuted reports whether all attendees are muted, those to come included.
func (c *Conference) AttendeesMuted() bool { return c.attendeesMuted }

// Locked reports whether nobody new may join.
func (c *Conference) Locked() bool { return c.record.Locked }

// Ended reports whether the meeting is over. It does not start again; a new one may, if Record().Ended is zero.
func (c *Conference) Ended() bool { return c.ended }

// Len is the number of participants.
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

// MayCommand reports whether by may do what is asked of the whole conference or of others in it: the organizer, a presenter and an
// administrator may.
func (c *Conference) MayCommand(by Actor) bool { return c.commands(by) }

// commands reports whether by is the organizer, a presenter or an administrator. An attendee may only do what is said of its own.
func (c *Conference) commands(by Actor) bool {
	if by.Administrator || by.User != "" && by.User == c.record.Organizer {
		return true
	}
	p, found := c.users[by.User]
	return found && p.Role == Presenter
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
