package registrar_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seed-f3cefc8c/focus/pkg/registrar"
)

type ctx = context.Context

const aor = "sip:alice@example.com"

func wants(t testing.TB, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got, cmpopts.EquateComparable(netip.AddrPort{})); d != "" {
		t.Errorf("%s:\n%s", what, d)
	}
}

func TestRegisterRefreshAndExpire(t *testing.T) {
	o := open(t)
	t.Log(`# "Each Contact value MUST feature an "expires" parameter indicating its expiration interval"; the default is ours`)
	res := o.takes(1, "Contact: <sip:alice@192.0.2.7>")
	wants(t, "Contact", res.of("Contact"), []string{"<sip:alice@192.0.2.7>;expires=3600"})
	wants(t, "Date", res.of("Date"), []string{"Sat, 21 Nov 2026 12:00:00 GMT"})
	t.Log(`# a refresh; a fetch says what remains`)
	o.later(30 * time.Minute)
	o.takes(2, "Contact: <sip:alice@192.0.2.7>", "Expires: 600")
	o.later(100 * time.Second)
	wants(t, "fetch", o.takes(3).of("Contact"), []string{"<sip:alice@192.0.2.7>;expires=500"})
	wants(t, "contacts", o.finds(aor), []string{"sip:alice@192.0.2.7"})
	o.later(500 * time.Second)
	wants(t, "contacts after the end", o.finds(aor), []string(nil))
	wants(t, "fetch after the end", o.takes(4).of("Contact"), []string(nil))
}

func TestSeveralContactsByPreference(t *testing.T) {
	o := open(t)
	o.takes(1, `Contact: <sip:a@192.0.2.1>;q=0.5, "Alice, mobile" <sip:b@192.0.2.2;transport=tcp>;q=1.0;expires=120`, "Contact: sip:c@192.0.2.3;q=0.7")
	wants(t, "contacts", o.finds(aor), []string{"sip:b@192.0.2.2;transport=tcp", "sip:c@192.0.2.3", "sip:a@192.0.2.1"})
	wants(t, "fetch", o.takes(2).of("Contact"), []string{
		"<sip:a@192.0.2.1>;expires=3600;q=0.5", "<sip:b@192.0.2.2;transport=tcp>;expires=120", "<sip:c@192.0.2.3>;expires=3600;q=0.7",
	})
	o.later(2 * time.Minute)
	wants(t, "contacts", o.finds(aor), []string{"sip:c@192.0.2.3", "sip:a@192.0.2.1"})
	t.Log(`# "the registrar then searches the list of current bindings using the URI comparison rules"; expires=0 removes`)
	o.takes(3, "Contact: <sip:%63@192.0.2.3>;expires=0")
	wants(t, "contacts", o.finds(aor), []string{"sip:a@192.0.2.1"})
	t.Log("# another user is another user")
	wants(t, "contacts of bob", o.finds("sip:bob@example.com"), []string(nil))
}

func TestRemoveAll(t *testing.T) {
	for _, lines := range [][]string{
		{"Contact: *"}, {"Contact: *", "Expires: 60"}, {"Contact: *", "Contact: <sip:a@192.0.2.1>", "Expires: 0"}, {"Contact: *", "Expires: 0x"},
	} {
		o := open(t)
		o.takes(1, "Contact: <sip:a@192.0.2.1>")
		t.Log(`# "if the request has additional Contact fields or an expiration time other than zero, the request is invalid": 400`)
		if _, err := o.tries(2, lines...); !errors.Is(err, registrar.ErrMalformed) {
			t.Errorf("%q: %v, want ErrMalformed", lines, err)
		}
		wants(t, "contacts", o.finds(aor), []string{"sip:a@192.0.2.1"})
		wants(t, "answer", o.takes(3, "Contact: *", "Expires: 0").of("Contact"), []string(nil))
		wants(t, "contacts", o.finds(aor), []string(nil))
	}
}

