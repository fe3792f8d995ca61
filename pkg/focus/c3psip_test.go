package focus

import (
	"slices"
	"testing"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

const (
	ofBob   = "sip:bob@example.com"
	ofFocus = "sip:olivia@example.com;gruu;opaque=app:conf:focus:id:7h3k92qd"
)

// whole is a request that is in order.
const whole = `<request xmlns="urn:ietf:params:xml:ns:cccp" C3PVersion="1" requestId="1" from="` + ofBob + `" to="` + ofFocus + `">` +
	`<modifyConferenceLock><conferenceKeys confEntity="` + ofFocus + `"/><locked>true</locked></modifyConferenceLock></request>`

// FuzzC3PBySIP: whatever the body and its type, what is read is the sender's, and about what was addressed; and what is refused has a status, and in
// a dialog one that leaves the dialog alone (RFC 5057 §5.1).
func FuzzC3PBySIP(f *testing.F) {
	f.Add(c3p.MediaType, whole)
	f.Add("Application/CCCP+XML;charset=utf-8", whole)
	f.Add("multipart/mixed;boundary=b", "--b\r\nContent-Type: application/cccp+xml\r\n\r\n"+whole+"\r\n--b--")
	f.Add(`multipart/alternative;boundary="b"`, "--b\r\nContent-Type: multipart/mixed;boundary=c\r\n\r\n--c\r\nContent-Type: application/cccp+xml\r\n\r\nx\r\n--c--\r\n--b--")
	f.Add("text/plain", "hello")
	f.Add(c3p.MediaType, `<request xmlns="urn:ietf:params:xml:ns:cccp" C3PVersion="1" requestId="1"><dance/></request>`)
	s := &Server{config: Config{Domain: "example.com"}}
	to, err := conference.ParseURI(ofFocus)
	if err != nil {
		f.Fatal(err)
	}
	who := visitor{caller: conference.Caller{URI: ofBob, Authenticated: true}}
	f.Fuzz(func(t *testing.T, contentType, body string) {
		req := sip.NewRequest(sip.INFO, sip.URI{Scheme: "sip", Host: "example.com"})
		sip.SetBody(req, contentType, []byte(body))
		request, named, err := s.readC3P(req, who, to)
		if err == nil {
			if request == nil || request.From != "" && userOf(request.From) != ofBob || !hasC3P(req) {
				t.Fatalf("%+v is taken", request)
			}
			err = s.allOf(named, to)
		}
		if err == nil {
			return
		}
		o, known := outcomeOf(err)
		if !known || o.status < 400 || o.status > 699 || o.reason == "" {
			t.Errorf("%v is answered with %+v", err, o)
		}
		if code := infoStatus(o.status); slices.Contains([]int{404, 408, 410, 416, 480, 481, 482, 483, 484, 485, 489, 501, 502, 604}, code) {
			t.Errorf("%v ends the dialog with %d", err, code)
		}
	})
}

func TestPrincipalOf(t *testing.T) {
	for _, row := range []struct {
		caller conference.Caller
		want   c3p.Principal
	}{
		{conference.Caller{URI: ofBob, Authenticated: true}, c3p.Principal{URI: ofBob, Role: c3p.RoleUser, Authenticated: true}},
		{conference.Caller{URI: ofBob, Authenticated: true, Administrator: true}, c3p.Principal{URI: ofBob, Role: c3p.RoleAdministrator, Authenticated: true}},
		{conference.Caller{URI: ofBob, Administrator: true}, c3p.Principal{URI: ofBob}},
	} {
		if got := principalOf(row.caller); got != row.want {
			t.Errorf("%+v is %+v, want %+v", row.caller, got, row.want)
		}
	}
}
