package registrar_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/registrar"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

const desk = `;+sip.instance="<urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF>"`

func TestOutboundHasOneBindingForEachInstanceAndRegID(t *testing.T) {
	o := open(t)
	t.Log(`# the answer requires outbound, so that the device knows`)
	res := o.takes(1, "Supported: path, outbound", "Contact: <sip:alice@192.0.2.7>"+desk+";reg-id=1")
	wants(t, "Require", res.of("Require"), []string{"outbound"})
	wants(t, "Contact", res.of("Contact"), []string{"<sip:alice@192.0.2.7>;expires=3600" + desk + ";reg-id=1"})
	o.takes(1, "Call-ID: second flow", "Supported: path, outbound", "Contact: <sip:alice@192.0.2.7>"+desk+";reg-id=2")
	wants(t, "contacts", len(o.finds(aor)), 2)
	t.Log("# the device has got a new address, and says so on its first flow")
	o.takes(1, "Call-ID: after the reboot", "Supported: path, outbound", "Contact: <sip:alice@198.51.100.9>"+desk+";reg-id=1")
	wants(t, "fetch", o.takes(9).of("Contact"), []string{
		"<sip:alice@198.51.100.9>;expires=3600" + desk + ";reg-id=1", "<sip:alice@192.0.2.7>;expires=3600" + desk + ";reg-id=2",
	})
	t.Log("# a flow that is gone takes its contacts with it")
	o.flows["flow-1"] = false
	wants(t, "contacts", o.finds(aor), []string(nil))
}

func TestOutboundNeedsTheFirstHop(t *testing.T) {
	contact := "Contact: <sip:alice@192.0.2.7>" + desk + ";reg-id=1"
	for _, row := range []struct {
		name  string
		lines []string
		err   error
		regID bool
	}{
		{"through a proxy that knows nothing", []string{"Supported: outbound", "Via: SIP/2.0/UDP p1;branch=z9hG4bK2", contact}, registrar.ErrFirstHop, false},
		{"through one that has no ob", []string{"Supported: outbound", "Path: <sip:p1;lr>", contact}, registrar.ErrFirstHop, false},
		{"through one that has", []string{"Supported: outbound", "Path: <sip:p2;lr>, <sip:p1;lr;ob>", contact}, nil, true},
		{"a device that does not support it", []string{contact}, nil, false},
		{"two contacts", []string{"Supported: outbound", contact, "Contact: <sip:b@192.0.2.8>"}, registrar.ErrMalformed, false},
	} {
		o := open(t)
		answer, err := o.tries(1, row.lines...)
		if !errors.Is(err, row.err) {
			t.Errorf("%s: %v, want %v", row.name, err, row.err)
		}
		if err == nil && strings.Contains(answer.Headers()[0].Value(), "reg-id") != row.regID {
			t.Errorf("%s: Contact %s, want reg-id: %v", row.name, answer.Headers()[0].Value(), row.regID)
		}
	}
}

func TestABrowserIsReachedOverItsConnectionOnly(t *testing.T) {
	o := open(t)
	browser := func(flow string) {
		reg, err := registrar.Read(register(t, 1, "Call-ID: "+flow, "Contact: <sip:x@"+flow+".invalid;transport=ws>"),
			registrar.Arrival{Transport: "WSS", Source: fromDesk.Source, Flow: flow})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := o.Register(t.Context(), o.now, alice, reg); err != nil {
			t.Fatal(err)
		}
	}
	t.Log("# a page that is loaded again and again: what is gone takes nobody's place")
	for i := range 30 {
		flow := "tab" + strings.Repeat("i", i)
		o.flows = map[string]bool{flow: true}
		browser(flow)
		if got := o.finds(aor); len(got) != 1 {
			t.Fatalf("%d contacts: %q, want the last page", len(got), got)
		}
	}
}

func TestGRUU(t *testing.T) {
	o := open(t)
	takes := func(cseq uint32, callID string) (pub, temp string) {
		res := o.takes(cseq, "Call-ID: "+callID, "Supported: gruu", "Contact: <sip:alice@192.0.2.7>"+desk)
		contact := res.of("Contact")[0]
		_, rest, _ := strings.Cut(contact, `;pub-gruu="`)
		pub, rest, _ = strings.Cut(rest, `"`)
		_, rest, _ = strings.Cut(rest, `;temp-gruu="`)
		temp, _, _ = strings.Cut(rest, `"`)
		return pub, temp
	}
	pub, temp := takes(1, "one")
	wants(t, "pub-gruu", pub, "sip:alice@example.com;gr=urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF")
	if strings.Contains(temp, "alice") || !strings.HasPrefix(temp, "sip:tgruu.") || !strings.HasSuffix(temp, "@example.com;gr") {
		t.Errorf("temp-gruu %q", temp)
	}
	o.takes(1, "Call-ID: mobile", "Contact: <sip:alice@192.0.2.8>")
	for _, gruu := range []string{pub, temp} {
		wants(t, "contacts of "+gruu, o.finds(gruu), []string{"sip:alice@192.0.2.7"})
	}
	t.Log("# a refresh gives another one, and both are good, after a restart as well")
	_, second := takes(2, "one")
	if second == temp {
		t.Error("the same temporary GRUU twice")
	}
	o.restart()
	for _, gruu := range []string{temp, second} {
		wants(t, "contacts of "+gruu, o.finds(gruu), []string{"sip:alice@192.0.2.7"})
	}
	t.Log("# another Call-ID ends them; the public one stays")
	_, third := takes(1, "two")
	wants(t, "contacts of an old one", o.finds(temp), []string(nil))
	wants(t, "contacts of the new one", o.finds(third), []string{"sip:alice@192.0.2.7"})
	wants(t, "contacts of the public one", o.finds(pub), []string{"sip:alice@192.0.2.7"})
	t.Log("# nobody can make one up")
	for i := range []byte(third) {
		forged := []byte(third)
		forged[i] ^= 1
		if uri, err := sip.ParseURI(string(forged)); err == nil && i >= len("sip:") && i < strings.Index(third, "@") {
			if found, err := o.Lookup(t.Context(), o.now, uri); err != nil || len(found) > 0 {
				t.Fatalf("%s: %v, %v, want nothing", forged, found, err)
			}
		}
	}
	t.Log(`# a GRUU of ours is no contact: 403`)
	if _, err := o.tries(7, "Contact: <"+pub+">"); !errors.Is(err, registrar.ErrLoop) {
		t.Errorf("a GRUU as a contact: %v, want ErrLoop", err)
	}
	o.later(2 * time.Hour)
	wants(t, "contacts after the end", o.finds(third), []string(nil))
}
