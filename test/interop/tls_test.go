//go:build interop

package interop

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestOverTLS is a telephone by liblinphone and one by baresip over TLS alone, both with passwords and with the server's authority: they register, call
// a conference of users, hold the call and take it up again, hear each other, and hang up.
func TestOverTLS(t *testing.T) {
	const password = "correct-horse-battery"
	s := serves(t, "--sip", "off")
	s.hasUser("alice", password)
	s.hasUser("bob", password)
	room := s.makes(`{"admissionPolicy": "openAuthenticated"}`)
	uri := "sip:" + room.ID + "@" + host + ":5061;transport=tls"

	t.Log("# both register")
	bob := phoneOf(t, bobSays, phoneConfig{codec: "PCMU/8000/1", transport: "tls", ca: s.path("ca.pem"), number: 1, registers: 60,
		account: ";auth_user=bob;auth_pass=" + password})
	bob.wantsToSay("200 OK", 10*time.Second)
	alice := linphoneOf(t, aliceSays, password, s.path("ca.pem"))

	t.Log("# both call; alice holds the call for a moment, and at the end bob does")
	bob.dials(uri)
	alice.dials(uri)
	s.wantsParticipants(room.ID, 2, 3*time.Second)
	alice.wantsInItsLog("NOTIFY received for conference", 5*time.Second) // our Contact has isfocus, and so it subscribes to the roster
	alice.wantsInItsLog(`<user entity="sip:bob@`, time.Second)
	alice.types("pause")
	passes(time.Second)
	s.wantsParticipants(room.ID, 2, time.Second)
	alice.types("resume")
	passes(14 * time.Second)
	bob.types("/hold") // its recording ends with that
	passes(2 * time.Second)
	bob.types("/resume")
	passes(time.Second)
	s.wantsParticipants(room.ID, 2, time.Second)
	alice.hangsUp()
	s.wantsParticipants(room.ID, 1, 5*time.Second)
	bob.hangsUp()
	s.wantsParticipants(room.ID, 0, 5*time.Second)
	hears(t, "bob", bob.heard(), aliceSays.sound(t, alice.dir), "alice", true)
	hears(t, "alice", alice.heard(), bobSays.sound(t, bob.dir), "bob", true)
}

// TestOpenSSL looks at the server as somebody does who audits it.
func TestOpenSSL(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed (make interop does that)")
	}
	peers := t.TempDir()
	run(t, "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=proxy.example.net", "-addext", "extendedKeyUsage=clientAuth",
		"-keyout", filepath.Join(peers, "key.pem"), "-out", filepath.Join(peers, "cert.pem"))
	s := serves(t, "--tls-client-ca", filepath.Join(peers, "cert.pem"))
	for what, row := range map[string]struct {
		args []string
		good bool
	}{
		"TLS 1.3":              {[]string{"-tls1_3"}, true},
		"TLS 1.2":              {[]string{"-tls1_2"}, true},
		"TLS 1.1":              {[]string{"-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"}, false},
		"a peer's certificate": {[]string{"-tls1_2", "-cert", filepath.Join(peers, "cert.pem"), "-key", filepath.Join(peers, "key.pem")}, true},
		"somebody else's":      {[]string{"-tls1_2", "-cert", s.path("cert.pem"), "-key", s.path("key.pem")}, false},
	} {
		client := exec.Command("openssl", append([]string{"s_client", "-connect", host + ":5061", "-CAfile", s.path("ca.pem"), "-verify_ip", host,
			"-verify_return_error", "-brief"}, row.args...)...)
		client.Stdin = strings.NewReader("\r\n\r\n")
		out, err := client.CombinedOutput()
		if (err == nil) != row.good {
			t.Errorf("%s: %v, want good: %v\n%s", what, err, row.good, out)
		}
	}
}
