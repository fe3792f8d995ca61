package conference

import (
	"fmt"
	"slices"
	"time"
)

// The bounds of a lobby.
const (
	maxLobby = 1000             // who wait at once
	maxWait  = 30 * time.Minute // how long one waits: Expire lets him go
)

// Lobby is who waits to be let in, in the order in which they came.
func (c *Conference) Lobby() []UserID { return slices.Clone(c.lobby) }

// SetLobbyAccess lets in who waits in the lobby, or takes him out. Granting needs no PIN: who lets somebody in vouches for him. The
// organizer, a presenter or an administrator may.
func (c *Conference) SetLobbyAccess(now time.Time, by Actor, user UserID, access LobbyAccess) ([]Change, error) {
	if err := c.May(by, SetLobbyAccess, user); err != nil {
		return nil, err
	}
	p, found := c.users[user]
	switch {
	case !access.Valid():
		return nil, fmt.Errorf("%w: %.40q", ErrInvalidAccess, access)
	case !found:
		return nil, ErrNoSuchUser
	case !p.Waiting:
		return nil, ErrNotWaiting
	case access == LobbyDenied:
		return c.remove(now, by.User, user), nil
	}
	return c.letIn(now, by.User, p), nil
}

// AdmitAll lets everybody in who waits in the lobby.
func (c *Conference) AdmitAll(now time.Time, by Actor) (changes []Change, err error) {
	if err := c.May(by, SetLobbyAccess, ""); err != nil {
		return nil, err
	}
	for _, user := range c.Lobby() {
		changes = append(changes, c.letIn(now, by.User, c.users[user])...)
	}
	return changes, nil
}

func (c *Conference) letIn(now time.Time, by UserID, p *Participant) []Change {
	c.unwait(p)
	c.arrived(p)
	changes := []Change{c.change(now, by, Change{Kind: UserAdmitted, User: p.User})}
	return append(changes, c.followSpeakers(now, p.User)...)
}

// unwait takes somebody out of the lobby.
func (c *Conference) unwait(p *Participant) {
	p.Waiting = false
	c.lobby = slices.DeleteFunc(c.lobby, func(user UserID) bool { return user == p.User })
}

// expireLobby takes out who has waited too long.
func (c *Conference) expireLobby(now time.Time) (changes []Change) {
	for len(c.lobby) > 0 && !now.Before(c.users[c.lobby[0]].Joined.Add(maxWait)) {
		changes = append(changes, c.remove(now, "", c.lobby[0])...)
	}
	return changes
}