func TestOrderOfCallIDAndCSeq(t *testing.T) {
	o := open(t)
	o.takes(5, "Contact: <sip:a@192.0.2.1>, <sip:b@192.0.2.2>")
	t.Log(`# "If they are the same, the registrar compares the CSeq value. If the value is higher ..., it MUST update or remove the binding"`)
	t.Log(`# "If not, the update MUST be aborted and the request fails", all of it`)
	for _, lines := range [][]string{
		{"Contact: <sip:a@192.0.2.1>;expires=0"},
		{"Contact: <sip:c@192.0.2.3>, <sip:b@192.0.2.2>;expires=0"},
		{"Contact: *", "Expires: 0"},
	} {
		for _, cseq := range []uint32{4, 5} {
			if _, err := o.tries(cseq, lines...); !errors.Is(err, registrar.ErrOutOfOrder) {
				t.Errorf("CSeq %d after 5, %q: %v, want ErrOutOfOrder", cseq, lines, err)
			}
		}
	}
	wants(t, "contacts", len(o.finds(aor)), 2)
	t.Log(`# "If the Call-ID value in the existing binding differs ..., the binding MUST be removed if the expiration time is zero"`)
	o.takes(1, "Call-ID: mobile", "Contact: <sip:a@192.0.2.1>;expires=0")
	wants(t, "contacts", o.finds(aor), []string{"sip:b@192.0.2.2"})
	t.Log(`# one contact twice in one request: the last counts`)
	o.takes(6, "Contact: <sip:b@192.0.2.2>;expires=0, <sip:b@192.0.2.2>;expires=90")
	wants(t, "fetch", o.takes(7).of("Contact"), []string{"<sip:b@192.0.2.2>;expires=90"})
}

func TestLifetimes(t *testing.T) {
	for _, row := range []struct {
		lines []string
		want  string // "": refused as too brief
	}{
		{[]string{"Contact: <sip:a@h>;expires=59"}, ""},
		{[]string{"Contact: <sip:a@h>", "Expires: 1"}, ""},
		{[]string{"Contact: <sip:a@h>;expires=60"}, "60"},
		{[]string{"Contact: <sip:a@h>;expires=90", "Expires: 10"}, "90"}, // the parameter is the nearer one
		{[]string{"Contact: <sip:a@h>;expires=999999"}, "7200"},
		{[]string{"Contact: <sip:a@h>;expires=99999999999999999999999"}, "7200"}, // §20.19: 2**32-1
		{[]string{"Contact: <sip:a@h>;expires=soon"}, "3600"},                    // §20.10: "Malformed values SHOULD be treated as equivalent to 3600"
		{[]string{"Contact: <sip:a@h>", "Expires: -5"}, "3600"},
	} {
		answer, err := open(t).tries(1, row.lines...)
		var brief *registrar.BriefError
		switch {
		case row.want == "" && (!errors.As(err, &brief) || brief.Min != time.Minute):
			t.Errorf("%q: %v, want 423 with 60", row.lines, err)
		case row.want == "":
		case err != nil:
			t.Errorf("%q: %v", row.lines, err)
		default:
			wants(t, fmt.Sprint(row.lines), answer.Headers()[0].Value(), "<sip:a@h>;expires="+row.want)
		}
	}
}

func TestBounds(t *testing.T) {
	o := open(t)
	for i := range 10 {
		o.takes(1, fmt.Sprintf("Contact: <sip:a@192.0.2.%d>", i), fmt.Sprintf("Call-ID: %d", i))
	}
	if _, err := o.tries(2, "Contact: <sip:eleven@192.0.2.1>"); !errors.Is(err, registrar.ErrTooMany) {
		t.Errorf("eleven contacts: %v, want ErrTooMany", err)
	}
	o.takes(3, "Contact: <sip:a@192.0.2.3>;expires=0, <sip:eleven@192.0.2.1>")
	long := strings.Repeat("x", 1100)
	for _, lines := range [][]string{
		{"Contact: <sip:" + long + "@192.0.2.1>"},
		{"Contact: <sip:a@192.0.2.1>", "Call-ID: " + long},
		{"Contact: <sip:a@192.0.2.1>", "Path: <sip:" + long + ";lr>"},
		{"Contact: <sip:a@192.0.2.1>", "Path: sip:no-brackets"},
		{"Contact: <sip:a@192.0.2.1>", strings.TrimSuffix("Path: "+strings.Repeat("<sip:p;lr>,", 9), ",")},
		{strings.TrimSuffix("Contact: "+strings.Repeat("<sip:a@h>;expires=0,", 33), ",")},
		{`Contact: <sip:a@h>;+sip.instance="` + long + `"`},
		{`Contact: <sip:a@h>;+sip.instance="no brackets"`},
		{`Contact: <sip:a@h>;reg-id=0`},
		{`Contact: <sip:a@h>;q=2`},
	} {
		if _, err := o.tries(9, lines...); !errors.Is(err, registrar.ErrMalformed) {
			t.Errorf("%.80q: %v, want ErrMalformed", lines, err)
		}
	}
	if _, err := o.tries(9, "Contact: <sip:alice@example.com>"); !errors.Is(err, registrar.ErrLoop) {
		t.Errorf("the address-of-record as its own contact: %v, want ErrLoop", err)
	}
}

