package testenv_test

import (
	"strings"
	"testing"

	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/focus"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
	"github.com/seed-f3cefc8c/focus/test/testenv"
)

func trusting(t *testing.T, from bool, peers ...string) focus.Trust {
	t.Helper()
	trust := focus.Trust{From: from}
	for _, text := range peers {
		p, err := focus.ParseTrustedPeer(text)
		if err != nil {
			t.Fatal(err)
		}
		trust.Peers = append(trust.Peers, p)
	}
	return trust
}

// TestTrustedPeers: bob, who is invited, calls through something at 192.0.2.11, the address of the first phone. "If a User Agent Server
// receives a message from a previous element that it does not trust, it MUST NOT use the P-Asserted-Identity header field in any way" (RFC 3325 §8).
func TestTrustedPeers(t *testing.T) {
	const tcp, udp = ";transport=tcp", ""
	pai := func(value string) []sip.Header { return []sip.Header{sip.NewHeader("P-Asserted-Identity", value)} }
	bob := pai(`"Bob B." <sip:bob@example.com>`)
	for what, row := range map[string]struct {
		trust     focus.Trust
		transport string
		from      string
		headers   []sip.Header
		in        string // how the roster calls him; "": 401
	}{
		"a trusted address":                  {trusting(t, false, "192.0.2.11"), tcp, "sip:anybody@elsewhere.example", bob, "sip:bob@example.com"},
		"a trusted network":                  {trusting(t, false, "198.51.100.0/24", "192.0.2.0/28"), tcp, "sip:anybody@elsewhere.example", bob, "sip:bob@example.com"},
		"nobody is trusted":                  {focus.Trust{}, tcp, "sip:bob@example.com", bob, ""},
		"another address is":                 {trusting(t, true, "192.0.2.99"), tcp, "sip:bob@example.com", bob, ""},
		"a datagram can be forged":           {trusting(t, true, "192.0.2.11"), udp, "sip:bob@example.com", bob, ""},
		"unless the network forbids":         {trusting(t, false, "udp:192.0.2.11"), udp, "sip:anybody@elsewhere.example", bob, "sip:bob@example.com"},
		"a name needs a certificate":         {trusting(t, true, "proxy.example.net"), tcp, "sip:bob@example.com", bob, ""},
		"the server's address is the domain": {trusting(t, false, "192.0.2.11"), tcp, "sip:a@b.example", pai("<sip:bob@192.0.2.1:5060;user=phone>"), "sip:bob@example.com"},
		"a number":                           {trusting(t, false, "192.0.2.11"), tcp, "sip:a@b.example", pai("<tel:+1-201-555-0123>"), "tel:+12015550123"},
		"somebody who is not invited":        {trusting(t, false, "192.0.2.11"), tcp, "sip:bob@example.com", pai("<sip:eve@example.com>"), "403"},
		"no assertion: From is a claim":      {trusting(t, false, "192.0.2.11"), tcp, "sip:bob@example.com", nil, ""},
		"unless it is configured":            {trusting(t, true, "192.0.2.11"), tcp, "sip:bob@example.com", nil, "sip:bob@example.com"},
		"a broken assertion is no From":      {trusting(t, true, "192.0.2.11"), tcp, "sip:bob@example.com", pai("<sip:bob@example.com>, <sip:eve@example.com>"), ""},
		"who wants to be private is a guest": {trusting(t, true, "192.0.2.11"), tcp, "sip:bob@example.com", append(pai("<sip:bob@example.com>"), sip.NewHeader("Privacy", "id")), ""},
	} {
		t.Run(what, func(t *testing.T) {
			testenv.RunTrusting(t, row.trust, func(w *testenv.World) {
				w.Conference(room, func(d *confinfo.Description) {
					d.AdmissionPolicy, d.Invitees = confinfo.ClosedAuthenticated, []string{"sip:bob@example.com", "tel:+12015550123"}
				})
				p := w.Phone("anybody")
				p.Transport, p.From, p.Headers = row.transport, row.from, row.headers
				p.Dials(dial)
				switch row.in {
				case "":
					p.WantsRefusal(401)
				case "403":
					p.WantsRefusal(403)
				default:
					p.WantsAnswer()
					w.WantsRoster(room, row.in)
				}
			})
		})
	}
}

// The word of a peer makes nobody an administrator, and registers nobody.
func TestTrustHasItsEnd(t *testing.T) {
	testenv.RunTrusting(t, trusting(t, true, "udp:192.0.2.11"), func(w *testenv.World) {
		w.User("bob")
		p := w.Phone("gateway")
		p.From = "sip:bob@example.com;tag=1"
		p.Headers = []sip.Header{sip.NewHeader("P-Asserted-Identity", "<sip:bob@example.com>")}
		res := p.AsksOutside(sip.REGISTER, "sip:example.com", "")
		if res.StatusCode != 401 || !strings.Contains(sip.HeaderValue(res, "WWW-Authenticate"), "Digest") {
			t.Errorf("REGISTER: %d", res.StatusCode)
		}
	})
}

func TestParseTrustedPeer(t *testing.T) {
	for _, text := range []string{"192.0.2.7", "udp:192.0.2.0/24", "2001:db8::1", "2001:DB8::/32", "Proxy.example.net", "::ffff:192.0.2.7"} {
		if _, err := focus.ParseTrustedPeer(text); err != nil {
			t.Error(err)
		}
	}
	for _, text := range []string{"", "udp:", "udp:proxy.example.net", "proxy", "*.example.net", "192.0.2", "192.0.2.7:5060", "192.0.2.0/40", "sip:a@b.example"} {
		if p, err := focus.ParseTrustedPeer(text); err == nil {
			t.Errorf("%q is %+v", text, p)
		}
	}
}
