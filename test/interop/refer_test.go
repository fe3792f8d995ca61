//go:build interop

package interop

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// eventSteps are the steps of a scenario in the folder sipp/events. Those there need somebody who can be called.
func eventSteps(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("sipp", "events", name+".xml"))
	if err != nil {
		t.Fatal(err)
	}
	_, steps, _ := strings.Cut(string(text), "\">\n")
	steps, _, _ = strings.Cut(steps, "</scenario>")
	return steps
}

const password = "correct-horse-battery"

// registersAt makes an account register and take calls, at once or not at all.
func registersAt(user, answer string) string {
	return ";auth_user=" + user + ";auth_pass=" + password + ";answermode=" + answer
}

// TestBaresipIsCalled: a conference calls a registered baresip, which answers by itself, because a SIPp asks for that. Bob, who was called, and
// carol, who dialled in, hear each other.
func TestBaresipIsCalled(t *testing.T) {
	for i, transport := range []string{"udp", "tcp"} {
		t.Run(transport, func(t *testing.T) {
			s := serves(t, "--digest", "md5") // SIPp reads the first challenge only
			s.hasUser("alice", password)
			s.hasUser("bob", password)
			room := s.makes(`{"admissionPolicy": "anonymous", "organizer": "sip:alice@` + host + `"}`)
			bob := phoneOf(t, bobSays, phoneConfig{codec: "PCMU/8000/1", transport: transport, number: 5 + i, account: registersAt("bob", "auto"), registers: 60})
			bob.wantsToSay("200 OK", 10*time.Second)
			carol := phoneOf(t, carolSays, phoneConfig{codec: "PCMU/8000/1", transport: "udp", number: 7 + i})
			carol.dials("sip:" + room.ID + "@" + s.sip())
			s.wantsParticipants(room.ID, 1, 5*time.Second)

			t.Log("# alice, who is the organizer, has bob called")
			call := calls{to: room.ID, number: 20 + i, tcp: transport == "tcp", password: password}
			s.sipp(t, call, eventSteps(t, "refer-outside")).wantsSuccess(30 * time.Second)
			s.wantsParticipants(room.ID, 2, 5*time.Second)
			bob.wantsToSay("Call established", 5*time.Second)
			passes(12 * time.Second)

			t.Log("# and removed")
			call.number += 10
			s.sipp(t, call, eventSteps(t, "refer-outside-bye")).wantsSuccess(30 * time.Second)
			s.wantsParticipants(room.ID, 1, 5*time.Second)
			bob.hangsUp()
			carol.hangsUp()
			hears(t, "bob", bob.heard(), carol.voice.sound(t, carol.dir), "carol", true)
			hears(t, "carol", carol.heard(), bob.voice.sound(t, bob.dir), "bob", true)
			hears(t, "bob", bob.heard(), bob.voice.sound(t, bob.dir), "bob", false)
		})
	}
}

// TestSIPpEvents plays REFER and SUBSCRIBE over UDP and TCP.
func TestSIPpEvents(t *testing.T) {
	s := serves(t, "--digest", "md5")
	s.hasUser("alice", password)
	s.hasUser("bob", password)
	room := s.makes(`{"admissionPolicy": "anonymous", "organizer": "sip:alice@` + host + `"}`)
	plays := func(name string, number int, answer string) {
		t.Run(name, func(t *testing.T) {
			for i, tcp := range []bool{false, true} {
				bob := phoneOf(t, bobSays, phoneConfig{codec: "PCMU/8000/1", transport: "udp", number: number + i, account: registersAt("bob", answer), registers: 60})
				bob.wantsToSay("200 OK", 10*time.Second)
				call := calls{to: room.ID, number: number + i, tcp: tcp}
				if name != "refer-refused" {
					call.password = password
				}
				s.with(t).sipp(t, call, eventSteps(t, name)).wantsSuccess(30 * time.Second)
				s.with(t).wantsParticipants(room.ID, 0, 5*time.Second)
				bob.hangsUp()
			}
		})
	}
	plays("refer-in-call", 30, "auto")
	plays("subscribe", 32, "manual")
	plays("refer-refused", 34, "manual")
}
