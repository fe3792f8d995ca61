package registrar_test

import (
	"strings"
	"testing"

	"github.com/seed-f3cefc8c/focus/pkg/registrar"
)

// Whatever a REGISTER holds: no panic, the bounds hold, and what is answered can be read again and means the same.
func FuzzRegister(f *testing.F) {
	f.Add(`"A \"b\"" <sip:a@h;transport=tcp>;q=0.5;expires=60;+sip.instance="<urn:uuid:1>";reg-id=1, sip:b@h`, "<sip:p;lr;ob>", "3600", "outbound, gruu")
	f.Add("*", "", "0", "")
	f.Add("<sip:tgruu.AAAA@example.com;gr>", "<sip:p>, <sip:q;lr>;x=y", "-1", "path")
	f.Add(`<sip:a@[2001:db8::1]?Subject=x>;a;b="c,;>";q=.5`, "", "99999999999", "gruu")
	f.Add("sip:[]\xff", "", "60", "")
	f.Fuzz(func(t *testing.T, contact, path, expires, supported string) {
		o := open(t)
		answer, err := o.tries(1, "Contact: "+contact, "Path: "+path, "Expires: "+expires, "Supported: "+supported)
		if err != nil {
			return
		}
		if len(answer.Bindings) > 10 {
			t.Fatalf("%d contacts", len(answer.Bindings))
		}
		if _, err := o.Lookup(t.Context(), o.now, alice); err != nil {
			t.Fatal(err)
		}
		if len(answer.Bindings) == 0 {
			return
		}
		before := answer.Bindings
		lines := []string{"Path: " + path, "Supported: " + supported}
		for _, h := range answer.Headers() {
			if strings.ContainsAny(h.Value(), "\r\n") {
				t.Fatalf("%s has a line break: %q", h.Name(), h.Value())
			}
			if h.Name() == "Contact" {
				lines = append(lines, "Contact: "+h.Value())
			}
		}
		reg, err := registrar.Read(register(t, 2, lines...), fromDesk)
		if err != nil {
			t.Fatalf("our own answer %q: %v", lines, err)
		}
		again, err := o.Register(t.Context(), o.now, alice, reg)
		if err != nil {
			t.Fatalf("our own answer %q: %v", lines, err)
		}
		for i := range before {
			before[i].CSeq = 2
		}
		wants(t, "bindings, registered as we have answered", again.Bindings, before)
	})
}
