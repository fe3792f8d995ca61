//go:build interop

package interop

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// iceServers is what a browser is given.
type iceServers struct {
	ICEServers []struct {
		URLs                 []string
		Username, Credential string
	}
	TTL int
}

// login is a user name and password for TURN.
type login struct{ name, password string }

func (s *server) turnLogin(body string) login {
	s.t.Helper()
	var given iceServers
	s.asks("POST", "/v1/turn", body, http.StatusOK, &given)
	if len(given.ICEServers) != 1 {
		s.t.Fatalf("got %+v", given)
	}
	return login{given.ICEServers[0].Username, given.ICEServers[0].Credential}
}

// turns serves STUN and TURN on one address, and TLS on a second one.
func turns(t *testing.T, args ...string) *server {
	t.Helper()
	return serves(t, append([]string{"--turn", host + ":3478", "--turns", host + ":443"}, args...)...)
}

// TestCoturnsClients: those of coturn ask where they are, and send each other datagrams through two relays, none of which gets lost, over UDP and
// TCP, over TLS on the same port and over TLS on port 443.
func TestCoturnsClients(t *testing.T) {
	s := turns(t)
	stun := starts(t, "stun", t.TempDir(), "turnutils_stunclient", "-p", "3478", host)
	stun.wantsToSay(`reflexive addr: `+regexp.QuoteMeta(host)+`:\d+`, 5*time.Second)
	for name, args := range map[string][]string{
		"UDP": {"-p", "3478"}, "TCP": {"-t", "-p", "3478"}, "TLS on the port for TCP": {"-t", "-S", "-p", "3478"}, "TLS on port 443": {"-t", "-S", "-p", "443"},
	} {
		t.Run(name, func(t *testing.T) {
			client := s.with(t).coturn(s.turnLogin(`{"ttl": 600}`), args...)
			if !client.endsWithin(40*time.Second) || client.exitCode() != 0 {
				t.Fatal("the client has not ended well")
			}
			client.wantsToSay(`Total lost packets 0 \(`, 0)
			client.wantsToSay(`tot_send_msgs=40, tot_recv_msgs=40`, 0)
		})
	}
}

// TestCoturnsClientIsRefused: with a wrong password, with credentials that have ended, and for a peer that relays do not speak with.
func TestCoturnsClientIsRefused(t *testing.T) {
	s := turns(t)
	good := s.turnLogin(`{"user": "guest"}`)
	ended := strconv.FormatInt(time.Now().Add(-time.Minute).Unix(), 10) + ":guest"
	for name, row := range map[string]struct {
		as   login
		args []string
		says string
	}{
		"a wrong password":     {login{good.name, good.password + "x"}, nil, "Cannot complete Allocation"},
		"ended":                {login{ended, good.password}, nil, "Cannot complete Allocation"},
		"nobody":               {login{"guest", "guest"}, nil, "Cannot complete Allocation"},
		"a peer on this host":  {good, []string{"-e", "127.0.0.1"}, "403|[Ff]orbidden"},
		"a peer in the office": {good, []string{"-e", "10.1.2.3"}, "403|[Ff]orbidden"},
	} {
		t.Run(name, func(t *testing.T) {
			client := s.with(t).coturn(row.as, append([]string{"-p", "3478"}, row.args...)...)
			client.wantsToSay(row.says, 10*time.Second)
			client.ends()
			if strings.Contains(client.says(), "tot_recv_msgs=40") {
				t.Error("datagrams were relayed")
			}
		})
	}
	s.ends()
	s.wantsToSay(`"TURN ended".* refused.unknown=[1-9]\d* refused.expired=[1-9]\d* refused.wrong=[1-9]\d* .*refused.forbidden=[1-9]`, 0)
}

// coturn starts turnutils_uclient: two clients with a relay each, who send each other 20 datagrams of 160 octets (-y), or one who sends to a peer.
func (s *server) coturn(as login, args ...string) *process {
	s.t.Helper()
	all := []string{"-u", as.name, "-w", as.password, "-L", host, "-c", "-n", "20", "-m", "2", "-l", "160", "-z", "20"}
	if !strings.Contains(strings.Join(args, " "), "-e ") {
		all = append(all, "-y")
	}
	return starts(s.t, "coturn", s.t.TempDir(), "turnutils_uclient", append(append(all, args...), host)...)
}
