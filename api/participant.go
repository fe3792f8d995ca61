package api

import (
	"net/http"
	"net/url"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
)

// NewParticipant is somebody whom the conference is to call.
type NewParticipant struct {
	URI         string `json:"uri"`                   // sip:bob@example.com
	DisplayName string `json:"displayName,omitempty"` // as the roster is to show it
	Role        string `json:"role,omitempty"`        // presenter, attendee; what it would be for who dials in without one
}

// ParticipantChange is what to change of a participant: one thing, so that a refusal leaves nothing half done.
type ParticipantChange struct {
	Role     string   `json:"role,omitempty"`     // presenter, attendee
	Muted    *bool    `json:"muted,omitempty"`    // nobody hears the participant
	Deafened *bool    `json:"deafened,omitempty"` // the participant hears nobody
	Gain     *float64 `json:"gain,omitempty"`     // how much louder the others hear the participant, -60 to 20 dB
	Endpoint string   `json:"endpoint,omitempty"` // with muted, deafened and gain: of this device alone

	DisplayName string    `json:"displayName,omitempty"`
	Admitted    *bool     `json:"admitted,omitempty"`    // who waits in the lobby comes in, or is sent away
	HandRaised  *bool     `json:"handRaised,omitempty"`  // the participant wants to speak
	Spotlight   *bool     `json:"spotlight,omitempty"`   // everybody is to look at the participant
	HearsOnly   *[]string `json:"hearsOnly,omitempty"`   // URIs of whom the participant hears
	HearsAllBut *[]string `json:"hearsAllBut,omitempty"` // URIs of whom the participant does not hear; [] is everybody again
}

// audioMedia is the id that the MCU gives to the audio of every endpoint, and that clients mute without asking for it.
const audioMedia = "1"

// command is the C3P command that n stands for.
func (n *NewParticipant) command(keys c3p.ConferenceKeys) (c3p.Command, *Problem) {
	if n.URI == "" {
		return nil, badField("uri", "uri is whom to call, like sip:bob@example.com.")
	}
	user := &confinfo.User{
		Entity: n.URI, DisplayText: n.DisplayName,
		Endpoints: []confinfo.Endpoint{{JoiningMethod: confinfo.DialedOut, SessionType: confinfo.SessionAudioVideo}},
	}
	if n.Role != "" {
		user.Roles = []string{n.Role}
	}
	return &c3p.AddUser{Keys: keys, User: user}, nil
}

// postParticipant has the conference call somebody. It answers when the call is being made; the roster and the events say what comes of it.
func (s *server) postParticipant(w http.ResponseWriter, r *http.Request, who c3p.Principal) {
	var wanted NewParticipant
	if refusal := readJSON(w, r, &wanted); refusal != nil {
		refusal.write(w)
		return
	}
	wanted.URI = s.participantURI(wanted.URI)
	var body c3p.Command
	command, refusal := wanted.command(keysOf(r))
	if refusal == nil {
		body, refusal = s.do(r, who, command)
	}
	if refusal != nil {
		refusal.write(w)
		return
	}
	added, ok := body.(*c3p.AddUser)
	if !ok || added.User == nil {
		s.emptyAnswer(w, "addUser")
		return
	}
	called := participantOf(added.User)
	w.Header().Set("Location", "/v1/conferences/"+url.PathEscape(variable(r, "id"))+"/participants/"+url.PathEscape(called.URI))
	writeJSON(w, http.StatusAccepted, called)
}

func (s *server) getParticipant(w http.ResponseWriter, r *http.Request, who c3p.Principal) {
	keys, refusal := s.participantKeys(r)
	if refusal != nil {
		refusal.write(w)
		return
	}
	doc := s.document(w, r, who)
	if doc == nil {
		return
	}
	user := conference.EntityID(keys.User)
	for i := range doc.Users {
		if conference.EntityID(doc.Users[i].Entity) == user {
			writeJSON(w, http.StatusOK, participantOf(&doc.Users[i]))
			return
		}
	}
	failed(c3p.ReasonUserDoesNotExist, "").write(w)
}

