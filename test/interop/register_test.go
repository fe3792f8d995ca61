//go:build interop

package interop

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const secret = "correct-horse-battery"

// registered is a telephone of a user, as the server shows it.
type registered struct {
	Contact, Transport, Source, UserAgent, Instance string
	Q                                               float64
	Since, Expires                                  time.Time
}

// telephones are those of a user.
func (s *server) telephones(user string) []registered {
	s.t.Helper()
	var list struct{ Bindings []registered }
	s.asks("GET", "/v1/users/"+user+"/bindings", "", 200, &list)
	return list.Bindings
}

// wantsTelephones waits until so many have registered.
func (s *server) wantsTelephones(user string, want int, within time.Duration) []registered {
	s.t.Helper()
	var got []registered
	if !until(within, func() bool { got = s.telephones(user); return len(got) == want }) {
		s.t.Fatalf("%d telephones after %v, want %d: %+v", len(got), within, want, got)
	}
	return got
}

// registering is a REGISTER of SIPp's; a line is one more header.
func registering(cseq int, lines ...string) string {
	return fmt.Sprintf(`<send retrans="500"><![CDATA[
REGISTER sip:[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:alice@[remote_ip]>;tag=[pid]t[call_number]
To: <sip:alice@[remote_ip]>
Call-ID: [call_id]
CSeq: %d REGISTER
Max-Forwards: 70
%s
Content-Length: 0

]]></send>`, cseq, strings.Join(lines, "\n"))
}

// messaging is a MESSAGE of SIPp's.
func messaging(cseq int, credentials string) string {
	message := strings.Replace(request("MESSAGE", cseq, "", "good morning"), "application/sdp", "text/plain", 1)
	if credentials != "" {
		credentials += "\n"
	}
	return strings.Replace(message, "Max-Forwards", credentials+"Max-Forwards", 1)
}

const (
	askedForPassword = `<recv response="401" auth="true"/>`
	contact          = "Contact: <sip:alice@[local_ip]:[local_port];transport=[transport]>"
)

// confirmed wants a 200 whose text matches.
func confirmed(pattern string) string {
	return fmt.Sprintf(`<recv response="200"><action><ereg regexp="%s" search_in="msg" check_it="true" assign_to="1"/></action></recv>
<Reference variables="1"/>`, pattern)
}

// TestSIPpRegisters is RFC 3261 §10 from outside: challenge, binding, fetch, refresh, too brief, out of order, removal.
func TestSIPpRegisters(t *testing.T) {
	s := serves(t, "--digest", "md5")
	s.hasUser("alice", secret)
	for i, tcp := range []bool{false, true} {
		name := "UDP"
		if tcp {
			name = "TCP"
		}
		t.Run(name, func(t *testing.T) {
			s := s.with(t)
			p := s.sipp(t, calls{to: "alice", number: 1 + i, password: secret, tcp: tcp},
				registering(1, contact), askedForPassword,
				registering(2, contact, "Expires: 300", "[authentication]"), confirmed("expires=(300|299)"),
				registering(3, "[authentication]"), confirmed("Contact: &lt;sip:alice@.*expires="),
				registering(4, contact+";expires=10", "[authentication]"), `<recv response="423"/>`,
				registering(5, contact+";expires=600;q=0.3", "[authentication]"), confirmed("q=0.3"),
				registering(5, contact, "[authentication]"), `<recv response="500"/>`,
				pause(time.Second),
				registering(6, "Contact: *", "Expires: 0", "[authentication]"), `<recv response="200"/>`)
			got := s.wantsTelephones("alice", 1, 5*time.Second)[0]
			if got.Transport != name || !strings.HasPrefix(got.Contact, "sip:alice@") {
				t.Errorf("got %+v, want one over %s", got, name)
			}
			p.wantsSuccess(20 * time.Second)
			s.wantsTelephones("alice", 0, time.Second)
		})
	}
}

// TestBaresipRegisters: over each transport, through a kill -9 of the server, until it unregisters when it is switched off.
func TestBaresipRegisters(t *testing.T) {
	s := serves(t, "--digest", "md5") // SIPp's, for the messages
	s.hasUser("alice", secret)
	account := ";auth_user=alice;auth_pass=" + secret
	for i, transport := range []string{"udp", "tcp", "tls"} {
		t.Run(transport, func(t *testing.T) {
			s := s.with(t)
			alice := phoneOf(t, aliceSays, phoneConfig{
				codec: "PCMU/8000/1", transport: transport, ca: s.path("ca.pem"), number: 1 + i, registers: 120, account: account,
			})
			alice.wantsToSay("200 OK", 10*time.Second)
			got := s.wantsTelephones("alice", 1, 5*time.Second)[0]
			t.Logf("%+v", got)
			if got.Transport != strings.ToUpper(transport) || !strings.HasPrefix(got.UserAgent, "baresip") || got.Expires.Sub(time.Now()) > 121*time.Second {
				t.Errorf("got %+v, want a baresip over %s", got, transport)
			}
			messages := []string{messaging(1, ""), askedForPassword, messaging(2, "[authentication]"), `<recv response="200"/>`}
			s.sipp(t, calls{to: "alice", number: 10 + i, password: secret}, messages...).wantsSuccess(10 * time.Second)
			alice.wantsToSay("good morning", 5*time.Second)
			alice.hangsUp()
			s.wantsTelephones("alice", 0, 5*time.Second)
		})
	}
	t.Run("outbound and kill -9", func(t *testing.T) {
		alice := phoneOf(t, aliceSays, phoneConfig{codec: "PCMU/8000/1", transport: "udp", number: 5, registers: 120, account: account + ";sipnat=outbound;outbound=\"sip:" + host + "\""})
		alice.wantsToSay("200 OK", 10*time.Second)
		before := s.wantsTelephones("alice", 1, 5*time.Second)[0]
		if !strings.HasPrefix(before.Instance, "urn:uuid:") {
			t.Errorf("got %+v, want an instance", before)
		}
		s.kills()
		s.starts(t)
		after := s.with(t).wantsTelephones("alice", 1, time.Second)[0]
		if after.Contact != before.Contact || after.Instance != before.Instance || after.Expires.Before(before.Expires) {
			t.Errorf("before the crash %+v, after it %+v", before, after)
		}
		alice.hangsUp()
		s.with(t).wantsTelephones("alice", 0, 5*time.Second)
	})
}
