//go:build interop

package interop

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"net"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// scenarioFile reads one of the folder sipp.
func scenarioFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("sipp", name+".xml"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestSIPpScenarios plays every file of the folder sipp against a server, over UDP and over TCP, all at once: the session timers take a minute.
func TestSIPpScenarios(t *testing.T) {
	s := serves(t, "--digest", "md5") // SIPp reads the first challenge only
	s.hasUser("alice", "correct horse battery")
	open := s.makes(`{"admissionPolicy": "anonymous"}`)
	closed := s.makes(`{"admissionPolicy": "openAuthenticated"}`)
	files, err := filepath.Glob("sipp/*.xml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	running := map[string]*caller{}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".xml")
		for _, transport := range []string{"UDP", "TCP"} {
			// The first is a callee; the other waits for a response to come twice, and over UDP SIPp hides that.
			if name == "forked-2xx" || name == "prack-repeated" && transport == "UDP" {
				continue
			}
			call := calls{to: open.ID, number: 10 + len(running), tcp: transport == "TCP", longest: 75 * time.Second}
			if name == "replaces" {
				call.to, call.password = closed.ID, "correct horse battery"
			}
			running[name+" over "+transport] = s.plays(t, call, scenarioFile(t, name))
		}
	}
	for name, call := range running {
		t.Run(name, func(t *testing.T) { call.with(t).wantsSuccess(80 * time.Second) })
	}
	s.wantsParticipants(open.ID, 0, 5*time.Second)
	s.wantsParticipants(closed.ID, 0, 5*time.Second)
}

// TestForked2xx: our user agent calls a SIPp that answers twice.
func TestForked2xx(t *testing.T) {
	for transport, flag := range map[string]string{"udp": "u1", "tcp": "t1"} {
		t.Run(transport, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "scenario.xml", scenarioFile(t, "forked-2xx"))
			callee := &caller{process: starts(t, "sipp", dir, "sipp", "-sf", "scenario.xml", "-t", flag, "-i", host, "-mi", host, "-p", "7990", "-mp", "59000",
				"-m", "1", "-nostdin", "-timeout", "20", "-timeout_error", "-trace_err", "-error_file", "errors.log", "-trace_msg", "-message_file", "messages.log"), dir: dir}
			t.Cleanup(func() { callee.shows("errors.log", "messages.log") })
			passes(500 * time.Millisecond)
			ua := sip.New(sip.Config{Host: host})
			defer ua.Close()
			conn, err := net.ListenPacket("udp", host+":0")
			if err != nil {
				t.Fatal(err)
			}
			go ua.ServeUDP(conn)
			passes(100 * time.Millisecond)
			target, _ := sip.ParseURI("sip:callee@" + host + ":7990;transport=" + transport)
			from, _ := sip.ParseURI("sip:caller@" + host)
			d, _, err := ua.Invite(t.Context(), sip.Invitation{Target: target, From: from, Handler: silent{}, ContentType: "application/sdp", Body: []byte("v=0\r\n")})
			if err != nil {
				t.Fatal(err)
			}
			if tag := d.ID().RemoteTag; tag != "mobile" {
				t.Errorf("the winner is %s", tag)
			}
			passes(500 * time.Millisecond)
			if err := d.Bye(t.Context()); err != nil {
				t.Error(err)
			}
			callee.wantsSuccess(20 * time.Second)
		})
	}
}

// silent is a dialog handler that answers 200.
type silent struct{}

func (silent) ServeDialog(d *sip.Dialog, tx *sip.ServerTransaction) { _ = d.AcceptTx(tx, "", nil) }

func (silent) Acknowledged(*sip.Dialog, *sip.Request, error) {}
