package testenv_test

import (
	"strings"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/cluster"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/focus"
	"github.com/seed-f3cefc8c/focus/test/testenv"
)

const aliceURI = "sip:alice@example.com"

// registers gives the password of a user in a REGISTER for somebody, and never again.
func registers(p *testenv.Phone, user, aor string) {
	p.User, p.From = user, aor
	p.Registers(aor, "Contact: <sip:"+p.Name+"@"+p.Host+p.Transport+">;expires=60")
	p.WantsStatus(200)
	p.User, p.From = "", aliceURI
}

// TestRegisteredOnAConnection: alice is invited. Her telephone gives her password when it registers, and then calls without one.
func TestRegisteredOnAConnection(t *testing.T) {
	const in, out = 200, 401
	tls := func(w *testenv.World, p *testenv.Phone) {
		w.ServesTLS()
		p.Server, p.Transport = testenv.SecureAddress, ";transport=tls"
	}
	tcp := func(_ *testenv.World, p *testenv.Phone) { p.Transport = ";transport=tcp" }
	udp := func(*testenv.World, *testenv.Phone) {}
	alice := func(_ *testenv.World, p *testenv.Phone) { registers(p, "alice", aliceURI) }
	for what, row := range map[string]struct {
		identity focus.ConnectionIdentity
		way      func(*testenv.World, *testenv.Phone)
		before   func(*testenv.World, *testenv.Phone)
		want     int
	}{
		"TLS":                         {"", tls, alice, in},
		"TCP":                         {"", tcp, alice, out},
		"TCP, where it is configured": {focus.IdentityOfTCP, tcp, alice, in},
		"TLS then too":                {focus.IdentityOfTCP, tls, alice, in},
		"UDP, never":                  {focus.IdentityOfTCP, udp, alice, out},
		"switched off":                {focus.IdentityOfNone, tls, alice, out},
		"our address for the domain": {"", tls, func(w *testenv.World, p *testenv.Phone) {
			alice(w, p)
			p.From = "sip:Alice@192.0.2.1"
		}, in},

		"not registered": {"", tls, func(*testenv.World, *testenv.Phone) {}, out},
		"the From of another user": {"", tls, func(w *testenv.World, p *testenv.Phone) {
			alice(w, p)
			p.From = "sip:bob@example.com"
		}, out},
		"the same name elsewhere": {"", tls, func(w *testenv.World, p *testenv.Phone) {
			alice(w, p)
			p.From = "sip:alice@elsewhere.example"
		}, out},
		"another connection from the same place": {"", tls, func(w *testenv.World, p *testenv.Phone) {
			alice(w, p)
			p.LosesConnection()
		}, out},
		"the registration has expired": {"", tls, func(w *testenv.World, p *testenv.Phone) {
			alice(w, p)
			w.Later(61 * time.Second)
		}, out},
		"it was refreshed": {"", tls, func(w *testenv.World, p *testenv.Phone) {
			alice(w, p)
			w.Later(50 * time.Second)
			alice(w, p)
			w.Later(50 * time.Second)
		}, in},
		"unregistered": {"", tls, func(w *testenv.World, p *testenv.Phone) {
			alice(w, p)
			p.User = "alice"
			p.Registers(aliceURI, "Contact: *", "Expires: 0")
			p.WantsStatus(200)
			p.User = ""
		}, out},
		"her contact has gone to another connection": {"", tls, func(w *testenv.World, p *testenv.Phone) {
			alice(w, p)
			thief := w.Phone("thief")
			thief.Server, thief.Transport, thief.Name, thief.Host = p.Server, p.Transport, p.Name, p.Host
			alice(w, thief)
		}, out},
		"an administrator has removed the contact": {"", tls, func(w *testenv.World, p *testenv.Phone) {
			alice(w, p)
			if n, err := w.Focus.Registrar().RemoveOf(w.Context(), time.Now(), "alice", ""); n != 1 || err != nil {
				w.Errorf("%d contacts removed, %v", n, err)
			}
		}, out},
		"there is no such user any more": {"", tls, func(w *testenv.World, p *testenv.Phone) {
			alice(w, p)
			if err := w.Store.Users.Remove(w.Context(), "alice"); err != nil {
				w.Error(err)
			}
		}, out},

		"two users on one connection": {"", tls, func(w *testenv.World, p *testenv.Phone) {
			alice(w, p)
			registers(p, "bob", "sip:bob@example.com")
		}, out},
		"an administrator has registered her there": {"", tls, func(w *testenv.World, p *testenv.Phone) {
			registers(p, "root", aliceURI)
		}, out},
	} {
		t.Run(what, func(t *testing.T) {
			testenv.RunConfigured(t, func(c *focus.Config) { c.ConnectionIdentity = row.identity }, func(w *testenv.World) {
				w.Conference(room, func(d *confinfo.Description) {
					d.AdmissionPolicy, d.Invitees = confinfo.ClosedAuthenticated, []string{aliceURI}
				})
				w.User("alice")
				w.User("bob")
				if _, err := w.Store.Users.Add(w.Context(), cluster.User{Name: "root", Administrator: true}, testenv.Password); err != nil {
					w.Fatal(err)
				}
				p := w.Phone("phone")
				p.From = aliceURI
				row.way(w, p)
				row.before(w, p)
				p.Dials(dial)
				if row.want == out {
					p.WantsRefusal(out)
					return
				}
				p.WantsAnswer()
				w.WantsRoster(room, aliceURI)
			})
		})
	}
}

