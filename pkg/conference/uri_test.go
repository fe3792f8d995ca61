package conference

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseURI(t *testing.T) {
	const alice = UserID("sip:alice@example.com")
	for text, want := range map[string]Address{
		"sip:7H3K92QD@Example.com":                                 {Kind: KindConference, User: "7H3K92QD", Domain: "example.com", ID: "7h3k92qd"},
		"sips:0123456789@example.com:5061;transport=tls?subject=x": {Kind: KindConference, User: "0123456789", Domain: "example.com:5061", ID: "0123456789"},
		"sip:123@[2001:db8::1]:5060":                               {Kind: KindConference, User: "123", Domain: "[2001:db8::1]:5060", ID: "123"},
		"sip:bob.smith@example.com":                                {Kind: KindUser, User: "bob.smith", Domain: "example.com"},
		"sip:%62ob%40x@example.com":                                {Kind: KindUser, User: "bob@x", Domain: "example.com"},
		"sip:Conference-Factory@example.com":                       {Kind: KindAdHocFactory, User: "Conference-Factory", Domain: "example.com"},
		"sip:alice@example.com;gruu;opaque=app:conf:focusfactory":  {Kind: KindFactory, User: "alice", Domain: "example.com", Organizer: alice},
		"sip:example.com;gruu;opaque=app:conf:focusfactory":        {Kind: KindFactory, Domain: "example.com"},
		"sip:alice@example.com;gruu;opaque=app:conf:focus:id:7H3K92QD": {
			Kind: KindFocus, User: "alice", Domain: "example.com", Organizer: alice, ID: "7h3k92qd"},
		"SIP:Alice@Example.com;GRUU;Opaque=App:Conf:Focus:ID:7H3K92QD;transport=tls": {
			Kind: KindFocus, User: "Alice", Domain: "example.com", Organizer: alice, ID: "7h3k92qd"},
		"sip:alice@example.com;gruu;opaque=app%3Aconf%3Afocus%3Aid%3A7H3K92QD": {
			Kind: KindFocus, User: "alice", Domain: "example.com", Organizer: alice, ID: "7h3k92qd"},
		"sip:alice@example.com;gruu;opaque=app:conf:audio-video:id:7H3K92QD": {
			Kind: KindMCU, User: "alice", Domain: "example.com", Organizer: alice, ID: "7h3k92qd", MCUType: AudioVideo},
		"sip:bob@example.com;opaque=user:epid:ZZZ;gruu": {Kind: KindConference, User: "bob", Domain: "example.com", ID: "bob"},
	} {
		got, err := ParseURI(text)
		if d := cmp.Diff(want, got); d != "" || err != nil {
			t.Errorf("ParseURI(%q): %v\n%s", text, err, d)
		}
	}
}

func TestParseURIRefuses(t *testing.T) {
	for text, want := range map[string]error{
		"":                                       ErrInvalidURI,
		"tel:+15550123":                          ErrInvalidURI,
		"alice@example.com":                      ErrInvalidURI,
		"sip:":                                   ErrInvalidURI,
		"sip:example.com":                        ErrInvalidURI,
		"sip:@example.com":                       ErrInvalidURI,
		"sip:alice@":                             ErrInvalidURI,
		"sip:alice@exa mple.com":                 ErrInvalidURI,
		"<sip:alice@example.com>":                ErrInvalidURI,
		"sip:al%zzice@example.com":               ErrInvalidURI,
		"sip:a@b@example.com":                    ErrInvalidURI,
		"sip:alice@exa\u212Aple.com":             ErrInvalidURI,
		"sip:alice@example.com;opaque=app:conf:": ErrInvalidURI,
		"sip:alice@example.com;opaque=app:conf:focus":               ErrInvalidURI,
		"sip:alice@example.com;opaque=app:conf:toaster:id:7H3K92QD": ErrInvalidURI,
		"sip:alice@example.com;opaque=app:conf:focus:id:":           ErrInvalidID,
		"sip:alice@example.com;opaque=app:conf:focus:id:a-b-c-d-e":  ErrInvalidID,
		"sip:" + strings.Repeat("a", 2000) + "@example.com":         ErrInvalidURI,
	} {
		if got, err := ParseURI(text); !errors.Is(err, want) {
			t.Errorf("ParseURI(%.60q) = %+v, %v, want %v", text, got, err, want)
		}
	}
}