func TestPathIsKeptAndReturned(t *testing.T) {
	o := open(t)
	res := o.takes(1, "Contact: <sip:a@192.0.2.1>", "Path: <sip:p2.example.net;lr>, <sip:p1.example.net;lr;ob>", "Supported: path")
	t.Log(`# the values of Path are in the 200`)
	wants(t, "Path", res.of("Path"), []string{"<sip:p2.example.net;lr>", "<sip:p1.example.net;lr;ob>"})
	bindings, err := o.Lookup(t.Context(), o.now, alice)
	if err != nil || len(bindings) != 1 {
		t.Fatal(bindings, err)
	}
	wants(t, "route", bindings[0].Path, []string{"<sip:p2.example.net;lr>", "<sip:p1.example.net;lr;ob>"})
}

func TestWhatWasAnsweredSurvives(t *testing.T) {
	o := open(t)
	o.takes(1, `Contact: <sip:a@192.0.2.1>;q=0.3;audio;+sip.instance="<urn:uuid:1>"`, "Path: <sip:p1.example.net;lr>")
	o.later(59 * time.Minute)
	o.takes(2, `Contact: <sip:a@192.0.2.1>;q=0.3;audio;+sip.instance="<urn:uuid:1>"`, "Path: <sip:p1.example.net;lr>")
	wants(t, "writes: the second of two refreshes is vouched for by the first", o.saves, 1)
	before, _ := o.Lookup(t.Context(), o.now, alice)
	o.restart()
	after, _ := o.Lookup(t.Context(), o.now, alice)
	if after[0].Expires.Before(before[0].Expires) {
		t.Errorf("after the restart it ends at %v, was promised until %v", after[0].Expires, before[0].Expires)
	}
	before[0].Expires, before[0].CSeq = after[0].Expires, after[0].CSeq
	wants(t, "binding", after, before)

	t.Log("# a removal is written, and a shorter lifetime is")
	o.takes(3, "Contact: <sip:a@192.0.2.1>;expires=60", "Path: <sip:p1.example.net;lr>")
	o.takes(4, "Contact: <sip:b@192.0.2.1>")
	o.takes(5, "Contact: <sip:b@192.0.2.1>;expires=0")
	o.restart()
	wants(t, "contacts", o.finds(aor), []string{"sip:a@192.0.2.1"})
	o.later(121 * time.Second)
	wants(t, "contacts", o.finds(aor), []string(nil))
}

func TestTwoProcessesWriteAtOnce(t *testing.T) {
	o := open(t)
	o.takes(1, "Contact: <sip:a@192.0.2.1>")
	first := o.Registrar
	o.restart()
	o.takes(1, "Contact: <sip:b@192.0.2.2>", "Call-ID: other")
	o.Registrar = first
	res := o.takes(2, "Contact: <sip:c@192.0.2.3>")
	wants(t, "contacts", len(res.of("Contact")), 3)
}

func TestRemoveByAnAdministrator(t *testing.T) {
	o := open(t)
	o.takes(1, "Contact: <sip:a@192.0.2.1>, <sip:b@192.0.2.2>")
	if n, err := o.Remove(t.Context(), o.now, alice, "sip:a@192.0.2.1"); n != 1 || err != nil {
		t.Errorf("removed %d, %v, want 1", n, err)
	}
	wants(t, "contacts", o.finds(aor), []string{"sip:b@192.0.2.2"})
	if n, err := o.Remove(t.Context(), o.now, alice, ""); n != 1 || err != nil {
		t.Errorf("removed %d, %v, want 1", n, err)
	}
	o.restart()
	wants(t, "contacts", o.finds(aor), []string(nil))
}
