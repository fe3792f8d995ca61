package mcu

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
)

// deleteUser ends every leg of a user.
func (s *Server) deleteUser(ctx context.Context, call *c3p.Call) (c3p.Command, error) {
	command := call.Request.Command.(*c3p.DeleteUser)
	c, err := s.conference(command.Keys.Conference)
	if err != nil {
		return nil, err
	}
	removed := 0
	err = c.clock.call(ctx, func() {
		for _, l := range c.legsOf(command.Keys.User) {
			c.unlink(l, time.Now())
			removed++
		}
	})
	if err == nil && removed == 0 {
		err = fmt.Errorf("user %s: %w", command.Keys.User, errNoEndpoint)
	}
	return nil, err
}

// legsOf are the legs of one user. It runs on the clock.
func (c *Conference) legsOf(user string) (legs []*Leg) {
	for _, l := range c.legs {
		if l.user == user {
			legs = append(legs, l)
		}
	}
	return legs
}
