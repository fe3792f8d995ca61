package c3p

import (
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/strictxml"
)

// ConferenceKeys name a conference: by the URI of its focus, or at the factory by its id alone.
type ConferenceKeys struct {
	Entity string // confEntity
	ID     string // msci:conference-id
}

// UserKeys name a participant.
type UserKeys struct{ Conference, User string }

// EndpointKeys name a device of a participant.
type EndpointKeys struct{ Conference, User, Endpoint string }

// MediaKeys name a stream of a device.
type MediaKeys struct{ Conference, User, Endpoint, Media string }

func readConferenceKeys(e *strictxml.Element) ConferenceKeys {
	keys := e.Child(Namespace, "conferenceKeys")
	return ConferenceKeys{
		Entity: keys.Attr("", "confEntity"),
		ID:     keys.Attr(confinfo.MSNamespace, "conference-id"),
	}
}

func readUserKeys(e *strictxml.Element) UserKeys {
	keys := e.Child(Namespace, "userKeys")
	return UserKeys{Conference: keys.Attr("", "confEntity"), User: keys.Attr("", "userEntity")}
}

func readEndpointKeys(e *strictxml.Element) EndpointKeys {
	return endpointKeysOf(e.Child(Namespace, "endpointKeys"))
}

// endpointKeysOf reads the attributes of any element that carries them.
func endpointKeysOf(e *strictxml.Element) EndpointKeys {
	return EndpointKeys{
		Conference: e.Attr("", "confEntity"),
		User:       e.Attr("", "userEntity"),
		Endpoint:   e.Attr("", "endpointEntity"),
	}
}

func readMediaKeys(e *strictxml.Element) MediaKeys {
	keys := e.Child(Namespace, "mediaKeys")
	endpoint := endpointKeysOf(keys)
	return MediaKeys{endpoint.Conference, endpoint.User, endpoint.Endpoint, keys.Attr("", "mediaId")}
}

// conferencesOf finds what the keys in a command name, and the conference-info of those that bring one.
func conferencesOf(e *strictxml.Element) (named []ConferenceKeys) {
	for _, child := range e.Children {
		keys := ConferenceKeys{Entity: child.Attr("", "confEntity"), ID: child.Attr(confinfo.MSNamespace, "conference-id")}
		if child.Is(confinfo.Namespace, "conference-info") {
			keys = ConferenceKeys{Entity: child.Attr("", "entity")}
		}
		if keys != (ConferenceKeys{}) {
			named = append(named, keys)
		}
	}
	return named
}

func (k ConferenceKeys) append(w *strictxml.Writer) {
	if k == (ConferenceKeys{}) {
		return
	}
	w.Start("conferenceKeys")
	w.OptAttr("confEntity", k.Entity)
	w.OptAttr("msci:conference-id", k.ID)
	w.End("conferenceKeys")
}

func (k UserKeys) append(w *strictxml.Writer) {
	if k == (UserKeys{}) {
		return
	}
	w.Start("userKeys")
	k.attrs(w)
	w.End("userKeys")
}

func (k UserKeys) attrs(w *strictxml.Writer) {
	w.Attr("confEntity", k.Conference)
	w.Attr("userEntity", k.User)
}

func (k EndpointKeys) append(w *strictxml.Writer) {
	if k == (EndpointKeys{}) {
		return
	}
	w.Start("endpointKeys")
	k.attrs(w)
	w.End("endpointKeys")
}

func (k EndpointKeys) attrs(w *strictxml.Writer) {
	w.Attr("confEntity", k.Conference)
	w.OptAttr("userEntity", k.User)
	w.OptAttr("endpointEntity", k.Endpoint)
}

func (k MediaKeys) append(w *strictxml.Writer) {
	if k == (MediaKeys{}) {
		return
	}
	w.Start("mediaKeys")
	EndpointKeys{k.Conference, k.User, k.Endpoint}.attrs(w)
	w.Attr("mediaId", k.Media)
	w.End("mediaKeys")
}

func (k ConferenceKeys) check() error {
	if k == (ConferenceKeys{}) {
		return invalid(ReasonInvalidContent, "conferenceKeys name no conference")
	}
	return nil
}

func (k UserKeys) check() error {
	switch {
	case k.Conference == "":
		return invalid(ReasonInvalidContent, "the keys name no conference")
	case k.User == "":
		return invalid(ReasonInvalidUserEntity, "the keys name no user")
	}
	return nil
}

func (k EndpointKeys) check() error {
	if k.Endpoint == "" {
		return invalid(ReasonInvalidContent, "endpointKeys name no endpoint")
	}
	return UserKeys{k.Conference, k.User}.check()
}

// check does not ask for an endpoint: the real client mutes itself with the text "(null)" before it knows its own.
func (k MediaKeys) check() error {
	if k.Media == "" {
		return invalid(ReasonInvalidContent, "mediaKeys name no media")
	}
	return UserKeys{k.Conference, k.User}.check()
}
