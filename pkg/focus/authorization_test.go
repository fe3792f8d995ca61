package focus

import (
	"slices"
	"strings"
	"testing"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
)

// Every command that a client may send has its row in the table of permissions, by its name, and every row is such a command or one of those below.
func TestEveryCommandHasItsRow(t *testing.T) {
	rows := map[string]bool{}
	for _, command := range conference.Commands() {
		name, _, _ := strings.Cut(string(command), " (")
		rows[name] = false
	}
	s := &Server{}
	for _, command := range []c3p.Command{
		&c3p.GetConferencingCapabilities{}, &c3p.GetAvailableMCUTypes{}, &c3p.GetEncryptionKey{}, &c3p.AddConference{}, &c3p.GetConference{},
		&c3p.GetConferences{}, &c3p.ModifyConference{}, &c3p.DeleteConference{}, &c3p.ModifyConferenceLock{}, &c3p.AddUser{}, &c3p.DeleteUser{},
		&c3p.ModifyUser{}, &c3p.ModifyUserRoles{}, &c3p.SetLobbyAccess{}, &c3p.ModifyEndpoint{}, &c3p.ModifyEndpointMedia{},
		&c3p.ModifyConferenceAnnouncements{}, &c3p.SetMediaFilter{}, &c3p.Spotlight{}, &c3p.RaiseHand{}, &c3p.StartRecording{},
		&c3p.PauseRecording{}, &c3p.ResumeRecording{}, &c3p.StopRecording{},
	} {
		if _, found := rows[command.Name()]; !found || s.handler(command) == nil {
			t.Errorf("%s: has a row %t, has a handler %t", command.Name(), found, s.handler(command) != nil)
		}
		rows[command.Name()] = true
	}
	others := []string{
		string(conference.ReplaceCall), // SIP's
		string(conference.Subscribe),   // SIP's
		string(conference.PlayPrompt),  // the server's own, to the MCU
	}
	for name, covered := range rows {
		if !covered && !slices.Contains(others, name) {
			t.Errorf("nobody asks about %s", name)
		}
	}
}
