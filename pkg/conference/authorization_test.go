package conference

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"text/tabwriter"
)

// update writes the table of the document anew: go test ./pkg/conference -run TestTheTableOfPermissions -update.
var update = flag.Bool("update", false, "write docs/protocol/authorization.md")

const tableFile, tableBegins, tableEnds = "../../docs/protocol/authorization.md", "<!-- table -->\n", "<!-- end of table -->"

// cellText is what a cell says, worked out by asking about everybody.
func cellText(who Standing, command Command) string {
	text := ""
	for w := range whoseValues {
		if Permitted(who, command, w) {
			text += string("OTX"[w])
		}
	}
	return map[string]string{"": "–", "O": "own", "OT": "others", "OTX": "all"}[text]
}

func markdown() string {
	var b strings.Builder
	b.WriteString("| command |")
	for who := range standings {
		fmt.Fprintf(&b, " %s |", who)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", int(standings)) + "\n")
	for _, command := range Commands() {
		fmt.Fprintf(&b, "| `%s` |", command)
		for who := range standings {
			fmt.Fprintf(&b, " %s |", cellText(who, command))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// The document says what the table says; a change of either is one of both.
func TestTheTableOfPermissions(t *testing.T) {
	document, err := os.ReadFile(tableFile)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, _ := strings.Cut(string(document), tableBegins)
	table, tail, found := strings.Cut(rest, tableEnds)
	if !found {
		t.Fatalf("%s has no table", tableFile)
	}
	if *update {
		if err := os.WriteFile(tableFile, []byte(head+tableBegins+markdown()+tableEnds+tail), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if table != markdown() {
		t.Errorf("%s differs from the code; with -update it is written", tableFile)
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for line := range strings.Lines(markdown()) {
		if !strings.HasPrefix(line, "|--") {
			fmt.Fprintln(w, strings.ReplaceAll(strings.Trim(line, "|\n"), "|", "\t"))
		}
	}
	w.Flush()
	t.Logf("who may do what (own: his own; others: his own and others', but not the organizer's; all)\n%s", b.String())
}

const dave, erin, frank = UserID("sip:dave@example.com"), UserID("sip:erin@example.com"), UserID("sip:frank@example.com")

// people is a conference with one of everybody: alice organizes, bob presents, carol and frank attend, dave waits, erin is not there.
func people(t *testing.T) (c *Conference, actors [standings]Actor) {
	t.Helper()
	r := meeting(OpenAuthenticated, "")
	r.Lobby = true
	c = New(r)
	for i, user := range []UserID{alice, bob, carol, frank, dave} {
		caller := proved(user)
		caller.LobbyCapable = true
		if user == dave {
			must(t)(c.SetLock(noon, Actor{Server: true}, true))
		}
		if _, _, err := c.Join(noon, Joining{Caller: caller, Endpoint: endpointOf(EndpointID(fmt.Sprint(i)))}); err != nil {
			t.Fatal(err)
		}
	}
	must(t)(c.SetRole(noon, Actor{User: alice}, bob, Presenter))
	return c, [standings]Actor{
		StandingOrganizer: {User: alice}, StandingPresenter: {User: bob}, StandingAttendee: {User: carol}, StandingWaiting: {User: dave},
		StandingUser: {User: erin}, StandingAnonymous: {}, StandingAdministrator: {User: "sip:root@example.com", Administrator: true},
		StandingServer: {Server: true},
	}
}

// given has what carries a command out, of those that this package carries out.
var given = map[Command]func(c *Conference, by Actor, of UserID) error{
	AddConference: func(_ *Conference, by Actor, of UserID) error {
		r := Record{ID: "7h3k92qd", Organizer: of, AdmissionPolicy: Anonymous}
		return r.Validate(noon, Caller{URI: URI(by.User), Authenticated: by.User != "", Administrator: by.Administrator})
	},
	ModifyConference: func(c *Conference, by Actor, _ UserID) error {
		_, err := c.Modify(noon, by, Modification{Subject: new(string)})
		return err
	},
	MuteEverybody: func(c *Conference, by Actor, _ UserID) error {
		_, err := c.SetMuteAll(noon, by, MuteAll{Muted: true})
		return err
	},
	DeleteConference: func(c *Conference, by Actor, _ UserID) error { _, err := c.End(noon, by); return err },
	DeleteUser:       func(c *Conference, by Actor, of UserID) error { _, err := c.Remove(noon, by, of); return err },
	ModifyUser: func(c *Conference, by Actor, of UserID) error {
		_, err := c.SetDisplayText(noon, by, of, "somebody")
		return err
	},
	ModifyUserRoles: func(c *Conference, by Actor, of UserID) error {
		_, err := c.SetRole(noon, by, of, Presenter)
		return err
	},
	SetLobbyAccess: func(c *Conference, by Actor, of UserID) error {
		_, err := c.SetLobbyAccess(noon, by, of, LobbyGranted)
		return err
	},
	ModifyConferenceLock: func(c *Conference, by Actor, _ UserID) error { _, err := c.SetLock(noon, by, false); return err },
	ModifyConferenceAnnouncements: func(c *Conference, by Actor, _ UserID) error {
		_, err := c.SetAnnouncements(noon, by, false)
		return err
	},
	ModifyEndpointMedia: func(c *Conference, by Actor, of UserID) error {
		_, mute := c.Mute(noon, by, Target{User: of})
		_, unmute := c.Unmute(noon, by, Target{User: of})
		_, deaf := c.SetDeaf(noon, by, Target{User: of}, true)
		_, gain := c.SetGain(noon, by, Target{User: of}, 6)
		for _, err := range []error{unmute, deaf, gain} {
			if errors.Is(mute, ErrNotPermitted) != errors.Is(err, ErrNotPermitted) {
				return fmt.Errorf("mute %v, unmute %v, deaf %v, gain %v", mute, unmute, deaf, gain)
			}
		}
		return mute
	},
	StartRecording: recorded(NotRecording, Recording), PauseRecording: recorded(Recording, RecordingPaused),
	ResumeRecording: recorded(RecordingPaused, Recording), StopRecording: recorded(Recording, NotRecording),
	SetMediaFilter: func(c *Conference, by Actor, of UserID) error {
		_, err := c.SetMediaFilter(noon, by, of, MediaFilter{Only: true})
		return err
	},
	SetSpotlight: func(c *Conference, by Actor, of UserID) error {
		_, err := c.SetSpotlight(noon, by, of, true)
		return err
	},
	RaiseHand: func(c *Conference, by Actor, of UserID) error { _, err := c.RaiseHand(noon, by, of, true); return err },
	LowerHand: func(c *Conference, by Actor, of UserID) error { _, err := c.RaiseHand(noon, by, of, false); return err },
}

func recorded(from, to RecordingState) func(c *Conference, by Actor, of UserID) error {
	return func(c *Conference, by Actor, _ UserID) error {
		c.record.Recording = from
		_, err := c.SetRecording(noon, by, to)
		return err
	}
}

// Every cell: what the table grants is done, or refused for another reason; what it does not grant is ErrNotPermitted and changes nothing.
func TestEveryCellOfTheTable(t *testing.T) {
	for _, command := range Commands() {
		for who := range standings {
			for whose := range whoseValues {
				checkCell(t, who, command, whose)
			}
		}
	}
}

func checkCell(t *testing.T, who Standing, command Command, whose Whose) {
	c, actors := people(t)
	by, want := actors[who], Permitted(who, command, whose)
	if got := c.Standing(by); got != who {
		t.Fatalf("%s is %s", who, got)
	}
	of := map[Whose]UserID{Own: by.User, Others: frank, Organizers: alice}[whose]
	if of == "" || whose == Organizers && who == StandingOrganizer {
		return // nothing is his; and his own is Own
	}
	if got := c.May(by, command, of) == nil; command != GetConferences && command != AddConference && got != want {
		t.Errorf("%s %s of %s: May is %t, want %t", who, command, whose, got, want)
	}
	carryOut := given[command]
	if carryOut == nil {
		return
	}
	if c.record.Recording = ""; whose == Own && wholeConference(command) {
		want = Permitted(who, command, Others) // there is no own
	}
	revision := c.Revision()
	err := carryOut(c, by, of)
	if errors.Is(err, ErrNotPermitted) == want && !(command == AddConference && who == StandingServer) {
		t.Errorf("%s %s of %s: %v, permitted %t", who, command, whose, err, want)
	}
	if !want && c.Revision() != revision {
		t.Errorf("%s %s of %s is refused, and something changed", who, command, whose)
	}
}

// wholeConference: the command names nobody.
func wholeConference(command Command) bool {
	switch command {
	case ModifyConference, MuteEverybody, DeleteConference, ModifyConferenceLock, ModifyConferenceAnnouncements, StartRecording, PauseRecording,
		ResumeRecording, StopRecording:
		return true
	}
	return false
}

func TestMayWithoutAMeeting(t *testing.T) {
	r := meeting(Anonymous, "")
	for _, row := range []struct {
		by      Actor
		command Command
		want    bool
	}{
		{Actor{User: alice}, GetConference, true},
		{Actor{User: alice}, GetPIN, true},
		{Actor{User: bob}, GetConference, false}, // invited, but not in
		{Actor{User: bob, Administrator: true}, GetPIN, true},
		{Actor{User: alice + ";guest=1"}, GetConference, false},
		{Actor{}, GetConference, false},
		{Actor{}, "makeCoffee", false},
		{Actor{Server: true}, "makeCoffee", false},
	} {
		if got := r.May(row.by, row.command) == nil; got != row.want {
			t.Errorf("%+v %s: %t, want %t", row.by, row.command, got, row.want)
		}
	}
	for _, row := range []struct {
		by   Actor
		of   UserID
		want bool
	}{
		{Actor{User: bob}, bob, true},
		{Actor{User: bob}, "", false}, // everybody's
		{Actor{User: bob}, alice, false},
		{Actor{User: bob, Administrator: true}, "", true},
		{Actor{User: bob + ";guest=1"}, bob + ";guest=1", false},
		{Actor{}, "", false},
	} {
		if got := MayOutside(row.by, GetConferences, row.of) == nil; got != row.want {
			t.Errorf("%+v lists those of %q: %t, want %t", row.by, row.of, got, row.want)
		}
	}
}

func TestAttendeesCallOnlyThemselvesIn(t *testing.T) {
	c, actors := people(t)
	if err := c.May(actors[StandingAttendee], AddUserDialOut, frank); err != ErrNoThirdParty {
		t.Errorf("carol calls frank in: %v, want %v", err, ErrNoThirdParty)
	}
	if err := c.May(actors[StandingUser], AddUserDialOut, frank); err != ErrNotPermitted {
		t.Errorf("erin calls frank in: %v, want %v", err, ErrNotPermitted)
	}
}
