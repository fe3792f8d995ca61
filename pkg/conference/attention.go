package conference

import (
	"cmp"
	"slices"
	"time"
)

// maxSpotlights is how many participants are in the spotlight at once.
const maxSpotlights = 9

// SetSpotlight puts a participant into the spotlight, for everybody to look at, or takes him out of it. ErrFull beyond nine.
func (c *Conference) SetSpotlight(now time.Time, by Actor, user UserID, on bool) ([]Change, error) {
	if err := c.May(by, SetSpotlight, user); err != nil {
		return nil, err
	}
	p, found := c.users[user]
	switch {
	case !found || p.Waiting:
		return nil, ErrNoSuchUser
	case p.Spotlight == on:
		return nil, nil
	case on && c.spotlights >= maxSpotlights:
		return nil, ErrFull
	case on:
		c.spotlights++
	default:
		c.spotlights--
	}
	p.Spotlight = on
	return []Change{c.change(now, by.User, Change{Kind: SpotlightChanged, User: user})}, nil
}

// RaiseHand says that a participant wants to speak, or does not any more. Everybody raises only his own; a presenter may lower everybody's.
// A hand that is up keeps its place.
func (c *Conference) RaiseHand(now time.Time, by Actor, user UserID, up bool) ([]Change, error) {
	command := LowerHand
	if up {
		command = RaiseHand
	}
	if err := c.May(by, command, user); err != nil {
		return nil, err
	}
	p, found := c.users[user]
	switch {
	case !found || p.Waiting:
		return nil, ErrNoSuchUser
	case up == (p.Hand != 0):
		return nil, nil
	}
	p.Hand = 0
	if up {
		p.Hand = c.revision + 1 // that of the change
	}
	return []Change{c.change(now, by.User, Change{Kind: HandChanged, User: user})}, nil
}

// LowerHands lowers all hands.
func (c *Conference) LowerHands(now time.Time, by Actor) (changes []Change, err error) {
	if err := c.May(by, LowerHand, ""); err != nil {
		return nil, err
	}
	for _, user := range c.Hands() {
		c.users[user].Hand = 0
		changes = append(changes, c.change(now, by.User, Change{Kind: HandChanged, User: user}))
	}
	return changes, nil
}

// Hands is whose hands are up, in the order in which they were raised.
func (c *Conference) Hands() (users []UserID) {
	for _, p := range c.users {
		if p.Hand != 0 {
			users = append(users, p.User)
		}
	}
	slices.SortFunc(users, func(a, b UserID) int { return cmp.Compare(c.users[a].Hand, c.users[b].Hand) })
	return users
}
