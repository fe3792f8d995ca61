//go:build interop

package interop

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

var sessionScript = regexp.MustCompile("(?s)```sh\n(conferences=.*?)```")

// TestTheREADMEsSessionCallsABaresip runs the whole conference of the README as it stands. A baresip of alice's answers by itself.
func TestTheREADMEsSessionCallsABaresip(t *testing.T) {
	s := serves(t)
	s.hasUser("alice", password)
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	script := sessionScript.FindSubmatch(readme)
	if script == nil {
		t.Fatal("README.md has no session")
	}
	alice := phoneOf(t, aliceSays, phoneConfig{codec: "opus/48000/2", transport: "udp", number: 1, account: registersAt("alice", "auto"), registers: 60})
	alice.wantsToSay("200 OK", 10*time.Second)
	shell := exec.Command("sh", "-eu", "-c", string(script[1]))
	shell.Dir = s.dir
	out, err := shell.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
	alice.wantsToSay("Call established", 5*time.Second)
	rest := string(out)
	for _, want := range []string{
		`"id":"session"`, `"dialing-out"`, `"status":"connected"`, `"muted":true`, `"role":"presenter","muted":true`, `"locked":true`,
		`"recording":"started"`, `"status":"connected"`, `{"participants":[]}`,
	} {
		_, after, found := strings.Cut(rest, want)
		if !found {
			t.Errorf("%s is not said, or in another order", want)
			continue
		}
		rest = after
	}
	alice.wantsToSay("removed from the conference", 5*time.Second)
	alice.hangsUp()
}
