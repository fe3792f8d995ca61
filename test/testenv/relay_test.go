package testenv_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
	"github.com/seed-f3cefc8c/focus/test/testenv"
)

func uri(text string) sip.URI {
	parsed, _ := sip.ParseURI(text)
	return parsed
}

// heard makes a phone that answers 200, and lists what it is asked.
func heard(p *testenv.Phone) *[]string {
	list := &[]string{}
	p.Asked = func(tx *sip.ServerTransaction) {
		req := tx.Request()
		*list = append(*list, fmt.Sprintf("%s %s from %s, %s hops: %s", req.Method, req.Recipient.String(), req.From().Address.String(),
			sip.HeaderValue(req, "Max-Forwards"), req.Body()))
		_ = tx.Reply(200, sip.NewHeader("Allow", "INVITE, ACK, BYE, MESSAGE"))
	}
	return list
}

func TestRequestsForAUserFindTheTelephone(t *testing.T) {
	for _, row := range []struct{ name, transport, contact string }{
		{"where it says", "", "<sip:bob@192.0.2.12>"},
		{"behind NAT", "", "<sip:bob@10.0.0.5:5062>"},
		{"on its connection", ";transport=tcp", "<sip:bob@10.0.0.5;transport=tcp>"},
		{"a browser", ";transport=tcp", "<sip:x7@y8.invalid;transport=ws>"},
		{"by outbound", ";transport=tcp", `<sip:bob@10.0.0.5;transport=tcp;ob>;+sip.instance="<urn:uuid:1>";reg-id=1`},
	} {
		t.Run(row.name, func(t *testing.T) {
			testenv.Run(t, func(w *testenv.World) {
				w.User("alice")
				w.User("bob")
				alice, bob := w.Phone("alice"), w.Phone("bob")
				alice.User, bob.User, bob.Transport = "alice", "bob", row.transport
				bob.Registers("sip:bob@example.com", "Supported: outbound, path", "Contact: "+row.contact)
				bob.WantsStatus(200)
				asked := heard(bob)
				target := uri("sip:bob@example.com")
				alice.Sends(sip.MESSAGE, target, target, "hello")
				alice.WantsStatus(200)
				contact, _, _ := strings.Cut(strings.TrimPrefix(row.contact, "<"), ">")
				want := []string{"MESSAGE " + contact + " from sip:alice@example.com, 69 hops: hello"}
				if fmt.Sprint(*asked) != fmt.Sprint(want) {
					w.Errorf("bob was asked %q, want %q", *asked, want)
				}
			})
		})
	}
}

func TestRequestsForAUserAreForUsers(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.User("alice")
		w.User("bob")
		w.Conference(room)
		p, bob := w.Phone("alice"), w.Phone("bob")
		bob.User = "bob"
		asked := heard(bob)
		bob.Registers("sip:bob@example.com", "Contact: <sip:bob@192.0.2.12>")
		for _, row := range []struct {
			user   string
			method sip.Method
			to     string
			hops   string
			status int
		}{
			{"", sip.MESSAGE, "sip:bob@example.com", "70", 401},
			{"alice", sip.MESSAGE, "sip:nobody@example.com", "70", 404},
			{"alice", sip.MESSAGE, dial, "70", 404},
			{"alice", sip.MESSAGE, "sip:bob@example.org", "70", 404},
			{"alice", sip.MESSAGE, "sip:alice@example.com", "70", 480}, // not registered
			{"alice", sip.MESSAGE, "sip:bob@example.com", "0", 483},
			{"", sip.OPTIONS, "sip:bob@example.com", "70", 200}, // ours, whoever that is
			{"", sip.OPTIONS, "sip:nobody@example.com", "70", 200},
		} {
			p.User = row.user
			p.Sends(row.method, uri(row.to), uri(row.to), "Max-Forwards: "+row.hops)
			t.Logf("# %s %s by %q", row.method, row.to, row.user)
			p.WantsStatus(row.status)
		}
		if len(*asked) != 0 {
			w.Errorf("bob was asked %q, want nothing", *asked)
		}
	})
}

func TestTheNextContactIsTriedWhenOneDoesNotAnswer(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.User("alice")
		w.User("bob")
		alice, bob := w.Phone("alice"), w.Phone("bob")
		alice.User, bob.User = "alice", "bob"
		asked := heard(bob)
		bob.Registers("sip:bob@example.com", "Contact: <sip:gone@192.0.2.99;transport=tcp>, <sip:silent@192.0.2.98>;q=0.9, <sip:bob@192.0.2.12>;q=0.5")
		bob.WantsStatus(200)
		began := time.Now()
		alice.Sends(sip.MESSAGE, uri("sip:bob@example.com"), uri("sip:bob@example.com"), "hello")
		alice.WantsStatus(200)
		if took := time.Since(began); took != 8*time.Second || len(*asked) != 1 {
			w.Errorf("after %v bob was asked %q, want once, after 8 s", took, *asked)
		}
	})
}

func TestUsersCannotBeCalledYet(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.User("alice")
		w.User("bob")
		p := w.Phone("alice")
		p.User, p.From = "alice", "sip:alice@example.com"
		p.Dials("sip:bob@example.com")
		p.WantsRefusal(404)
		p.Dials("sip:nobody@example.com")
		p.WantsRefusal(404)
		w.Log("# a stranger does not learn who there is")
		p.User, p.From = "", "sip:mallory@elsewhere.example"
		p.Dials("sip:bob@example.com")
		p.WantsRefusal(404)
	})
}
