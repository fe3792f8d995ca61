package c3p

import (
	"context"

	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/strictxml"
)

// Namespaces, by URI. Namespace is written as the default one, the others as mscp and fx.
const (
	Namespace          = "urn:ietf:params:xml:ns:cccp"
	MSNamespace        = "http://schemas.microsoft.com/rtc/2005/08/cccpextensions"
	ExtensionNamespace = confinfo.ExtensionNamespace
)

// MediaType is the Content-Type of a Request, a Response and a Notification.
const MediaType = "application/cccp+xml"

// MaxBytes is how long a Request may be.
const MaxBytes = strictxml.MaxBytes

// Call is a request with who sent it.
type Call struct {
	Principal Principal
	Epoch     uint64 // of the sender's right to command this conference; an MCU refuses an older one than it has seen
	Request   *Request
}

// Principal is the sender of a request as the transport knows it, never as the document says.
type Principal struct {
	URI           string // "" for somebody without a name
	Role          Role
	Authenticated bool
}

// Role is what a Principal is to this server; what they are in a conference is its own business.
type Role uint8

// The roles of a Principal.
const (
	RoleAnonymous Role = iota
	RoleUser
	RoleAdministrator
	RoleFocus       // the focus itself, commanding an MCU
	RoleParticipant // known by his call in a conference alone; URI is his entity in its roster
)

func (r Role) String() string {
	switch r {
	case RoleUser:
		return "user"
	case RoleAdministrator:
		return "administrator"
	case RoleFocus:
		return "focus"
	case RoleParticipant:
		return "participant"
	}
	return "anonymous"
}

// Handler takes commands.
//
// A command that failed is a Response with code failure; an error means that there is no answer at all, because ctx ended or
// the handler could not be reached. A pending Response is legal: the final one comes through the Listener.
type Handler interface {
	ServeC3P(ctx context.Context, call *Call) (*Response, error)
}

// Listener takes what an MCU reports on its own.
type Listener interface {
	NotifyC3P(ctx context.Context, n *Notification) error
}

// appendNamespaces declares all prefixes at the root, so that no part of a document needs to know where it stands.
func appendNamespaces(w *strictxml.Writer) {
	w.Attr("xmlns", Namespace)
	w.Attr("xmlns:mscp", MSNamespace)
	w.Attr("xmlns:msci", confinfo.MSNamespace)
	w.Attr("xmlns:fx", ExtensionNamespace)
}
