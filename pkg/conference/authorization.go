package conference

import "slices"

// Command names what somebody wants to do, with the name of its C3P command; what C3P does in one command and the rules set apart has a
// name of its own.
type Command string

// The commands of the table.
const (
	GetConferencingCapabilities   Command = "getConferencingCapabilities"
	GetAvailableMCUTypes          Command = "getAvailableMcuTypes"
	GetEncryptionKey              Command = "getEncryptionKey"
	AddConference                 Command = "addConference" // of: the organizer it shall have
	GetConferences                Command = "getConferences"
	GetConference                 Command = "getConference" // and every notification of it
	GetPIN                        Command = "getConference (PIN)"
	ModifyConference              Command = "modifyConference"
	MuteEverybody                 Command = "modifyConference (mute all)"
	DeleteConference              Command = "deleteConference"
	AddUserJoin                   Command = "addUser (join)"
	AddUserDialIn                 Command = "addUser (dial-in)"
	AddUserDialOut                Command = "addUser (dial-out)"
	DeleteUser                    Command = "deleteUser"
	ModifyUser                    Command = "modifyUser"
	ModifyUserRoles               Command = "modifyUserRoles"
	SetLobbyAccess                Command = "setLobbyAccess"
	ModifyConferenceLock          Command = "modifyConferenceLock"
	ModifyEndpoint                Command = "modifyEndpoint"
	ModifyEndpointMedia           Command = "modifyEndpointMedia"
	ModifyConferenceAnnouncements Command = "modifyConferenceAnnouncements"
	StartRecording                Command = "startRecording"
	PauseRecording                Command = "pauseRecording"
	ResumeRecording               Command = "resumeRecording"
	StopRecording                 Command = "stopRecording"
	SetMediaFilter                Command = "setMediaFilter"
	SetSpotlight                  Command = "spotlight"
	RaiseHand                     Command = "raiseHand"
	LowerHand                     Command = "raiseHand (lower)"
	PlayPrompt                    Command = "playPrompt"
	ReplaceCall                   Command = "INVITE with Replaces"
	Subscribe                     Command = "SUBSCRIBE" // to the conference event package
)

// Standing is what somebody is to a conference.
type Standing int

// The standings: the columns of the table.
const (
	StandingOrganizer     Standing = iota // in or not
	StandingPresenter                     // in
	StandingAttendee                      // in
	StandingWaiting                       // in the lobby
	StandingUser                          // not in, or asking outside of any conference; has proved who he is
	StandingAnonymous                     // not in, and has not
	StandingAdministrator                 // in or not
	StandingServer                        // this server, or one it trusts, on nobody's behalf
	standings
)

var standingNames = [standings]string{"organizer", "presenter", "attendee", "waiting", "user", "anonymous", "administrator", "server"}

// String is the name of the column.
func (s Standing) String() string {
	if s < 0 || s >= standings {
		return "unknown"
	}
	return standingNames[s]
}

// Whose is what a command is about, as seen by who gives it.
type Whose int

// What a command may be about.
const (
	Own         Whose = iota // himself, or what is his
	Others                   // somebody else, or the conference as a whole
	Organizers               // the organizer, by somebody else
	whoseValues              // how many there are
)

// String is the name of the column.
func (w Whose) String() string {
	return [...]string{"own", "others'", "organizer's"}[w]
}

// grant is a cell of the table.
type grant int

const (
	no   grant = iota
	own        // only what is his
	most       // also what is others', but not what is the organizer's
	all
)

