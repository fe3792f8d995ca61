package conference

import (
	"fmt"
	"time"
)

// SetRole promotes or demotes a user. The organizer stays a presenter.
func (c *Conference) SetRole(now time.Time, by Actor, user UserID, role Role) ([]Change, error) {
	if !c.commands(by) {
		return nil, ErrNotPermitted
	}
	p, found := c.users[user]
	if !found {
		return nil, ErrNoSuchUser
	}
	if !role.Valid() {
		return nil, fmt.Errorf("%w: %.40q", ErrInvalidRole, role)
	}
	if user == c.record.Organizer && role != Presenter {
		return nil, fmt.Errorf("%w: the organizer is a presenter", ErrNotPermitted)
	}
	if p.Role == role {
		return nil, nil
	}
	p.Role = role
	changes := []Change{c.change(now, by.User, Change{Kind: UserChanged, User: user})}
	return append(changes, c.muteForRole(now, by, p)...), nil
}

// SetLock locks or unlocks: while locked nobody new may join. A presenter, the organizer or an administrator may.
func (c *Conference) SetLock(now time.Time, by Actor, locked bool) ([]Change, error) {
	if !c.commands(by) {
		return nil, ErrNotPermitted
	}
	if c.ended {
		return nil, ErrEnded
	}
	if c.record.Locked == locked {
		return nil, nil
	}
	c.record.Locked = locked
	return []Change{c.change(now, by.User, Change{Kind: LockChanged})}, nil
}

// SetRecording says what the recording does now. A presenter, the organizer or an administrator may.
func (c *Conference) SetRecording(now time.Time, by Actor, state RecordingState) ([]Change, error) {
	if !c.commands(by) {
		return nil, ErrNotPermitted
	}
	if c.ended {
		return nil, ErrEnded
	}
	if !state.Valid() || state == RecordingPaused && c.recording == NotRecording {
		return nil, fmt.Errorf("%w: recording from %s to %.40q", ErrInvalid, c.recording, state)
	}
	if c.recording == state {
		return nil, nil
	}
	c.recording = state
	return []Change{c.change(now, by.User, Change{Kind: RecordingChanged})}, nil
}

// SetSpeaking says that an endpoint began or stopped to speak, as the MCU hears it.
func (c *Conference) SetSpeaking(now time.Time, user UserID, endpoint EndpointID, speaking bool) ([]Change, error) {
	_, e, err := c.lookUp(user, endpoint)
	if err != nil {
		return nil, err
	}
	if e.Speaking == speaking {
		return nil, nil
	}
	e.Speaking = speaking
	return []Change{c.change(now, "", Change{Kind: SpeakingChanged, User: user, Endpoint: endpoint})}, nil
}

// SetRecord takes a changed record over: subject, policy, PIN, expiry, auto-record, invitees. Who is in stays in. The record must be
// valid and of the same conference; Locked and Ended have commands of their own and stay as they are.
func (c *Conference) SetRecord(now time.Time, by Actor, r Record) ([]Change, error) {
	if !by.Administrator && (by.User == "" || by.User != c.record.Organizer) {
		return nil, ErrNotPermitted
	}
	if r.ID != c.record.ID || r.Organizer != c.record.Organizer {
		return nil, fmt.Errorf("%w: record of %.40q by %.80q", ErrInvalid, r.ID, r.Organizer)
	}
	if c.ended {
		return nil, ErrEnded
	}
	r = r.Clone()
	r.Locked, r.Ended = c.record.Locked, c.record.Ended
	c.record = r
	return []Change{c.change(now, by.User, Change{Kind: RecordChanged})}, nil
}
