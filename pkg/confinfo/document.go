package confinfo

import (
	"strconv"

	"github.com/seed-f3cefc8c/focus/pkg/strictxml"
)

// Namespaces, by URI. The prefixes with which they are written are msci and fx; Namespace is the default one.
const (
	Namespace          = "urn:ietf:params:xml:ns:conference-info"
	MSNamespace        = "http://schemas.microsoft.com/rtc/2005/08/confinfoextensions"
	ExtensionNamespace = "urn:focus:c3p:1"
)

// MediaType is the Content-Type of a Document.
const MediaType = "application/conference-info+xml"

// State says what a part of a document tells: everything about it, what changed, or that it is gone (RFC 4575).
type State string

// The zero State means that the attribute was absent; RFC 4575 lets its default be Full.
const (
	Full    State = "full"
	Partial State = "partial"
	Deleted State = "deleted"
)

// Document is the conference-info element.
type Document struct {
	Entity          string // conference URI; in a request to the factory it may be empty
	State           State
	Version         uint32 // counts notifications to one subscriber; 0: absent
	Description     *Description
	ConferenceState *ConferenceState
	UsersState      State // of the users element, which is absent when this is "" and there are no Users
	Users           []User
	View            *View
}

// ConferenceState is the conference-state element; nil fields are absent.
type ConferenceState struct {
	UserCount      *int
	Active, Locked *bool
	Recording      string // fx:recording: RecordingStarted, RecordingPaused or RecordingStopped
	ActiveSpeaker  string // fx:active-speaker: the entity of a user
	Announcements  *bool  // fx: it is announced who joins and leaves
}

// What fx:recording says.
const (
	RecordingStarted = "started"
	RecordingPaused  = "paused"
	RecordingStopped = "stopped"
	RecordingFailed  = "failed"
)

// Parse reads a document of its own. Errors are *strictxml.Error or *Error.
func Parse(data []byte) (*Document, error) {
	root, err := strictxml.Parse(data)
	if err != nil {
		return nil, err
	}
	return ParseElement(root)
}

// ParseElement reads a conference-info element inside another document.
func ParseElement(e *strictxml.Element) (*Document, error) {
	if !e.Is(Namespace, "conference-info") {
		return nil, unexpected(e, "conference-info")
	}
	r := reader{}
	d := &Document{
		Entity:          e.Attr("", "entity"),
		State:           r.state(e),
		Version:         r.version(e),
		Description:     r.description(e.Child(Namespace, "conference-description")),
		ConferenceState: r.conferenceState(e.Child(Namespace, "conference-state")),
		View:            r.view(e.Child(MSNamespace, "conference-view")),
	}
	r.users(d, e.Child(Namespace, "users"))
	if r.err != nil {
		return nil, r.err
	}
	return d, nil
}

func (r *reader) version(e *strictxml.Element) uint32 {
	text, ok := e.LookupAttr("", "version")
	if !ok {
		return 0
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		r.fail(e, "version is not a 32-bit number")
	}
	return uint32(n)
}

func (r *reader) conferenceState(e *strictxml.Element) *ConferenceState {
	if e == nil {
		return nil
	}
	return &ConferenceState{
		UserCount: r.count(e.Child(Namespace, "user-count")),
		Active:    r.boolean(e.Child(Namespace, "active")),
		Locked:    r.boolean(e.Child(Namespace, "locked")),
		Recording: e.ChildText(ExtensionNamespace, "recording"),

		ActiveSpeaker: e.ChildText(ExtensionNamespace, "active-speaker"),
		Announcements: r.boolean(e.Child(ExtensionNamespace, "announcements")),
	}
}

func (r *reader) users(d *Document, e *strictxml.Element) {
	if e == nil {
		return
	}
	d.UsersState = r.state(e)
	if d.UsersState == "" {
		d.UsersState = Full // <users/> without a state is the RFC's way to say that nobody is there
	}
	for child := range e.All(Namespace, "user") {
		d.Users = append(d.Users, r.user(child))
	}
}

// AppendXML writes d as a document of its own.
func (d *Document) AppendXML(dst []byte) []byte {
	w := strictxml.NewWriter(dst)
	d.appendStart(&w)
	d.append(&w)
	return w.Bytes()
}

func (d *Document) appendStart(w *strictxml.Writer) {
	w.Declaration()
	w.Start("conference-info")
	w.Attr("xmlns", Namespace)
	w.Attr("xmlns:msci", MSNamespace)
	w.Attr("xmlns:fx", ExtensionNamespace)
}

// AppendFragment writes d inside a document that declares the prefixes msci and fx.
func (d *Document) AppendFragment(w *strictxml.Writer) {
	w.Start("conference-info")
	w.Attr("xmlns", Namespace)
	d.append(w)
}

func (d *Document) append(w *strictxml.Writer) {
	w.Attr("entity", d.Entity)
	w.OptAttr("state", string(d.State))
	if d.Version != 0 {
		w.IntAttr("version", int64(d.Version))
	}
	d.appendContent(w, nil)
	w.End("conference-info")
}

// appendContent writes what follows the attributes. With users it says where further ones go.
func (d *Document) appendContent(w *strictxml.Writer, users *int) {
	if d.Description != nil {
		d.Description.append(w)
	}
	if d.ConferenceState != nil {
		d.ConferenceState.append(w)
	}
	d.appendUsers(w, users)
	if d.View != nil {
		d.View.append(w)
	}
}

func (s *ConferenceState) append(w *strictxml.Writer) {
	w.Start("conference-state")
	if s.UserCount != nil {
		w.IntLeaf("user-count", int64(*s.UserCount))
	}
	w.OptBoolLeaf("active", s.Active)
	w.OptBoolLeaf("locked", s.Locked)
	w.OptLeaf("fx:recording", s.Recording)
	w.OptLeaf("fx:active-speaker", s.ActiveSpeaker)
	w.OptBoolLeaf("fx:announcements", s.Announcements)
	w.End("conference-state")
}

func (d *Document) appendUsers(w *strictxml.Writer, further *int) {
	if d.UsersState == "" && len(d.Users) == 0 && further == nil {
		return
	}
	w.Start("users")
	w.OptAttr("state", string(d.UsersState))
	for i := range d.Users {
		w.Start("user")
		d.Users[i].append(w)
	}
	if further != nil {
		w.Text("") // the start tag is complete
		*further = len(w.Bytes())
	}
	w.End("users")
}