// permissions is who may do what: the only place that decides it. A policy may refuse what it grants (who may join, whom the conference may
// call, when an attendee may unmute himself), and none grants more.
var permissions = []struct {
	command Command
	grants  [standings]grant
}{
	//                              organizer presenter attendee waiting user anonymous administrator server
	{GetConferencingCapabilities, [...]grant{all, all, all, all, all, all, all, all}},
	{GetAvailableMCUTypes, [...]grant{all, all, all, all, all, all, all, all}},
	{GetEncryptionKey, [...]grant{all, all, all, all, all, no, all, all}},
	{AddConference, [...]grant{own, own, own, own, own, no, all, all}},
	{GetConferences, [...]grant{own, own, own, own, own, no, all, all}},
	{GetConference, [...]grant{all, all, all, no, no, no, all, all}},
	{GetPIN, [...]grant{all, no, no, no, no, no, all, all}},
	{ModifyConference, [...]grant{all, no, no, no, no, no, all, all}},
	{MuteEverybody, [...]grant{all, all, no, no, no, no, all, all}},
	{DeleteConference, [...]grant{all, all, no, no, no, no, all, all}},
	{AddUserJoin, [...]grant{own, own, own, own, own, own, own, all}},
	{AddUserDialIn, [...]grant{own, own, own, no, no, no, own, all}},
	{AddUserDialOut, [...]grant{all, all, own, no, no, no, all, all}},
	{DeleteUser, [...]grant{all, most, own, own, no, no, all, all}},
	{ModifyUser, [...]grant{all, most, own, no, no, no, all, all}},
	{ModifyUserRoles, [...]grant{all, most, no, no, no, no, all, all}},
	{SetLobbyAccess, [...]grant{all, all, no, no, no, no, all, all}},
	{ModifyConferenceLock, [...]grant{all, all, no, no, no, no, all, all}},
	{ModifyEndpoint, [...]grant{all, most, own, no, no, no, all, all}},
	{ModifyEndpointMedia, [...]grant{all, all, own, no, no, no, all, all}},
	{ModifyConferenceAnnouncements, [...]grant{all, all, no, no, no, no, all, all}},
	{StartRecording, [...]grant{all, all, no, no, no, no, all, all}},
	{PauseRecording, [...]grant{all, all, no, no, no, no, all, all}},
	{ResumeRecording, [...]grant{all, all, no, no, no, no, all, all}},
	{StopRecording, [...]grant{all, all, no, no, no, no, all, all}},
	{SetMediaFilter, [...]grant{all, all, no, no, no, no, all, all}},
	{SetSpotlight, [...]grant{all, all, no, no, no, no, all, all}},
	{RaiseHand, [...]grant{own, own, own, no, no, no, own, no}},
	{LowerHand, [...]grant{all, all, own, no, no, no, all, all}},
	{PlayPrompt, [...]grant{all, all, no, no, no, no, all, all}},
	{ReplaceCall, [...]grant{all, most, own, no, no, no, all, no}},
	{Subscribe, [...]grant{all, all, all, all, all, all, all, all}},
}

// Commands are the rows of the table, in its order.
func Commands() []Command {
	commands := make([]Command, 0, len(permissions))
	for _, row := range permissions {
		commands = append(commands, row.command)
	}
	return commands
}

// Permitted is one cell of the table. What has no row nobody may do.
func Permitted(who Standing, command Command, whose Whose) bool {
	i := slices.IndexFunc(permissions, func(row struct {
		command Command
		grants  [standings]grant
	}) bool {
		return row.command == command
	})
	if i < 0 || who < 0 || who >= standings {
		return false
	}
	switch permissions[i].grants[who] {
	case all:
		return true
	case most:
		return whose != Organizers
	case own:
		return whose == Own
	}
	return false
}

// Actor is who gives a command. User is the authenticated sender or, in a dialog of a guest, that guest; never what a document says.
// The zero Actor is somebody who has proved nothing.
type Actor struct {
	User          UserID
	Administrator bool
	Server        bool // this server, or one it trusts, on nobody's behalf
}

// standingOutside is what an actor is without a conference.
func (a Actor) standingOutside() Standing {
	switch {
	case a.Server:
		return StandingServer
	case a.Administrator:
		return StandingAdministrator
	case a.User != "" && !a.User.Guest():
		return StandingUser
	}
	return StandingAnonymous
}

// whose says what of is to the actor; "" is nobody.
func (a Actor) whose(of, organizer UserID) Whose {
	switch {
	case of != "" && of == a.User:
		return Own
	case of != "" && of == organizer:
		return Organizers
	}
	return Others
}

// MayOutside is ErrNotPermitted unless by may give a command that is for no conference, about what belongs to of; "" is everybody.
func MayOutside(by Actor, command Command, of UserID) error {
	return permit(by.standingOutside(), command, by.whose(of, ""))
}

// standing is what an actor is to a conference that is not on.
func (r *Record) standing(by Actor) Standing {
	who := by.standingOutside()
	if who == StandingUser && by.User == r.Organizer {
		return StandingOrganizer
	}
	return who
}

// May is ErrNotPermitted unless by may give the command about the conference as a whole, of which there is only the record.
func (r *Record) May(by Actor, command Command) error {
	return permit(r.standing(by), command, Others)
}

// Standing is what an actor is to the conference.
func (c *Conference) Standing(by Actor) Standing {
	who := c.record.standing(by)
	p, in := c.users[by.User]
	switch {
	case !in || who != StandingUser && who != StandingAnonymous:
		return who
	case p.Waiting:
		return StandingWaiting
	case p.Role == Presenter:
		return StandingPresenter
	}
	return StandingAttendee
}

// May is ErrNotPermitted, or ErrNoThirdParty, unless by may give the command about that participant; "" is the conference as a whole.
func (c *Conference) May(by Actor, command Command, of UserID) error {
	err := permit(c.Standing(by), command, by.whose(of, c.record.Organizer))
	if err != nil && command == AddUserDialOut && permit(c.Standing(by), command, Own) == nil {
		return ErrNoThirdParty
	}
	return err
}

func permit(who Standing, command Command, whose Whose) error {
	if !Permitted(who, command, whose) {
		return ErrNotPermitted
	}
	return nil
}
