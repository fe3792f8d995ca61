package c3p

import "github.com/seed-f3cefc8c/focus/pkg/strictxml"

// SetLobbyAccess lets in who waits in the lobby, or sends them away. Clients are said to call it setUserAccess too: its element
// is then written as it was read.
type SetLobbyAccess struct {
	Keys   ConferenceKeys
	User   string // URI; "": everybody who waits, who can only be let in
	Access string // AccessGranted, AccessDenied
	Called string // "setUserAccess", or "" for setLobbyAccess
}

// Values of SetLobbyAccess.Access.
const (
	AccessGranted = "granted"
	AccessDenied  = "denied"
)

const setUserAccess = "setUserAccess"

// Name implements Command.
func (c *SetLobbyAccess) Name() string {
	if c.Called != "" {
		return c.Called
	}
	return "setLobbyAccess"
}

func readSetLobbyAccess(e *strictxml.Element) (Command, error) {
	c := &SetLobbyAccess{
		Keys:   readConferenceKeys(e),
		User:   e.ChildText(Namespace, "userEntity"),
		Access: e.ChildText(Namespace, "access"),
	}
	if e.Name.Local == setUserAccess {
		c.Called = setUserAccess
	}
	return c, nil
}

func (c *SetLobbyAccess) check() error {
	switch {
	case c.Access != AccessGranted && c.Access != AccessDenied:
		return invalid(ReasonInvalidContent, "access is not granted or denied")
	case c.User == "" && c.Access == AccessDenied:
		return invalid(ReasonInvalidUserEntity, "no userEntity: everybody can be let in, but not be sent away")
	}
	return c.Keys.check()
}

// append writes nothing for the zero value, the body of a response.
func (c *SetLobbyAccess) append(w *strictxml.Writer) {
	c.Keys.append(w)
	w.OptLeaf("userEntity", c.User)
	w.OptLeaf("access", c.Access)
}
