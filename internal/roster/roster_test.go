package roster

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/seed-f3cefc8c/focus/internal/testdata"
	"github.com/seed-f3cefc8c/focus/pkg/strictxml"
)

func document(attributes, content string) string {
	return `<conference-info xmlns="urn:ietf:params:xml:ns:conference-info" entity="sip:c@example.com" ` + attributes + `>` + content + `</conference-info>`
}

func TestApply(t *testing.T) {
	const bob = `<user entity="sip:bob@example.com"><roles><entry>attendee</entry></roles><endpoint entity="1"><status>connected</status><media id="1"><type>audio</type></media></endpoint></user>`
	r := &Roster{}
	for _, row := range []struct {
		attributes, content string
		want                error
		users               []string
	}{
		{`state="partial" version="1"`, `<users state="partial">` + bob + `</users>`, ErrGap, []string{}},
		{`state="full" version="7"`, `<users>` + bob + `</users>`, nil, []string{"sip:bob@example.com"}},
		{`state="partial" version="8"`, `<users state="partial"><user entity="sip:al@example.com" state="full"/></users>`, nil, []string{"sip:al@example.com", "sip:bob@example.com"}},
		{`state="partial" version="8"`, `<users state="partial"><user entity="sip:al@example.com" state="deleted"/></users>`, ErrOld, []string{"sip:al@example.com", "sip:bob@example.com"}},
		{`state="partial" version="10"`, `<users state="partial"><user entity="sip:al@example.com" state="deleted"/></users>`, ErrGap, []string{"sip:al@example.com", "sip:bob@example.com"}},
		{`state="partial" version="9"`, `<users state="partial"><user entity="sip:al@example.com" state="deleted"/></users>`, nil, []string{"sip:bob@example.com"}},
		{`state="partial" version="10"`, `<conference-state><locked>true</locked></conference-state>`, nil, []string{"sip:bob@example.com"}},
		{`state="partial" version="11"`, `<users state="partial"><user entity="sip:bob@example.com" state="partial"><endpoint entity="1" state="partial"><status>on-hold</status></endpoint></user></users>`, nil, []string{"sip:bob@example.com"}},
	} {
		err := r.Apply([]byte(document(row.attributes, row.content)))
		if !errors.Is(err, row.want) {
			t.Errorf("%s: %v, want %v", row.attributes, err, row.want)
		}
		if got := r.Users(); !slices.Equal(got, row.users) {
			t.Errorf("%s: %q, want %q", row.attributes, got, row.users)
		}
	}
	if e := r.User("sip:bob@example.com").Endpoints[0]; e.Status != "on-hold" || len(e.Media) != 1 {
		t.Errorf("a partial endpoint: %+v", e)
	}
	if err := r.Apply([]byte(document(`state="deleted" version="12"`, ""))); err != nil || !r.Over || len(r.Users()) != 0 {
		t.Errorf("deleted: %v, %+v", err, r)
	}
}

// TestPublished applies the published documents in their order.
func TestPublished(t *testing.T) {
	dir := testdata.Dir(t, "conference-info-rfc4575")
	r := &Roster{}
	apply := func(name string) error {
		t.Helper()
		body, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return r.Apply(body)
	}
	if err := apply("rfc4575-example-full.xml"); err != nil {
		t.Fatal(err)
	}
	if got := r.Users(); !slices.Equal(got, []string{"sip:alice@example.com", "sip:bob@example.com"}) || *r.Document.ConferenceState.UserCount != 33 {
		t.Errorf("%q, %+v", got, r.Document.ConferenceState)
	}
	// The second document is this test's own: carol joins.
	carol := `<conference-info xmlns="urn:ietf:params:xml:ns:conference-info" entity="sips:conf233@example.com" state="partial" version="2"><users state="partial"><user entity="sip:carol@example.com" state="full"><endpoint entity="sip:carol@chi.example.com"><status>connected</status><media id="1"><type>audio</type></media></endpoint></user></users></conference-info>`
	if err := r.Apply([]byte(carol)); err != nil {
		t.Fatal(err)
	}
	if err := apply("partial-3-endpoint-held.xml"); err != nil {
		t.Fatal(err)
	}
	if e := r.User("sip:carol@example.com").Endpoints[0]; e.Status != "on-hold" || len(e.Media) != 1 {
		t.Errorf("carol: %+v, want on-hold with her media", e)
	}
	for name, want := range map[string]error{"partial-3-replayed.xml": ErrOld, "partial-9-version-gap.xml": ErrGap, "bad-xxe.xml": strictxml.ErrDoctype} {
		if err := apply(name); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
	if err := apply("unknown-extension.xml"); err != nil || r.Document.Description.DisplayText != "é ☃ <&" || len(r.Users()) != 0 {
		t.Errorf("%v, %+v", err, r.Document)
	}
}
