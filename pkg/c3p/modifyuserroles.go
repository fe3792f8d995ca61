package c3p

import (
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/strictxml"
)

// ModifyUserRoles promotes or demotes a participant.
type ModifyUserRoles struct {
	Keys  UserKeys
	Roles []string // confinfo.Attendee or confinfo.Presenter
}

// Name implements Command.
func (c *ModifyUserRoles) Name() string { return "modifyUserRoles" }

func readModifyUserRoles(e *strictxml.Element) (Command, error) {
	c := &ModifyUserRoles{Keys: readUserKeys(e)}
	for entry := range e.Child(confinfo.Namespace, "user-roles").All(confinfo.Namespace, "entry") {
		c.Roles = append(c.Roles, entry.Trimmed())
	}
	return c, nil
}

func (c *ModifyUserRoles) check() error {
	if len(c.Roles) == 0 {
		return invalid(ReasonInvalidRole, "no role")
	}
	if err := checkRoles(c.Roles); err != nil {
		return err
	}
	return c.Keys.check()
}

// append writes user-roles as the real client does, with the namespace on the element.
func (c *ModifyUserRoles) append(w *strictxml.Writer) {
	c.Keys.append(w)
	if len(c.Roles) == 0 {
		return
	}
	w.Start("user-roles")
	w.Attr("xmlns", confinfo.Namespace)
	for _, role := range c.Roles {
		w.Leaf("entry", role)
	}
	w.End("user-roles")
}