func TestBuiltURIsCanBeParsed(t *testing.T) {
	const alice = UserID("sip:alice@example.com")
	for uri, want := range map[URI]Kind{
		FocusURI(alice, "7h3k92qd"):           KindFocus,
		MCUURI(alice, AudioVideo, "7h3k92qd"): KindMCU,
		FactoryURI(alice):                     KindFactory,
		DialURI("7h3k92qd", "example.com"):    KindConference,
		AdHocFactoryURI("example.com"):        KindAdHocFactory,
	} {
		if got, err := ParseURI(string(uri)); got.Kind != want || err != nil {
			t.Errorf("ParseURI(%q) = %+v, %v, want kind %d", uri, got, err, want)
		}
	}
	// SIPE, a client, makes the A/V URI by replacing the text ":focus:" in that of the focus.
	focus := string(FocusURI(alice, "7h3k92qd"))
	if got := strings.ReplaceAll(focus, ":focus:", ":audio-video:"); got != string(MCUURI(alice, AudioVideo, "7h3k92qd")) {
		t.Errorf("%q is not the A/V URI", got)
	}
}

func TestUserID(t *testing.T) {
	for uri, want := range map[URI]UserID{
		"sip:Alice@Example.com":                 "sip:alice@example.com",
		"sips:alice:secret@example.com:5061;lr": "sip:alice@example.com",
		"sip:%41lice@example.com?x=y":           "sip:alice@example.com",
		"sip:bob;guest=1@example.com":           "sip:bob%3bguest=1@example.com",
		"sip:bob@example.com;guest=1":           "sip:bob@example.com",
		"sip:bob@[2001:DB8::1]:5070":            "sip:bob@[2001:db8::1]",
		"tel:+1-555-0123;phone-context=x":       "tel:+15550123",
		"sip:example.com":                       "",
		"mailto:alice@example.com":              "",
		"tel:\xd1\xd1":                          "", // lower case would make one user of all such bytes, and a longer one
		"tel:alice":                             "",
		"sip:%d1@example.com":                   "",
		URI("sip:" + strings.Repeat("%3b", 300) + "@" + strings.Repeat("x", 200)): "",
	} {
		if got := uri.UserID(); got != want {
			t.Errorf("%q is user %q, want %q", uri, got, want)
		}
	}
	if got := EntityID("sip:Bob@Example.com;guest=12"); got != "sip:bob@example.com;guest=12" || !got.Guest() || got.Domain() != "example.com" {
		t.Errorf("the entity of a guest became %q", got)
	}
	if got := EntityID("sip:bob@example.com;guest=1x"); got != "sip:bob@example.com" || got.Guest() {
		t.Errorf("the entity of a user became %q", got)
	}
}

func FuzzParseURI(f *testing.F) {
	f.Add("sip:alice@example.com;gruu;opaque=app:conf:focus:id:7H3K92QD")
	f.Add("sip:7H3K92QD@example.com")
	f.Add("sip:%3bguest=1@example.com;guest=2")
	f.Add("tel:+1-555-0123")
	f.Fuzz(func(t *testing.T, text string) {
		user := URI(text).UserID()
		if again := URI(user).UserID(); user != "" && again != user {
			t.Errorf("%q is user %q, which is user %q", text, user, again)
		}
		if user.Guest() {
			t.Errorf("%q passes for the guest %q", text, user)
		}
		a, err := ParseURI(text)
		if err != nil || a.Organizer == "" || a.ID == "" {
			return
		}
		again, err := ParseURI(string(FocusURI(a.Organizer, a.ID)))
		if err != nil || again.ID != a.ID || again.Organizer != a.Organizer {
			t.Errorf("%q: %+v, written and read: %+v, %v", text, a, again, err)
		}
	})
}
