package testenv_test

import (
	"strings"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/cluster"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
	"github.com/seed-f3cefc8c/focus/test/testenv"
)

func TestRegister(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.User("alice")
		alice := w.Phone("alice")
		w.Log("# without credentials: 401")
		alice.Registers("sip:alice@example.com", "Contact: <sip:alice@192.0.2.11>")
		alice.WantsStatus(401)
		alice.User = "alice"
		res := alice.Registers("sip:Alice@example.com", "Contact: <sip:alice@192.0.2.11>", "Supported: path, outbound, gruu")
		alice.WantsStatus(200)
		if contact := sip.HeaderValue(res, "Contact"); contact != "<sip:alice@192.0.2.11>;expires=3600" {
			w.Errorf("Contact %q", contact)
		}
		uri, _ := sip.ParseURI("sip:alice@example.com")
		found, err := w.Focus.Registrar().Lookup(w.Context(), time.Now(), uri)
		if err != nil || len(found) != 1 || found[0].Transport != "UDP" || found[0].Source.String() != "192.0.2.11:5060" || found[0].Flow == "" {
			w.Errorf("found %+v, %v", found, err)
		}
		w.Log("# it ends")
		w.Later(time.Hour)
		if found, _ := w.Focus.Registrar().Lookup(w.Context(), time.Now(), uri); len(found) != 0 {
			w.Errorf("after an hour: %+v", found)
		}
	})
}

func TestWhoMayRegisterWhom(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.User("alice")
		w.User("bob")
		if _, err := w.Store.Users.Add(w.Context(), cluster.User{Name: "root", Administrator: true}, testenv.Password); err != nil {
			w.Fatal(err)
		}
		p := w.Phone("phone")
		for _, row := range []struct {
			user, to string
			status   int
		}{
			{"alice", "sip:alice@example.com", 200},
			{"alice", "sip:alice@192.0.2.1", 200}, // our address is our domain
			{"alice", "sip:bob@example.com", 403},
			{"alice", "sip:nobody@example.com", 403}, // she does not learn who there is
			{"alice", "sip:alice@example.org", 403},
			{"root", "sip:bob@example.com", 200},
			{"root", "sip:nobody@example.com", 404},
			{"root", "sip:bob@example.org", 404},
		} {
			p.User = row.user
			p.Registers(row.to, "Contact: <sip:x@192.0.2.11>")
			p.WantsStatus(row.status)
		}
	})
}

func TestRefusedRegistrations(t *testing.T) {
	for _, row := range []struct {
		name, lines   string
		status        int
		header, value string
	}{
		{"too brief", "Contact: <sip:a@192.0.2.11>;expires=5", 423, "Min-Expires", "60"},
		{"an extension that we have not", "Require: teleportation", 420, "Unsupported", "teleportation"},
		{"* with a lifetime", "Contact: *|Expires: 60", 400, "Warning", "Contact * is alone"},
		{"a loop", "Contact: <sip:alice@example.com>", 403, "Warning", "leads back"},
		{"a proxy without outbound", `Supported: outbound|Path: <sip:p1;lr>|Contact: <sip:a@h>;+sip.instance="<urn:uuid:1>";reg-id=1`, 439, "Warning", "outbound"},
	} {
		t.Run(row.name, func(t *testing.T) {
			testenv.Run(t, func(w *testenv.World) {
				w.User("alice")
				p := w.Phone("alice")
				p.User = "alice"
				res := p.Registers("sip:alice@example.com", strings.Split(row.lines, "|")...)
				p.WantsStatus(row.status)
				if got := sip.HeaderValue(res, row.header); !strings.Contains(got, row.value) {
					w.Errorf("%s: %q, want %q in it", row.header, got, row.value)
				}
			})
		})
	}
}

func TestOutboundOverAConnection(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.User("alice")
		p := w.Phone("alice")
		p.User, p.Transport = "alice", ";transport=tcp"
		const contact = `Contact: <sip:alice@192.0.2.11;transport=tcp>;+sip.instance="<urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF>";reg-id=1`
		res := p.Registers("sip:alice@example.com", "Supported: path, outbound, gruu", contact)
		p.WantsStatus(200)
		if sip.HeaderValue(res, "Require") != "outbound" || sip.HeaderValue(res, "Flow-Timer") != "120" {
			w.Errorf("Require %q, Flow-Timer %q", sip.HeaderValue(res, "Require"), sip.HeaderValue(res, "Flow-Timer"))
		}
		got := sip.HeaderValue(res, "Contact")
		for _, part := range []string{`+sip.instance="<urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF>"`, "reg-id=1",
			`pub-gruu="sip:alice@example.com;gr=urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF"`, `temp-gruu="sip:tgruu.`} {
			if !strings.Contains(got, part) {
				w.Errorf("Contact %s, want %s in it", got, part)
			}
		}
		uri, _ := sip.ParseURI("sip:alice@example.com")
		if found, _ := w.Focus.Registrar().Lookup(w.Context(), time.Now(), uri); len(found) != 1 {
			w.Errorf("found %+v, want one", found)
		}
		w.Log("# the connection is closed: nothing can reach her until she registers again")
		p.UA.Close()
		w.Later(time.Second)
		if found, _ := w.Focus.Registrar().Lookup(w.Context(), time.Now(), uri); len(found) != 0 {
			w.Errorf("found %+v, want nothing", found)
		}
	})
}
