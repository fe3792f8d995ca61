package c3p

import (
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/strictxml"
)

// AddUser joins a participant: to the focus, inside an INVITE; to the MCU, with the endpoint's fx:sdp. The response repeats
// the user with what was granted, from an MCU with the endpoint, its media and its fx:sdp.
type AddUser struct {
	Keys ConferenceKeys
	User *confinfo.User
}

// Name implements Command.
func (c *AddUser) Name() string { return "addUser" }

func readAddUser(e *strictxml.Element) (Command, error) {
	c := &AddUser{Keys: readConferenceKeys(e)}
	for child := range e.All(confinfo.Namespace, "user") {
		if c.User != nil {
			return nil, invalid(ReasonInvalidContent, "more than one user")
		}
		user, err := confinfo.ParseUser(child)
		if err != nil {
			return nil, err
		}
		c.User = user
	}
	return c, nil
}

// check obeys the rules of [MS-CONFBAS] for joining and for dialling out: one user, at most one role, at most one endpoint.
func (c *AddUser) check() error {
	switch {
	case c.User == nil:
		return invalid(ReasonInvalidContent, "no user")
	case c.User.Entity == "":
		return invalid(ReasonInvalidUserEntity, "the user has no entity")
	case len(c.User.Roles) > 1:
		return invalid(ReasonInvalidRole, "more than one role")
	case len(c.User.Endpoints) > 1:
		return invalid(ReasonInvalidContent, "more than one endpoint")
	}
	for i := range c.User.Endpoints {
		if err := checkEndpoint(&c.User.Endpoints[i]); err != nil {
			return err
		}
	}
	if err := checkRoles(c.User.Roles); err != nil {
		return err
	}
	return c.Keys.check()
}

func checkEndpoint(e *confinfo.Endpoint) error {
	if !isLanguage(e.Language) {
		return invalid(ReasonInvalidContent, "language is not a BCP 47 tag")
	}
	return nil
}

func checkRoles(roles []string) error {
	for _, role := range roles {
		if role != confinfo.Attendee && role != confinfo.Presenter {
			return invalid(ReasonInvalidRole, "the role is not attendee or presenter")
		}
	}
	return nil
}

func (c *AddUser) append(w *strictxml.Writer) {
	c.Keys.append(w)
	if c.User != nil {
		c.User.AppendFragment(w)
	}
}
