package conference

import (
	"fmt"
	"time"
)

// SetRole promotes or demotes a user. The organizer stays a presenter. The record remembers it: a user, but no guest, has that role again
// when he comes back.
func (c *Conference) SetRole(now time.Time, by Actor, user UserID, role Role) ([]Change, error) {
	if err := c.May(by, ModifyUserRoles, user); err != nil {
		return nil, err
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
	if err := c.remember(user, role); err != nil {
		return nil, err
	}
	p.Role = role
	changes := []Change{c.change(now, by.User, Change{Kind: UserChanged, User: user})}
	return append(changes, c.muteForRole(now, by, p, c.record.MuteAll.Later)...), nil
}

func (c *Conference) remember(user UserID, role Role) error {
	if user.Guest() || user == c.record.Organizer {
		return nil
	}
	if _, known := c.record.Roles[user]; !known && len(c.record.Roles) >= maxRoles {
		return ErrFull
	}
	if c.record.Roles == nil {
		c.record.Roles = map[UserID]Role{}
	}
	c.record.Roles[user] = role
	return nil
}

// SetDisplayText says what a participant is called; what is too long is cut. Everybody may for himself.
func (c *Conference) SetDisplayText(now time.Time, by Actor, user UserID, text string) ([]Change, error) {
	if err := c.May(by, ModifyUser, user); err != nil {
		return nil, err
	}
	p, found := c.users[user]
	if !found {
		return nil, ErrNoSuchUser
	}
	text = clip(text)
	if p.DisplayText == text {
		return nil, nil
	}
	p.DisplayText = text
	return []Change{c.change(now, by.User, Change{Kind: UserChanged, User: user})}, nil
}

// SetAnnouncements says whether it is announced who joins and leaves.
func (c *Conference) SetAnnouncements(now time.Time, by Actor, on bool) ([]Change, error) {
	if err := c.May(by, ModifyConferenceAnnouncements, ""); err != nil {
		return nil, err
	}
	if c.ended {
		return nil, ErrEnded
	}
	if c.record.Silent != on {
		return nil, nil
	}
	c.record.Silent = !on
	return []Change{c.change(now, by.User, Change{Kind: AnnouncementsChanged})}, nil
}

// SetLock locks or unlocks: while locked nobody new may join. Who waits in the lobby waits for SetLobbyAccess all the same.
func (c *Conference) SetLock(now time.Time, by Actor, locked bool) ([]Change, error) {
	if err := c.May(by, ModifyConferenceLock, ""); err != nil {
		return nil, err
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

// SetRecording says what the recording does now. The record has it too: it goes on after a failure of the server.
func (c *Conference) SetRecording(now time.Time, by Actor, state RecordingState) ([]Change, error) {
	before := c.Recording()
	if err := c.May(by, recordingCommand(before, state), ""); err != nil {
		return nil, err
	}
	if c.ended {
		return nil, ErrEnded
	}
	if !state.Valid() || state == RecordingPaused && before == NotRecording {
		return nil, fmt.Errorf("%w: recording from %s to %.40q", ErrInvalid, before, state)
	}
	if before == state {
		return nil, nil
	}
	c.record.Recording = state
	return []Change{c.change(now, by.User, Change{Kind: RecordingChanged})}, nil
}

// recordingCommand is the command that leads from one state to the other.
func recordingCommand(from, to RecordingState) Command {
	switch {
	case to == RecordingPaused:
		return PauseRecording
	case to == Recording && from == RecordingPaused:
		return ResumeRecording
	case to == Recording:
		return StartRecording
	}
	return StopRecording
}