func (s *server) deleteParticipant(w http.ResponseWriter, r *http.Request, who c3p.Principal) {
	keys, refusal := s.participantKeys(r)
	if refusal == nil {
		_, refusal = s.do(r, who, &c3p.DeleteUser{Keys: keys})
	}
	done(w, refusal)
}

func (s *server) patchParticipant(w http.ResponseWriter, r *http.Request, who c3p.Principal) {
	var change ParticipantChange
	s.obey(w, r, who, &change, func() (c3p.Command, *Problem) {
		keys, refusal := s.participantKeys(r)
		if refusal != nil {
			return nil, refusal
		}
		return change.command(keys)
	})
}

// command is the one C3P command that c stands for.
func (c *ParticipantChange) command(keys c3p.UserKeys) (c3p.Command, *Problem) {
	commands := append(c.ofUser(keys), c.ofStreams(keys)...)
	switch {
	case len(commands) != 1:
		return nil, problem(http.StatusBadRequest, "Change one thing at a time: role, muted, deafened, gain, displayName, admitted, handRaised, spotlight, hearsOnly or hearsAllBut.")
	case c.Endpoint != "" && len(c.media()) == 0:
		return nil, badField("endpoint", "That is the participant's, not a device's: leave endpoint out.")
	}
	return commands[0], nil
}

// ofUser are the commands for a participant.
func (c *ParticipantChange) ofUser(keys c3p.UserKeys) (commands []c3p.Command) {
	add := func(asked bool, command c3p.Command) {
		if asked {
			commands = append(commands, command)
		}
	}
	add(c.Role != "", &c3p.ModifyUserRoles{Keys: keys, Roles: []string{c.Role}})
	add(c.DisplayName != "", &c3p.ModifyUser{Keys: keys, User: &confinfo.User{Entity: keys.User, DisplayText: c.DisplayName}})
	add(c.Admitted != nil, &c3p.SetLobbyAccess{Keys: c3p.ConferenceKeys{Entity: keys.Conference}, User: keys.User, Access: access(c.Admitted)})
	add(c.HandRaised != nil, &c3p.RaiseHand{Keys: c3p.EndpointKeys{Conference: keys.Conference, User: keys.User}, Up: isTrue(c.HandRaised)})
	add(c.Spotlight != nil, &c3p.Spotlight{Keys: keys, On: isTrue(c.Spotlight)})
	if c.HearsOnly != nil {
		add(true, &c3p.SetMediaFilter{Keys: keys, Only: true, Users: *c.HearsOnly})
	}
	if c.HearsAllBut != nil {
		add(true, &c3p.SetMediaFilter{Keys: keys, Users: *c.HearsAllBut})
	}
	return commands
}

// ofStreams are the commands for the audio of a participant, or of one device.
func (c *ParticipantChange) ofStreams(keys c3p.UserKeys) (commands []c3p.Command) {
	for _, media := range c.media() {
		media.ID = audioMedia
		commands = append(commands, &c3p.ModifyEndpointMedia{
			Keys:  c3p.MediaKeys{Conference: keys.Conference, User: keys.User, Endpoint: c.Endpoint, Media: audioMedia},
			Media: media,
		})
	}
	return commands
}

func isTrue(b *bool) bool { return b != nil && *b }

func access(granted *bool) string {
	if isTrue(granted) {
		return c3p.AccessGranted
	}
	return c3p.AccessDenied
}

// media is what each member that is there asks of the stream.
func (c *ParticipantChange) media() (asked []*confinfo.Media) {
	if c.Muted != nil {
		asked = append(asked, &confinfo.Media{IngressFilter: filter(*c.Muted)})
	}
	if c.Deafened != nil {
		asked = append(asked, &confinfo.Media{EgressFilter: filter(*c.Deafened)})
	}
	if c.Gain != nil {
		asked = append(asked, &confinfo.Media{Gain: c.Gain})
	}
	return asked
}

func filter(block bool) string {
	if block {
		return confinfo.Block
	}
	return confinfo.Unblock
}
