package main

import (
	"context"
	"encoding/json"
	"net/netip"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/api"
	"github.com/seed-f3cefc8c/focus/internal/phone"
	"github.com/seed-f3cefc8c/focus/pkg/mcu"
)

// sessionOfREADME is in the one example of README.md that needs a telephone.
const sessionOfREADME = "/participants/alice"

// session runs the example of a whole conference, with a telephone of alice's that answers, and looks at each roster.
func (s *server) session(script string) {
	s.t.Helper()
	alice := s.registers("alice", "correct horse battery")
	defer alice.Close(context.Background())
	began := time.Now()
	out := s.shell(script)
	s.t.Logf("%v\n%s", time.Since(began).Round(time.Millisecond), out)
	line, err := alice.Phone(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	s.wantsOut("she was taken out", line)
	var rosters []string
	for _, text := range strings.Split(out, "\n") {
		if strings.Contains(text, `"participants":[`) {
			rosters = append(rosters, brief(text))
		}
	}
	want := []string{
		"sip:alice@127.0.0.1 attendee connected", // she has answered
		"sip:alice@127.0.0.1 attendee connected muted",
		"sip:alice@127.0.0.1 presenter connected muted",
		"sip:alice@127.0.0.1 presenter connected muted", // recorded
		"", // taken out
	}
	if !slices.Equal(rosters, want) {
		s.t.Errorf("rosters\n%s\nwant\n%s", strings.Join(rosters, "\n"), strings.Join(want, "\n"))
	}
	for _, want := range []string{`"subject":"Team"`, `"conferences":[`, `"dialing-out"`, `"locked":true`, `"recording":"started"`} {
		if !strings.Contains(out, want) {
			s.t.Errorf("%s is not said", want)
		}
	}
}

// brief is a roster in few words.
func brief(text string) string {
	var roster api.Participants
	if err := json.Unmarshal([]byte(text), &roster); err != nil {
		return err.Error()
	}
	var all []string
	for _, p := range roster.Participants {
		words := []string{p.URI, p.Role, p.Endpoints[0].Status}
		if p.Muted {
			words = append(words, "muted")
		}
		all = append(all, strings.Join(words, " "))
	}
	return strings.Join(all, ", ")
}

// registers is a telephone of a user that answers when it is called.
func (s *server) registers(name, password string) *phone.Incoming {
	s.t.Helper()
	i, err := phone.Register(s.t.Context(), phone.Config{
		Identity: "sip:" + name + "@127.0.0.1", Server: "127.0.0.1:" + s.ports[0], Network: phone.System(nil),
		Codecs: mcu.Codecs()[:1:1], Address: netip.MustParseAddr("127.0.0.1"),
		Credentials: func(string) (string, string, bool) { return name, password, true },
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return i
}

// TestASessionFromTheCommandLine is the same story with focus conference.
func TestASessionFromTheCommandLine(t *testing.T) {
	s := newServer(t)
	s.start()
	s.shell("echo 'correct horse battery' | bin/focus user add alice --display-name Alice")
	alice := s.registers("alice", "correct horse battery")
	defer alice.Close(context.Background())
	s.shell("bin/focus conference new --id session")
	s.shell("bin/focus conference watch session --json >watched 2>&1 & bin/focus conference watch session >told 2>&1 & until grep -q full watched; do sleep 0.05; done")
	if out := s.shell("bin/focus conference invite session alice"); !strings.Contains(out, "dialing-out") {
		t.Errorf("invite: %s", out)
	}
	line, err := alice.Phone(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.shell("until bin/focus conference show session | grep -q ' connected '; do sleep 0.05; done")
	for _, row := range []struct{ command, want, told string }{
		{"mute session alice", "attendee +yes +connected", `"muted":true`},
		{"unmute session sip:alice@127.0.0.1", "attendee +no +connected", `"muted":false`},
		{"promote session alice", "presenter +no +connected", `"role":"presenter"`},
		{"demote session alice", "attendee +no +connected", `"role":"attendee"`},
		{"lock session", "locked +yes", `"locked":true`},
		{"unlock session", "locked +no", `"locked":false`},
		{"eject session alice", "participants +0", `"removed":["sip:alice@127.0.0.1"]`},
	} {
		known := strings.TrimSpace(s.shell("wc -l < watched"))
		s.shell("bin/focus conference " + row.command)
		if shown := s.shell("bin/focus conference show session"); !regexp.MustCompile(row.want).MatchString(shown) {
			t.Errorf("after %s:\n%s\nwant %s", row.command, shown, row.want)
		}
		s.shell("until tail -n +$((" + known + " + 1)) watched | grep -qF '" + row.told + "'; do sleep 0.02; done")
	}
	s.wantsOut("she was taken out", line)
	refused := exec.Command(s.in("bin/focus"), "conference", "mute", "session", "nobody")
	refused.Dir = s.dir
	if out, err := refused.CombinedOutput(); err == nil || !strings.Contains(string(out), "nobody of that name") {
		t.Errorf("muting nobody: %v %s", err, out)
	}
	s.shell("bin/focus conference end session; until grep -q '\"ended\"' watched && grep -q 'has ended' told; do sleep 0.05; done")
	t.Log(s.shell("cat told"))
	s.stop()
}

// TestALobbyFromTheCommandLine: two wait; one is let in and one sent away; then those who are in are muted together.
func TestALobbyFromTheCommandLine(t *testing.T) {
	s := newServer(t)
	s.start()
	s.shell("echo 'correct horse battery' | bin/focus user add alice")
	s.shell("bin/focus conference new --id lobby --lobby --policy openAuthenticated")
	dials := func(from string, credentials func(string) (string, string, bool)) *phone.Phone {
		return s.dials(phone.Config{Target: "sip:lobby@127.0.0.1", Identity: "sip:" + from, Server: "127.0.0.1:" + s.ports[0],
			Network: phone.System(nil), Credentials: credentials})
	}
	dials("alice@127.0.0.1", func(string) (string, string, bool) { return "alice", "correct horse battery", true })
	var guests []string
	lines := map[string]*phone.Phone{}
	shows := func(want string) string {
		t.Helper()
		shown := ""
		for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
			if shown = s.shell("bin/focus conference show lobby"); regexp.MustCompile(want).MatchString(shown) {
				return shown
			}
		}
		t.Errorf("it shows\n%s\nwant %s", shown, want)
		return shown
	}
	for _, name := range []string{"bob", "mallory", "dave"} {
		lines[name] = dials(name+"@elsewhere.example", nil)
		guests = append(guests, regexp.MustCompile(`sip:`+name+`\S*`).FindString(shows("sip:"+name+"\\S* .*pending")))
	}
	bob, mallory, dave := guests[0], guests[1], guests[2]
	t.Log("# who is named is let in, or sent away; then the others")
	s.shell("bin/focus conference admit lobby '" + bob + "'")
	shows(bob + ` +attendee +no +connected`)
	s.shell("bin/focus conference deny lobby '" + mallory + "'")
	s.wantsOut("she was sent away", lines["mallory"])
	if shown := shows(dave + " .*pending"); strings.Contains(shown, mallory) {
		t.Errorf("%s is shown:\n%s", mallory, shown)
	}
	s.shell("bin/focus conference admit lobby")
	shows(dave + ` +attendee +no +connected`)

	t.Log("# all attendees are muted, and those who come; alice, whom they obey, is not")
	for _, row := range []struct{ command, bob, alice string }{
		{"promote lobby alice", "attendee +no", "presenter +no"},
		{"mute-all lobby", "attendee +yes", "presenter +no"},
		{"unmute lobby '" + bob + "'", "attendee +no", "presenter +no"},
		{"mute-all lobby hard", "attendee +yes", "presenter +no"},
		{"mute-all lobby no", "attendee +no", "presenter +no"},
		{"mute-all lobby now", "attendee +yes", "presenter +no"},
		{"mute-all lobby no", "attendee +no", "presenter +no"},
		{"demote lobby alice", "attendee +no", "attendee +no"},
	} {
		s.shell("bin/focus conference " + row.command)
		shows(bob + " +" + row.bob)
		shows("sip:alice@127.0.0.1 +" + row.alice)
	}

	t.Log("# nobody waits for a lock to open but in the lobby")
	s.shell("bin/focus conference lock lobby")
	late := dials("late@elsewhere.example", nil)
	shows(`sip:late\S* .*pending`)
	for command, want := range map[string]string{
		"admit lobby sip:nobody@127.0.0.1": "nobody of that name", "deny lobby sip:nobody@127.0.0.1": "nobody of that name", "admit nowhere": "no such conference",
		"mute-all lobby loudly": "must be one of",
	} {
		if out, err := s.tries("bin/focus conference " + command); err == nil || !strings.Contains(out, want) {
			t.Errorf("%s: %v %s, want %s", command, err, out, want)
		}
	}
	s.shell("bin/focus conference end lobby")
	s.wantsOut("the conference has ended", late)
	s.stop()
}

// tries runs a command that may be refused.
func (s *server) tries(script string) (string, error) {
	command := exec.Command("sh", "-eu", "-c", script)
	command.Dir = s.dir
	out, err := command.CombinedOutput()
	return string(out), err
}

// TestTheVerbsOfJSON sends each change that the API knows to a server with a call, and looks at what it then says.
func TestTheVerbsOfJSON(t *testing.T) {
	s := newServer(t)
	s.start()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("no curl")
	}
	s.shell("echo 'correct horse battery' | bin/focus user add alice --display-name Alice")
	if got := s.shell("bin/focus user modify alice --dial-out none"); !strings.Contains(got, "none") {
		t.Errorf("alice has %s", got)
	}
	alice := s.registers("alice", "correct horse battery")
	defer alice.Close(context.Background())
	s.shell(`curl -sSN --cacert data/ca.pem -H "Authorization: Bearer $(cat data/cli.token)" https://localhost:` + s.ports[2] + `/v1/events >everything 2>&1 &
until [ -e everything ]; do sleep 0.05; done`)
	s.shell("bin/focus conference new --id session; bin/focus conference invite session alice; until bin/focus conference show session | grep -q ' connected '; do sleep 0.05; done")
	for _, row := range []struct{ path, body, want string }{
		{"", `{"subject":"Weekly","pin":"4711","admissionPolicy":"closedAuthenticated","lobby":true,"invitees":["sip:bob@127.0.0.1"]}`, `"subject":"Weekly"`},
		{"", `{"pin":"","invitees":[],"expires":"2035-01-01T00:00:00Z"}`, `"expires":"2035-01-01T00:00:00Z"`},
		{"", `{"attendeesMuted":"hard"}`, `"attendeesMuted":"hard"`},
		{"", `{"attendeesMuted":"no"}`, `"participants":1`},
		{"", `{"announcements":false}`, `"announcements":false`},
		{"/participants/alice", `{"displayName":"Alice A."}`, `"displayName":"Alice A."`},
		{"", `{"handsLowered":true}`, `"id":"session"`},
		{"/participants/alice", `{"spotlight":true}`, `"spotlight":true`},
		{"/participants/alice", `{"hearsOnly":["sip:bob@127.0.0.1"]}`, `"hearsOnly":["sip:bob@127.0.0.1"]`},
		{"/participants/alice", `{"hearsAllBut":[]}`, `"muted":false`},
		{"/participants/alice", `{"deafened":true}`, `"deafened":true`},
		{"/participants/alice", `{"deafened":false}`, `"muted":false`},
		{"/participants/alice", `{"gain":-6}`, `"gain":-6`},
	} {
		ask := `curl -sS --fail-with-body --cacert data/ca.pem -H "Authorization: Bearer $(cat data/cli.token)" -H 'Content-Type: application/json' ` +
			"https://localhost:" + s.ports[2] + "/v1/conferences/session" + row.path
		if got := s.shell(ask + " -X PATCH -d '" + row.body + "' && " + ask); !strings.Contains(got, row.want) {
			t.Errorf("after %s %s:\n%s\nwant %s", row.path, row.body, got, row.want)
		}
	}
	out := s.shell("alice=https://localhost:" + s.ports[2] + `/v1/conferences/session/participants/alice
curl -sS --fail-with-body --cacert data/ca.pem -u 'alice:correct horse battery' -H 'Content-Type: application/json' -X PATCH -d '{"handRaised":true}' $alice
curl -sS --fail-with-body --cacert data/ca.pem -H "Authorization: Bearer $(cat data/cli.token)" $alice`)
	if !strings.Contains(out, `"hand":1`) {
		t.Errorf("alice has raised her hand, and the roster says %s", out)
	}
	s.shell(`until grep -q '"hand":1' everything; do sleep 0.05; done
bin/focus conference end session; until grep -q '^event: ended' everything; do sleep 0.05; done`)
	if told := s.shell("cat everything"); !strings.Contains(told, "id: session:") || !strings.Contains(told, `"hand":1`) || !strings.Contains(told, `"gain":-6`) {
		t.Errorf("who follows all conferences was told\n%s", told)
	}
	s.stop()
}
