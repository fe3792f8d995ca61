package api

import (
	"encoding/json"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/registrar"
)

func TestBindings(t *testing.T) {
	w := newWorld(t)
	now := time.Now()
	bound := func(contact string) registrar.Binding {
		return registrar.Binding{
			Contact: contact, Q: 500, UserAgent: "phone 1.0", Transport: "UDP", Source: netip.MustParseAddrPort("192.0.2.7:5062"),
			Since: now, Expires: now.Add(time.Hour), Lifetime: time.Hour, CallID: "secret of the telephone",
		}
	}
	record := registrar.Record{AOR: "sip:alice@" + domain, Bindings: []registrar.Binding{bound("sip:alice@192.0.2.7:5062"), bound("sip:b@192.0.2.8;transport=tcp")}}
	if _, err := w.store.Bindings.Save(t.Context(), record); err != nil {
		t.Fatal(err)
	}
	const path = "/v1/users/alice/bindings"
	w.wantsProblem(w.do("GET", path, "", as("alice")), 403, "for administrators")
	w.wantsProblem(w.do("DELETE", path, "", as("alice")), 403, "for administrators")
	w.wantsProblem(w.do("GET", "/v1/users/nobody/bindings", "", as("root")), 404, "no such user")
	body := w.wants(w.do("GET", path, "", as("root")), 200, "two telephones")
	var list BindingList
	if err := json.Unmarshal([]byte(body), &list); err != nil || len(list.Bindings) != 2 || strings.Contains(body, "secret") {
		t.Fatalf("got %s", body)
	}
	want := Binding{
		Contact: "sip:alice@192.0.2.7:5062", Transport: "UDP", Source: "192.0.2.7:5062", UserAgent: "phone 1.0", Q: 0.5,
		Since: now.UTC().Truncate(time.Second), Expires: now.Add(time.Hour).UTC().Truncate(time.Second),
	}
	if list.Bindings[0] != want {
		t.Errorf("got %+v, want %+v", list.Bindings[0], want)
	}
	if body := w.wants(w.do("GET", "/v1/users", "", as("root")), 200, "users"); strings.Count(body, `"contact"`) != 2 {
		t.Errorf("got %s, want two contacts in it", body)
	}
	one := path + "?contact=" + url.QueryEscape("sip:alice@192.0.2.7:5062")
	w.wants(w.do("DELETE", one, "", as("root")), 204, "one telephone is taken out")
	w.wantsProblem(w.do("DELETE", one, "", as("root")), 404, "has not registered that contact")
	w.wants(w.do("DELETE", path, "", as("root")), 204, "the other one")
	w.wants(w.do("DELETE", path, "", as("root")), 204, "none is left")
	if body := w.wants(w.do("GET", path, "", as("root")), 200, "nothing"); strings.TrimSpace(body) != `{"bindings":[]}` {
		t.Errorf("got %s", body)
	}
	if _, err := w.store.Bindings.Save(t.Context(), record); err != nil {
		t.Fatal(err)
	}
	t.Log("# whoever gets the name next is somebody else")
	w.wants(w.do("DELETE", "/v1/users/alice", "", as("root")), 204, "alice leaves")
	if r, err := w.store.Bindings.Load(t.Context(), record.AOR); err != nil || len(r.Bindings) != 0 {
		t.Errorf("alice has left %+v, %v", r, err)
	}
}
