package confinfo

import (
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/strictxml"
)

// Description is the conference-description element. Zero fields are absent.
type Description struct {
	DisplayText, Subject, FreeText string
	ConfURIs, ServiceURIs          []URI
	MaximumUserCount               int
	AvailableMedia                 []MediaEntry

	ConferenceID    string    // msci: what stands behind "id:" in the conference URI
	ExpiryTime      time.Time // msci: in UTC
	AdmissionPolicy string    // msci: ClosedAuthenticated, OpenAuthenticated or Anonymous
	OrganizerName   string    // msci:organizer/display-name
	JoinURL         string    // msci:
	PSTNLobbyBypass *bool     // msci: telephones of the public network do not wait in the lobby

	Organizer  string   // fx: URI of the organizer
	Passcode   string   // fx: the PIN, digits. Only in requests and in answers to the organizer, never in a notification or a log
	Encrypted  string   // fx:encrypted-passcode: the PIN for the key of getEncryptionKey, or of who asked (base64, RSA-OAEP with SHA-256)
	AutoRecord *bool    // fx: recording starts with the first participant
	Lobby      *bool    // fx: whom the policy or the lock keeps out may wait
	Invitees   []string // fx: URIs of who may join a closed conference
	Language   string   // fx: of the prompts, as in BCP 47
	Encryption string   // fx: EncryptionRequired, …; EncryptionDefault: as the server has it; "": not said

	Cleared Cleared
}

// Cleared tells elements that stand in a description without content from those that do not: for a modification the first mean "none", the
// others "as it is".
type Cleared struct{ Subject, Passcode, Invitees bool }

// Values of Encryption: whether media must be encrypted. For a modification, EncryptionDefault takes back what was said.
const (
	EncryptionRequired  = "required"
	EncryptionPreferred = "preferred"
	EncryptionNone      = "none"
	EncryptionDefault   = "default"
)

// Values of AdmissionPolicy.
const (
	ClosedAuthenticated = "closedAuthenticated"
	OpenAuthenticated   = "openAuthenticated"
	Anonymous           = "anonymous"
)

// URI is an entry of conf-uris or service-uris.
type URI struct{ URI, DisplayText, Purpose string }

// MediaEntry is an entry of available-media, or of the media of an entity-state.
type MediaEntry struct{ Label, DisplayText, Type, Status string }

func (r *reader) description(e *strictxml.Element) *Description {
	if e == nil {
		return nil
	}
	d := &Description{
		DisplayText:    e.ChildText(Namespace, "display-text"),
		Subject:        e.ChildText(Namespace, "subject"),
		FreeText:       e.ChildText(Namespace, "free-text"),
		ConfURIs:       uris(e.Child(Namespace, "conf-uris")),
		ServiceURIs:    uris(e.Child(Namespace, "service-uris")),
		AvailableMedia: mediaEntries(e.Child(Namespace, "available-media")),
	}
	if n := r.count(e.Child(Namespace, "maximum-user-count")); n != nil {
		d.MaximumUserCount = *n
	}
	r.msDescription(d, e)
	r.fxDescription(d, e)
	d.Cleared = Cleared{
		Subject:  d.Subject == "" && e.Child(Namespace, "subject") != nil,
		Passcode: d.Passcode == "" && e.Child(ExtensionNamespace, "passcode") != nil,
		Invitees: d.Invitees == nil && e.Child(ExtensionNamespace, "invitees") != nil,
	}
	return d
}

func (r *reader) msDescription(d *Description, e *strictxml.Element) {
	d.ConferenceID = e.ChildText(MSNamespace, "conference-id")
	d.ExpiryTime = r.time(e.Child(MSNamespace, "expiry-time"))
	d.AdmissionPolicy = e.ChildText(MSNamespace, "admission-policy")
	d.OrganizerName = e.Child(MSNamespace, "organizer").ChildText(MSNamespace, "display-name")
	d.JoinURL = e.ChildText(MSNamespace, "join-url")
	d.PSTNLobbyBypass = r.boolean(e.Child(MSNamespace, "pstn-lobby-bypass"))
}

func (r *reader) fxDescription(d *Description, e *strictxml.Element) {
	d.Organizer = e.ChildText(ExtensionNamespace, "organizer")
	d.Passcode = e.ChildText(ExtensionNamespace, "passcode")
	d.Encrypted = e.ChildText(ExtensionNamespace, "encrypted-passcode")
	d.Lobby = r.boolean(e.Child(ExtensionNamespace, "lobby"))
	d.AutoRecord = r.boolean(e.Child(ExtensionNamespace, "auto-record"))
	d.Invitees = texts(e.Child(ExtensionNamespace, "invitees"), ExtensionNamespace, "invitee")
	d.Language = e.ChildText(ExtensionNamespace, "language")
	d.Encryption = r.encryption(e.Child(ExtensionNamespace, "encryption"))
}

