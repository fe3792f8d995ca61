//go:build interop

package interop

import (
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/test/interop/ear"
)

// What the ear says of speech that is in a recording, and of speech that is not. Two voices that speak at once have about 0.7 each,
// three 0.57; chance reaches 0.2.
const (
	heardAbove   = 0.4
	unheardBelow = 0.25
)

// hears says what of whom is in a recording.
func hears(t *testing.T, name string, recording ear.Sound, speech ear.Sound, of string, want bool) ear.Found {
	t.Helper()
	found := ear.Find(recording, speech)
	t.Logf("%s, %.1f s, %.1f dB: %s is %v", name, recording.Duration().Seconds(), recording.Level(), of, found)
	if c := found.Correlation(); want && c < heardAbove || !want && c > unheardBelow {
		t.Errorf("%s: %s is heard with %.2f, want heard: %v", name, of, c, want)
	}
	return found
}

// TestBaresipMeeting is three phones with three codecs in a conference that was made with the curl line of the README, and a fourth over
// TLS.
func TestBaresipMeeting(t *testing.T) {
	s := serves(t)
	t.Log("# somebody copies the curl line of the README")
	room := s.copiesCurlLine(t)
	uri := room.URI

	t.Log("# alice (PCMU), bob (G.722), carol (Opus) and dave (PCMA, over TLS) dial in")
	phones := []*phone{
		phoneOf(t, aliceSays, phoneConfig{codec: "PCMU/8000/1", transport: "udp", number: 1}),
		phoneOf(t, bobSays, phoneConfig{codec: "G722/16000/1", transport: "tcp", number: 2}),
		phoneOf(t, carolSays, phoneConfig{codec: "opus/48000/2", transport: "udp", number: 3}),
		phoneOf(t, daveSays, phoneConfig{codec: "PCMA/8000/1", transport: "tls", ca: s.path("ca.pem"), number: 4}),
	}
	phones[0].dials(uri)
	phones[1].dials(uri + ";transport=tcp")
	phones[2].dials(uri)
	phones[3].dials(uri + ":5061;transport=tls")
	passes(22 * time.Second)
	for _, p := range phones {
		p.hangsUp()
	}

	t.Log("# everybody has heard the others, and not themselves")
	for _, listener := range phones {
		for _, talker := range phones {
			hears(t, listener.name, listener.heard(), talker.voice.sound(t, talker.dir), talker.name, talker != listener)
		}
	}
	s.wantsParticipants(room.ID, 0, 5*time.Second)
}

var curlLine = regexp.MustCompile(`(?m)^(curl (?:.*\\\n)*.*/v1/conferences)$`)

// copiesCurlLine runs what README.md says, in the folder it says.
func (s *server) copiesCurlLine(t *testing.T) (m meeting) {
	t.Helper()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	found := curlLine.FindSubmatch(readme)
	if found == nil {
		t.Fatal("README.md has no curl line that makes a conference")
	}
	if _, err := exec.LookPath("curl"); err != nil {
		t.Log("curl is not installed: the conference is made without it")
		return s.makes(`{"admissionPolicy": "anonymous"}`)
	}
	shell := exec.Command("sh", "-c", string(found[1]))
	shell.Dir = s.dir
	out, err := shell.Output()
	if err != nil || json.Unmarshal(out, &m) != nil || m.ID == "" {
		t.Fatalf("%s\n%v: %s", found[1], err, out)
	}
	return m
}
