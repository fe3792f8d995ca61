//go:build interop

package interop

import (
	"testing"
	"time"
)

// TestBaresipPassword is a conference for users: who knows the password is in, who does not is refused.
func TestBaresipPassword(t *testing.T) {
	s := serves(t)
	s.hasUser("alice", "correct-horse-battery")
	room := s.makes(`{"admissionPolicy": "openAuthenticated"}`)
	uri := "sip:" + room.ID + "@" + s.sip()

	alice := phoneOf(t, aliceSays, phoneConfig{codec: "PCMU/8000/1", transport: "udp", number: 1, account: ";auth_user=alice;auth_pass=correct-horse-battery"})
	alice.dials(uri)
	s.wantsParticipants(room.ID, 1, 3*time.Second)

	mallory := phoneOf(t, daveSays, phoneConfig{codec: "PCMU/8000/1", transport: "udp", number: 2, account: ";auth_user=alice;auth_pass=guess"})
	mallory.types("/dial " + uri)
	mallory.wantsToSay("session closed: 40[13] ", 10*time.Second)
	s.wantsParticipants(room.ID, 1, time.Second)
	alice.hangsUp()
	mallory.hangsUp()
	s.wantsParticipants(room.ID, 0, 5*time.Second)
}