func (r *reader) encryption(e *strictxml.Element) string {
	switch text := e.Trimmed(); text {
	case "", EncryptionRequired, EncryptionPreferred, EncryptionNone, EncryptionDefault:
		return text
	}
	r.fail(e, "not required, preferred, none or default")
	return ""
}

func uris(e *strictxml.Element) []URI {
	var list []URI
	for entry := range e.All(Namespace, "entry") {
		list = append(list, URI{
			URI:         entry.ChildText(Namespace, "uri"),
			DisplayText: entry.ChildText(Namespace, "display-text"),
			Purpose:     entry.ChildText(Namespace, "purpose"),
		})
	}
	return list
}

// mediaEntries reads entries in either namespace, see either.
func mediaEntries(e *strictxml.Element) []MediaEntry {
	if e == nil {
		return nil
	}
	var list []MediaEntry
	for _, entry := range e.Children {
		if entry.Name.Local != "entry" || entry.Name.Space != Namespace && entry.Name.Space != MSNamespace {
			continue
		}
		list = append(list, MediaEntry{
			Label:       entry.Attr("", "label"),
			DisplayText: either(entry, "display-text").Trimmed(),
			Type:        either(entry, "type").Trimmed(),
			Status:      either(entry, "status").Trimmed(),
		})
	}
	return list
}

func (d *Description) append(w *strictxml.Writer) {
	w.Start("conference-description")
	w.OptLeaf("display-text", d.DisplayText)
	appendOrCleared(w, "subject", d.Subject, d.Cleared.Subject)
	w.OptLeaf("free-text", d.FreeText)
	appendURIs(w, "conf-uris", d.ConfURIs)
	appendURIs(w, "service-uris", d.ServiceURIs)
	if d.MaximumUserCount > 0 {
		w.IntLeaf("maximum-user-count", int64(d.MaximumUserCount))
	}
	appendMediaEntries(w, "available-media", d.AvailableMedia)
	d.appendMS(w)
	d.appendFX(w)
	w.End("conference-description")
}

func (d *Description) appendMS(w *strictxml.Writer) {
	w.OptLeaf("msci:conference-id", d.ConferenceID)
	appendTime(w, "msci:expiry-time", d.ExpiryTime)
	w.OptLeaf("msci:admission-policy", d.AdmissionPolicy)
	if d.OrganizerName != "" {
		w.Start("msci:organizer")
		w.Leaf("msci:display-name", d.OrganizerName)
		w.End("msci:organizer")
	}
	w.OptLeaf("msci:join-url", d.JoinURL)
	w.OptBoolLeaf("msci:pstn-lobby-bypass", d.PSTNLobbyBypass)
}

func (d *Description) appendFX(w *strictxml.Writer) {
	w.OptLeaf("fx:organizer", d.Organizer)
	appendOrCleared(w, "fx:passcode", d.Passcode, d.Cleared.Passcode)
	w.OptLeaf("fx:encrypted-passcode", d.Encrypted)
	w.OptBoolLeaf("fx:auto-record", d.AutoRecord)
	w.OptBoolLeaf("fx:lobby", d.Lobby)
	if len(d.Invitees) > 0 || d.Cleared.Invitees {
		w.Start("fx:invitees")
		for _, invitee := range d.Invitees {
			w.Leaf("fx:invitee", invitee)
		}
		w.End("fx:invitees")
	}
	w.OptLeaf("fx:language", d.Language)
	w.OptLeaf("fx:encryption", d.Encryption)
}

// appendOrCleared writes a leaf with text, an empty one, or none.
func appendOrCleared(w *strictxml.Writer, name, text string, cleared bool) {
	if text != "" || cleared {
		w.Leaf(name, text)
	}
}

func appendURIs(w *strictxml.Writer, name string, list []URI) {
	if len(list) == 0 {
		return
	}
	w.Start(name)
	for _, u := range list {
		w.Start("entry")
		w.Leaf("uri", u.URI)
		w.OptLeaf("display-text", u.DisplayText)
		w.OptLeaf("purpose", u.Purpose)
		w.End("entry")
	}
	w.End(name)
}

func appendMediaEntries(w *strictxml.Writer, name string, list []MediaEntry) {
	if len(list) == 0 {
		return
	}
	w.Start(name)
	for _, m := range list {
		w.Start("entry")
		w.Attr("label", m.Label)
		w.OptLeaf("display-text", m.DisplayText)
		w.OptLeaf("type", m.Type)
		w.OptLeaf("status", m.Status)
		w.End("entry")
	}
	w.End(name)
}