// oliviaRegisters is what SIPE sends, with more Vias below its own.
func oliviaRegisters(vias string) string {
	return strings.ReplaceAll(`REGISTER sip:example.com SIP/2.0
Via: SIP/2.0/tls 192.0.2.99:50123;branch=z9hG4bKregister
`+vias+`From: <sip:olivia@example.com>;tag=r;epid=cf0b98dadeb9
To: <sip:olivia@example.com>
Max-Forwards: 70
CSeq: 1 REGISTER
User-Agent: Purple/2.14.12 Sipe/1.25.0 (linux-x86_64)
Call-ID: registration
Contact: <sip:192.0.2.99:50123;transport=tls>;+sip.instance="<urn:uuid:b7878522-d7fe-5c33-b30d-265f6618ae78>"
Supported: gruu-10, adhoclist, msrtc-event-categories
Content-Length: 0

`, "\n", "\r\n")
}

// TestAProxyLendsNobodyToOthers: a proxy writes a Via above those of its clients, whose From it does not look at.
func TestAProxyLendsNobodyToOthers(t *testing.T) {
	const proxied = "Via: SIP/2.0/TLS 10.0.0.7:5061;branch=z9hG4bKbehindtheproxy\n"
	for what, row := range map[string]struct {
		trust               focus.Trust
		registers, requests string // Vias below the first
		want                int
	}{
		"SIPE, straight to us":                     {focus.Trust{}, "", "", 200},
		"both through a proxy":                     {focus.Trust{}, proxied, proxied, 407},
		"a registration through a proxy":           {focus.Trust{}, proxied, "", 407},
		"somebody behind the program":              {focus.Trust{}, "", proxied, 407},
		"two Vias on one line":                     {focus.Trust{}, "", strings.Replace(proxied, "Via: ", "v: SIP/2.0/TLS 10.0.0.9;branch=z9hG4bKanother, ", 1), 407},
		"a trusted peer is a proxy, if an odd one": {trusting(t, false, "192.0.2.99"), "", "", 407},
	} {
		t.Run(what, func(t *testing.T) {
			testenv.RunTrusting(t, row.trust, func(w *testenv.World) {
				w.Conference(room, open)
				w.User("olivia")
				w.ServesTLS()
				c := w.ReplayTo(testenv.SecureAddress, "192.0.2.99:50123")
				if answer := c.Sends(oliviaRegisters(row.registers)); answer.Code() != 200 {
					w.Fatalf("REGISTER: %s", answer)
				}
				c.Pass = "another"
				if answer := c.Sends(sipeSubscribe("first", row.requests)); answer.Code() != row.want {
					w.Errorf("SUBSCRIBE: %s, want %d", answer.Start, row.want)
				}
			})
		})
	}
}

// A connection proves nothing for REGISTER: the password is asked for again before a registration, and with it the identity, goes on.
func TestAConnectionDoesNotRegister(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.User("alice")
		w.ServesTLS()
		p := w.Phone("phone")
		p.Server, p.Transport = testenv.SecureAddress, ";transport=tls"
		registers(p, "alice", aliceURI)
		p.Registers(aliceURI, "Contact: <sip:phone@"+p.Host+";transport=tls>;expires=3600")
		p.WantsStatus(401)
	})
}

// What a user may do is the same by password and by connection.
func TestAConnectionGivesNoRights(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room, func(d *confinfo.Description) { d.AdmissionPolicy = confinfo.ClosedAuthenticated })
		w.User("alice")
		w.ServesTLS()
		p := w.Phone("phone")
		p.Server, p.Transport = testenv.SecureAddress, ";transport=tls"
		registers(p, "alice", aliceURI)
		p.Dials(dial)
		p.WantsRefusal(403)
	})
}
