package api

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
)

// TestCredentialsForTURN: users get some for themselves, administrators for anybody, and nobody any without TURN.
func TestCredentialsForTURN(t *testing.T) {
	now := time.Unix(1_900_000_000, 0)
	urls := []string{"stun:192.0.2.1:3478", "turn:192.0.2.1:3478?transport=udp"}
	s := &server{Config: Config{TURN: &TURN{URLs: urls, TTL: 6 * time.Hour, Issue: func(user string, until time.Time) (string, string, error) {
		if user == "bad" {
			return "", "", errors.New("no such name")
		}
		return until.UTC().Format("15:04:05") + user, "secret", nil
	}}}}
	alice, admin := principal("sip:alice@example.org", false), principal("sip:admin@example.org", true)
	for _, row := range []struct {
		who      c3p.Principal
		wanted   TURNRequest
		username string
		ttl      int
	}{
		{alice, TURNRequest{}, "23:46:40alice", 21600}, {alice, TURNRequest{TTL: 60}, "17:47:40alice", 60}, {alice, TURNRequest{TTL: 1 << 62}, "23:46:40alice", 21600},
		{admin, TURNRequest{User: "guest 7"}, "23:46:40guest 7", 21600},
	} {
		got, refusal := s.issueTURN(row.who, &row.wanted, now)
		want := &ICEServers{[]ICEServer{{urls, row.username, "secret"}}, row.ttl}
		if refusal != nil || !cmp.Equal(got, want) {
			t.Errorf("%+v: %v %v", row.wanted, refusal, cmp.Diff(want, got))
		}
	}
	for _, row := range []struct {
		who    c3p.Principal
		wanted TURNRequest
		status int
	}{
		{alice, TURNRequest{User: "bob"}, http.StatusForbidden}, {alice, TURNRequest{TTL: 59}, http.StatusBadRequest}, {alice, TURNRequest{TTL: -1}, http.StatusBadRequest},
		{admin, TURNRequest{User: "bad"}, http.StatusBadRequest},
	} {
		if _, refusal := s.issueTURN(row.who, &row.wanted, now); refusal == nil || refusal.Status != row.status {
			t.Errorf("%+v: %v, want %d", row.wanted, refusal, row.status)
		}
	}
	if _, refusal := (&server{}).issueTURN(alice, &TURNRequest{}, now); refusal == nil || refusal.Status != http.StatusNotFound {
		t.Errorf("without TURN: %v", refusal)
	}
}
