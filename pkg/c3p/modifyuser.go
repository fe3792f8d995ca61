package c3p

import (
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/strictxml"
)

// ModifyUser changes what a participant is called. The wire form of the original was never seen; this one is inferred: a user
// element with its display-text.
type ModifyUser struct {
	Keys UserKeys
	User *confinfo.User
}

// Name implements Command.
func (c *ModifyUser) Name() string { return "modifyUser" }

func readModifyUser(e *strictxml.Element) (Command, error) {
	c := &ModifyUser{Keys: readUserKeys(e)}
	child := e.Child(confinfo.Namespace, "user")
	if child == nil {
		return c, nil
	}
	user, err := confinfo.ParseUser(child)
	c.User = user
	return c, err
}

func (c *ModifyUser) check() error {
	switch {
	case c.User == nil:
		return invalid(ReasonInvalidContent, "no user")
	case c.User.Entity != "" && c.User.Entity != c.Keys.User:
		return invalid(ReasonInvalidUserEntity, "the user is not the one that the keys name")
	case len(c.User.Roles) > 0:
		return invalid(ReasonInvalidRole, "roles are changed by modifyUserRoles")
	case len(c.User.Endpoints) > 0:
		return invalid(ReasonInvalidContent, "endpoints are changed by modifyEndpoint")
	case c.User.DisplayText == "":
		return invalid(ReasonInvalidContent, "no display-text")
	}
	return c.Keys.check()
}

func (c *ModifyUser) append(w *strictxml.Writer) {
	c.Keys.append(w)
	if c.User != nil {
		c.User.AppendFragment(w)
	}
}
