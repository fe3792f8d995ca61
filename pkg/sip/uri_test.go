package sip_test

import (
	"testing"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

func TestURIsAreEchoed(t *testing.T) {
	for _, text := range []string{
		"sip:alice@example.com;gruu;opaque=app:conf:focus:id:0F1E2D3C4B5A69788796A5B4C3D2E1F0",
		"sip:alice@example.com;gruu;opaque=app:conf:focusfactory",
		"sip:bob@example.com;opaque=user:epid:ZZZ;gruu",
		"sip:example.com",
		"sips:a%40b:pw@[2001:db8::1]:5071;lr;transport=tls?Subject=x&Priority=urgent",
		"tel:+49-89-1234;phone-context=example.com",
		"sip:UPPER@Example.COM;Transport=TCP",
	} {
		uri, err := sip.ParseURI(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := uri.String(); got != text {
			t.Errorf("%s was written as %s", text, got)
		}
	}
	for _, text := range []string{"", "sip:", "no uri", "sip:alice@"} {
		if uri, err := sip.ParseURI(text); err == nil {
			t.Errorf("%q was read as %s", text, uri.String())
		}
	}
}

// TestEqualURI has the examples of RFC 3261 §19.1.4.
func TestEqualURI(t *testing.T) {
	for _, row := range []struct {
		a, b string
		want bool
	}{
		{"sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtlanTa.CoM;Transport=tcp", true},
		{"sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5", true},
		{"sip:carol@chicago.com", "sip:carol@chicago.com;security=on", true},
		{"sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on", true},
		{"sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com", "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com", true},
		{"sip:alice@atlanta.com?subject=project%20x&priority=urgent", "sip:alice@atlanta.com?priority=urgent&subject=project%20x", true},
		{"SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP", false},
		{"sip:bob@biloxi.com", "sip:bob@biloxi.com:5060", false},
		{"sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp", false},
		{"sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp", false},
		{"sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting", false},
		{"sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4", false},
		{"sip:bob@[2001:db8::1]", "sip:bob@[2001:DB8:0:0::1]", true},
		{"sip:bob@biloxi.com", "sips:bob@biloxi.com", false},
		{"sip:a@b;security=on", "sip:a@b;security=off", false},
		{"tel:+1", "tel:+1", true},
		{"tel:+1", "tel:+2", false},
	} {
		a, b := mustURI(t, row.a), mustURI(t, row.b)
		if sip.EqualURI(a, b) != row.want || sip.EqualURI(b, a) != row.want {
			t.Errorf("%s and %s: equal %v, want %v", row.a, row.b, !row.want, row.want)
		}
	}
}

func TestNormaliseUser(t *testing.T) {
	for in, want := range map[string]string{"alice": "alice", "%61%6c": "al", "a%40b": "a%40b", "a%3bb": "a%3Bb", "50%": "50%", "%zz%6": "%zz%6", "": ""} {
		if got := sip.NormaliseUser(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	if got := sip.AddressOfRecord(mustURI(t, "sip:%61lice@Example.COM:5070;gruu;opaque=x?a=b")); got != "sip:alice@example.com" {
		t.Errorf("address of record %q", got)
	}
}

func TestHeaders(t *testing.T) {
	req := sip.NewRequest(sip.INFO, mustURI(t, "sip:a@example.com"))
	sip.AddHeader(req, "k", "timer, 100rel")
	sip.AddHeader(req, "Supported", "gruu-10")
	sip.AddHeader(req, "Subject", "one\r\nEvil: yes")
	sip.SetBody(req, "Application/CCCP+XML; charset=utf-8", []byte("<x/>"))
	if got := sip.HeaderValues(req, "Supported"); len(got) != 3 || !sip.HasOption(req, "supported", "100REL") {
		t.Errorf("Supported %q", got)
	}
	if got := sip.HeaderValue(req, "s"); got != "one  Evil: yes" {
		t.Errorf("Subject %q", got)
	}
	if got := sip.ContentType(req); got != "application/cccp+xml" {
		t.Errorf("Content-Type %q", got)
	}
	sip.SetBody(req, "", nil)
	if sip.ContentType(req) != "" || sip.HeaderValue(req, "l") != "0" {
		t.Errorf("after removing the body: %s", req)
	}
	if got := sip.ReasonHeader("Q.850", 16, `say "bye"`).Value(); got != `Q.850;cause=16;text="say \"bye\""` {
		t.Errorf("Reason %s", got)
	}
	sip.AddHeader(req, "Contact", `"Bob, the \"builder\"" <sip:b@x,y>;q=1, <sip:c@x>`)
	if got := sip.HeaderValues(req, "Contact"); len(got) != 2 {
		t.Errorf("Contact %q", got)
	}
}
