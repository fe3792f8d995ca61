package c3p

import "github.com/seed-f3cefc8c/focus/pkg/strictxml"

// DeleteUser ejects a participant with all their endpoints.
type DeleteUser struct{ Keys UserKeys }

// Name implements Command.
func (c *DeleteUser) Name() string { return "deleteUser" }

func readDeleteUser(e *strictxml.Element) (Command, error) {
	return &DeleteUser{Keys: readUserKeys(e)}, nil
}

func (c *DeleteUser) check() error { return c.Keys.check() }

func (c *DeleteUser) append(w *strictxml.Writer) { c.Keys.append(w) }
