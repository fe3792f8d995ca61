//go:build interop

package interop

import (
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// device is what the roster says of a call.
type device struct{ Status, Disconnection, Reason string }

// wantsCallee waits until the roster says that of somebody who is called; "" is that it does not have him.
func (s *server) wantsCallee(id, user, status string, within time.Duration) (got device) {
	s.t.Helper()
	ok := until(within, func() bool {
		var in struct {
			Participants []struct {
				URI       string
				Endpoints []device
			}
		}
		s.asks("GET", "/v1/conferences/"+id+"/participants", "", http.StatusOK, &in)
		got = device{}
		for _, p := range in.Participants {
			if p.URI == user && len(p.Endpoints) > 0 {
				got = p.Endpoints[len(p.Endpoints)-1]
			}
		}
		return got.Status == status
	})
	if !ok {
		s.t.Errorf("%s is %+v, want %q", user, got, status)
	}
	return got
}

// trunked is a server that calls numbers through port 7000+number of this host, with a password.
func trunked(t *testing.T, number int, transport string) *server {
	dir := t.TempDir()
	write(t, dir, "carrier.secret", "open sesame\n")
	write(t, dir, "trunks.yaml", strings.NewReplacer("PORT", strconv.Itoa(7000+number), "TRANSPORT", transport).Replace(`trunks:
  - name: carrier
    uri: sip:`+host+`:PORT;transport=TRANSPORT
    numbers: ["+1"]
    username: focus
    realm: carrier.example
    password-file: carrier.secret
`))
	return serves(t, "--dial-out", "any", "--trunks", filepath.Join(dir, "trunks.yaml"))
}

// TestASIPpTrunk: a number is called through SIPp, which wants a password for INVITE, and with another nonce for the BYE of the server.
func TestASIPpTrunk(t *testing.T) {
	const number = "tel:+15551234"
	for i, transport := range []string{"udp", "tcp"} {
		t.Run(transport, func(t *testing.T) {
			s := trunked(t, 40+i, transport)
			room := s.makes(`{}`)
			trunk := s.plays(t, calls{number: 40 + i, tcp: transport == "tcp"}, scenarioFile(t, "trunk/called"))
			passes(500 * time.Millisecond)
			s.asks("POST", "/v1/conferences/"+room.ID+"/participants", `{"uri": "`+number+`"}`, http.StatusAccepted, nil)
			s.wantsCallee(room.ID, number, "alerting", 2*time.Second)
			s.wantsCallee(room.ID, number, "connected", 5*time.Second)
			s.asks("DELETE", "/v1/conferences/"+room.ID+"/participants/"+number, "", http.StatusNoContent, nil)
			trunk.wantsSuccess(10 * time.Second)
			s.wantsCallee(room.ID, number, "", time.Second)
			said := trunk.messages()
			if n := strings.Count(said, "\nINVITE ") + strings.Count(said, "\nBYE "); n != 4 {
				t.Errorf("%d INVITE and BYE reached the trunk, want two of each", n)
			}
		})
	}
}

// TestASIPpTrunkThatRefuses takes another password: ours is tried once.
func TestASIPpTrunkThatRefuses(t *testing.T) {
	const number = "tel:+15551234"
	s := trunked(t, 42, "udp")
	room := s.makes(`{}`)
	trunk := s.plays(t, calls{number: 42}, scenarioFile(t, "trunk/refused"))
	passes(500 * time.Millisecond)
	s.asks("POST", "/v1/conferences/"+room.ID+"/participants", `{"uri": "`+number+`"}`, http.StatusAccepted, nil)
	failed := s.wantsCallee(room.ID, number, "disconnected", 3*time.Second)
	if failed.Disconnection != "failed" || failed.Reason != "Proxy Authentication Required" {
		t.Errorf("the roster says %+v", failed)
	}
	trunk.wantsSuccess(10 * time.Second)
	s.wantsCallee(room.ID, number, "", 12*time.Second)
}
