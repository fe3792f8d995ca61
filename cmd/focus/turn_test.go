package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-f3cefc8c/focus/api"
)

func TestTURNSettingsThatWillNotDo(t *testing.T) {
	for file, want := range map[string]string{
		"turn: '3478'":                               "--turn",
		"turns: 'example.com:443'":                   "--turns",
		"turn-host: 'a b'":                           "--turn-host",
		"turn-host: 'turn:a'":                        "--turn-host",
		"turn-ports: 80-90":                          "--turn-ports",
		"turn: ':3478'\nturn-ports: 39999-40010":     "ports in common",
		"turn-peers: everybody":                      "--turn-peers",
		"turn-secret: short":                         "--turn-secret",
		"turn-ttl: 59s":                              "--turn-ttl",
		"turn-ttl: 25h":                              "--turn-ttl",
		"turn-quota: 0":                              "--turn-quota",
		"turn-rate: 99":                              "--turn-rate",
		"turns: ':5349'\nmedia-ports: '50000-50999'": "ports in common",
	} {
		s, _, err := parsed(t, file)
		if err != nil {
			t.Errorf("%q: %v", file, err)
			continue
		}
		if _, err := s.options(); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "short") {
			t.Errorf("%q: got %v, want %q", file, err, want)
		}
	}
}

func TestWhatClientsAreToldOfTURN(t *testing.T) {
	const base = "media-ip: 192.0.2.10\ndomain: example.com\n"
	for file, want := range map[string][]string{
		"turn: ':3478'":                   {"stun:192.0.2.10:3478", "turn:192.0.2.10:3478?transport=udp", "turn:192.0.2.10:3478?transport=tcp", "turns:example.com:3478?transport=tcp"},
		"turn: ':3478'\nturns: ':443'":    {"stun:192.0.2.10:3478", "turn:192.0.2.10:3478?transport=udp", "turn:192.0.2.10:3478?transport=tcp", "turns:example.com:443?transport=tcp"},
		"turns: '[2001:db8::1]:443'":      {"turns:example.com:443?transport=tcp"},
		"turn: '[2001:db8::1]:3478'":      {"stun:[2001:db8::1]:3478", "turn:[2001:db8::1]:3478?transport=udp", "turn:[2001:db8::1]:3478?transport=tcp", "turns:example.com:3478?transport=tcp"},
		"turns: ':443'\nturn-host: 't.e'": {"turns:t.e:443?transport=tcp"},
		"turn: '127.0.0.1:1'\nturn-host: '2001:db8::2'\nturn-peers: 'public, 10.1.2.3/8 192.0.2.1'": {"stun:[2001:db8::2]:1", "turn:[2001:db8::2]:1?transport=udp", "turn:[2001:db8::2]:1?transport=tcp", "turns:[2001:db8::2]:1?transport=tcp"},
	} {
		s, _, err := parsed(t, base+file)
		if err != nil {
			t.Fatal(err)
		}
		o, err := s.options()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, o.turnURLs()); diff != "" {
			t.Errorf("%q (-want +got):\n%s", file, diff)
		}
		if named := strings.Contains(file, "public"); o.turn.public != named || named && (len(o.turn.networks) != 2 || o.turn.networks[0].String() != "10.0.0.0/8") {
			t.Errorf("%q: peers %v and %v", file, o.turn.public, o.turn.networks)
		}
	}
}

// TestTURNFromTheCommandLine: the server answers STUN at the address that it tells, and somebody who asks for credentials gets them; without TURN
// there are none.
func TestTURNFromTheCommandLine(t *testing.T) {
	s := newServer(t)
	port := freePorts(t, 1)[0]
	t.Setenv("FOCUS_TURN", "127.0.0.1:"+port)
	t.Setenv("FOCUS_MEDIA_PORTS", "20000-29999")
	t.Setenv("FOCUS_TURN_PORTS", "30000-30999")
	s.start()
	if !strings.Contains(s.greeting, "turn:127.0.0.1:"+port+"?transport=tcp") {
		t.Errorf("the greeting: %s", s.greeting)
	}
	var got api.ICEServers
	if err := json.Unmarshal([]byte(s.shell("bin/focus turn --json --user guest --ttl 10m")), &got); err != nil {
		t.Fatal(err)
	}
	if got.TTL != 600 || len(got.ICEServers) != 1 || !slices.Contains(got.ICEServers[0].URLs, "stun:127.0.0.1:"+port) || !strings.HasSuffix(got.ICEServers[0].Username, ":guest") {
		t.Errorf("got %+v", got)
	}
	for _, network := range []string{"udp", "tcp"} {
		if answer := binding(t, network, "127.0.0.1:"+port); answer[0] != 1 || answer[1] != 1 {
			t.Errorf("%s: %x", network, answer)
		}
	}
	s.stop()
	if !strings.Contains(s.log.String(), `"TURN ended" bindings=2`) {
		t.Errorf("the log: %s", s.log)
	}
	t.Setenv("FOCUS_TURN", "off")
	s.start()
	if told := s.shell("! bin/focus turn 2>&1"); !strings.Contains(told, "has no TURN") {
		t.Errorf("without TURN: %s", told)
	}
	if refused := s.shell(`curl -sk -o /dev/null -w '%{http_code}' https://127.0.0.1:` + s.ports[2] + `/v1/turn`); refused != "401" {
		t.Errorf("without a login: %s, want %d", refused, http.StatusUnauthorized)
	}
	s.stop()
}

// binding sends a Binding request and returns the head of the response.
func binding(t *testing.T, network, address string) []byte {
	t.Helper()
	conn, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	request := []byte{0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
	if _, err := conn.Write(request); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 1500)
	conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	n, err := io.ReadAtLeast(conn, answer, 20)
	if err != nil || !bytes.Equal(answer[4:20], request[4:]) {
		t.Fatalf("%s: %x %v", network, answer[:n], err)
	}
	return answer[:n]
}
