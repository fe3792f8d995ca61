package c3p

import (
	"strings"

	"github.com/seed-f3cefc8c/focus/pkg/strictxml"
)

// Command is the element inside a request or a response. The types are those of this package; one type serves both ways, and
// what only one of them has is empty in the other.
type Command interface {
	// Name is the local name of the element.
	Name() string
	// check says what a request lacks, with invalid.
	check() error
	// append writes attributes and content of the element.
	append(w *strictxml.Writer)
}

// row is a command we know: its element as we write it, with the prefix if it is ours, and its reader.
type row struct {
	element string
	read    func(e *strictxml.Element) (Command, error)
}

// table lists all commands.
var table = [...]row{
	{"getConferencingCapabilities", readGetConferencingCapabilities},
	{"getAvailableMcuTypes", readGetAvailableMCUTypes},
	{"getEncryptionKey", readGetEncryptionKey},
	{"addConference", readAddConference},
	{"getConference", readGetConference},
	{"getConferences", readGetConferences},
	{"modifyConference", readModifyConference},
	{"deleteConference", readDeleteConference},
	{"addUser", readAddUser},
	{"deleteUser", readDeleteUser},
	{"modifyUser", readModifyUser},
	{"modifyUserRoles", readModifyUserRoles},
	{"setLobbyAccess", readSetLobbyAccess},
	{"setUserAccess", readSetLobbyAccess},
	{"modifyConferenceLock", readModifyConferenceLock},
	{"modifyEndpoint", readModifyEndpoint},
	{"modifyEndpointMedia", readModifyEndpointMedia},
	{"modifyConferenceAnnouncements", readModifyConferenceAnnouncements},
	{"fx:setMediaFilter", readSetMediaFilter},
	{"fx:spotlight", readSpotlight},
	{"fx:raiseHand", readRaiseHand},
	{"fx:startRecording", readStartRecording},
	{"fx:pauseRecording", readPauseRecording},
	{"fx:resumeRecording", readResumeRecording},
	{"fx:stopRecording", readStopRecording},
	{"fx:playPrompt", readPlayPrompt},
}

// name splits a row's element into namespace and local name.
func (r *row) name() strictxml.Name {
	if local, ok := strings.CutPrefix(r.element, "fx:"); ok {
		return strictxml.Name{Space: ExtensionNamespace, Local: local}
	}
	return strictxml.Name{Space: Namespace, Local: r.element}
}

// find returns the row of an element, or nil.
func find(name strictxml.Name) *row {
	for i := range table {
		if table[i].name() == name {
			return &table[i]
		}
	}
	return nil
}

// elementOf returns how a command is written, given its local name. No name stands in both namespaces.
func elementOf(local string) string {
	for i := range table {
		if table[i].name().Local == local {
			return table[i].element
		}
	}
	return local
}

// Unreadable stands in a Request for a command that was named but not understood, so that it can be answered.
type Unreadable struct{ Element string }

// Name returns the local name of the element that was sent.
func (c *Unreadable) Name() string             { return c.Element }
func (c *Unreadable) check() error             { return nil }
func (c *Unreadable) append(*strictxml.Writer) {}

// findCommand returns the command element of an envelope: "child: exactly one, named like the command". Elements of namespaces
// that are not ours or C3P's are extensions, and ignored.
func findCommand(root *strictxml.Element) (*strictxml.Element, error) {
	var command *strictxml.Element
	for _, child := range root.Children {
		if child.Name.Space != Namespace && child.Name.Space != ExtensionNamespace {
			continue
		}
		if command != nil {
			return nil, &EnvelopeError{Detail: "more than one command"}
		}
		command = child
	}
	if command == nil {
		return nil, &EnvelopeError{Detail: "no command"}
	}
	return command, nil
}

// readCommand reads a command element, without asking whether a request lacks something.
func readCommand(e *strictxml.Element) (Command, error) {
	r := find(e.Name)
	if r == nil {
		return nil, &UnknownCommandError{Name: e.Name.Local}
	}
	command, err := r.read(e)
	if err != nil {
		return nil, contentError(e.Name.Local, err)
	}
	return command, nil
}
