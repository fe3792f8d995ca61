package testenv_test

import (
	"strings"
	"testing"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
	"github.com/seed-f3cefc8c/focus/test/testenv"
)

// refusal is what a C3P request is answered with.
type refusal struct {
	status      int
	diagnostics string     // how ms-diagnostics begins; "": there is none
	reason      c3p.Reason // of the document; "": there is none
}

func (r refusal) check(w *testenv.World, what string, res *sip.Response) {
	w.Helper()
	diagnostics := sip.HeaderValue(res, "ms-diagnostics")
	var reason c3p.Reason
	if len(res.Body()) > 0 {
		response, err := c3p.ParseResponse(res.Body())
		if err != nil || response.Code != c3p.Failure {
			w.Errorf("%s: %v in %s", what, err, res.Body())
			return
		}
		reason = response.Reason
	}
	if res.StatusCode != r.status || !strings.HasPrefix(diagnostics, r.diagnostics) || (r.diagnostics == "") != (diagnostics == "") || reason != r.reason {
		w.Errorf("%s: %d, %q, %q; want %+v", what, res.StatusCode, diagnostics, reason, r)
	}
}

const lock = `<modifyConferenceLock><conferenceKeys confEntity="FOCUS"/><locked>true</locked></modifyConferenceLock>`

// document is a request to a URI, with FOCUS as it is.
func document(from, to, command string) string {
	return `<request xmlns="urn:ietf:params:xml:ns:cccp" xmlns:mscp="http://schemas.microsoft.com/rtc/2005/08/cccpextensions" xmlns:ci="urn:ietf:params:xml:ns:conference-info" C3PVersion="1" requestId="9" from="` +
		from + `" to="` + to + `">` + strings.ReplaceAll(command, "FOCUS", testenv.FocusURI(room)) + `</request>`
}

// What is wrong with an INFO, the dialog goes on: each row is followed by a command that works.
func TestCommandsByINFOThatAreRefused(t *testing.T) {
	const bob = "sip:bob@example.com"
	focus := testenv.FocusURI(room)
	other := strings.ReplaceAll(lock, "FOCUS", "sip:olivia@example.com;gruu;opaque=app:conf:focus:id:7777777777")
	for what, row := range map[string]struct {
		contentType, body string
		want              refusal
	}{
		"no C3P":               {"", "hello", refusal{400, "3006;", ""}},
		"half a document":      {"", "<request", refusal{400, "3006;", ""}},
		"a DOCTYPE":            {"", "<!DOCTYPE a [<!ENTITY b 'c'>]>" + document(bob, focus, lock), refusal{400, "3006;", ""}},
		"a response":           {"", strings.ReplaceAll(document(bob, focus, lock), "request", "response"), refusal{400, "3006;", ""}},
		"another from":         {"", document("sip:olivia@example.com", focus, lock), refusal{403, "3000;", c3p.ReasonForbidden}},
		"another to":           {"", document(bob, "sip:olivia@example.com;gruu;opaque=app:conf:focus:id:7777777777", lock), refusal{400, "3001;", c3p.ReasonConferenceEntityInvalid}},
		"to an MCU":            {"", document(bob, strings.Replace(focus, ":focus:", ":audio-video:", 1), lock), refusal{400, "3001;", c3p.ReasonConferenceEntityInvalid}},
		"another conference":   {"", document(bob, focus, other), refusal{403, "3003;", c3p.ReasonConferenceEntityInvalid}},
		"another organizer":    {"", document(bob, focus, strings.ReplaceAll(lock, "FOCUS", strings.Replace(focus, "olivia", "eve", 1))), refusal{403, "3003;", c3p.ReasonConferenceEntityInvalid}},
		"a factory command":    {"", document(bob, focus, "<getConferences/>"), refusal{603, "3004;", c3p.ReasonNotImplemented}},
		"an unknown command":   {"", document(bob, focus, "<dance/>"), refusal{603, "3004;", c3p.ReasonNotImplemented}},
		"an unknown MCU":       {"", document(bob, focus, strings.Replace(lock, "Lock>", `Lock mscp:mcuUri="sip:eve@example.com">`, 1)), refusal{400, "3013;", c3p.ReasonConferenceEntityInvalid}},
		"wrong content":        {"", document(bob, focus, strings.Replace(lock, "true", "maybe", 1)), refusal{400, "3006;", c3p.ReasonInvalidContent}},
		"an unknown role":      {"", document(bob, focus, `<modifyUserRoles><userKeys confEntity="FOCUS" userEntity="sip:bob@example.com"/><ci:user-roles><ci:entry>king</ci:entry></ci:user-roles></modifyUserRoles>`), refusal{400, "3016;", c3p.ReasonInvalidRole}},
		"not permitted":        {"", document(bob, focus, lock), refusal{403, "3014;", c3p.ReasonForbidden}},
		"nobody of that name":  {"", document(bob, focus, `<deleteUser><userKeys confEntity="FOCUS" userEntity="sip:eve@example.com"/></deleteUser>`), refusal{403, "3014;", c3p.ReasonForbidden}},
		"another type":         {"text/plain", "hello", refusal{415, "", ""}},
		"parts without C3P":    {"multipart/mixed;boundary=b", "--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--", refusal{415, "", ""}},
		"parts that are none":  {"multipart/mixed;boundary=b", "x", refusal{400, "3006;", ""}},
		"a part that is wrong": {"multipart/mixed;boundary=b", "--b\r\nContent-Type: application/cccp+xml\r\n\r\nx\r\n--b--", refusal{400, "3006;", ""}},
	} {
		t.Run(what, func(t *testing.T) {
			inARoom(t, func(w *testenv.World, olivia, bob *testenv.Client) {
				contentType := row.contentType
				if contentType == "" {
					contentType = c3p.MediaType
				}
				res, err := bob.Dialog().Request(w.Context(), sip.INFO, contentType, []byte(row.body))
				if err != nil {
					w.Fatal(err)
				}
				row.want.check(w, what, res)
				w.Log("# the dialog and the conference go on")
				bob.Asks(sip.INFO, "", "", 200)
				wantsDone(w, olivia, &c3p.ModifyConferenceLock{Keys: testenv.Keys(room), Locked: true})
				w.WantsRoster(room, "sip:olivia@example.com", "sip:bob@example.com")
			})
		})
	}
}

// "200 with another code: nothing happens at all, no error; so refuse with a SIP error" (c3p.md §5.4).
func TestFocusInvitesThatAreRefused(t *testing.T) {
	focus := testenv.FocusURI(room)
	add := func(user, inside string) string {
		return `<addUser><conferenceKeys confEntity="FOCUS"/><ci:user entity="` + user + `">` + inside + `</ci:user></addUser>`
	}
	const bob = "sip:bob@example.com"
	for what, row := range map[string]struct {
		uri, body string
		want      refusal
	}{
		"no C3P":               {focus, "<hello/>", refusal{400, "3006;", ""}},
		"another from":         {focus, document("sip:olivia@example.com", focus, add(bob, "")), refusal{403, "3000;", c3p.ReasonForbidden}},
		"another user":         {focus, document(bob, focus, add("sip:olivia@example.com", "")), refusal{403, "3002;", c3p.ReasonInvalidUserEntity}},
		"another to":           {focus, document(bob, "sip:example.com;gruu;opaque=app:conf:focusfactory", add(bob, "")), refusal{400, "3001;", c3p.ReasonConferenceEntityInvalid}},
		"another conference":   {focus, document(bob, focus, strings.ReplaceAll(add(bob, ""), "FOCUS", testenv.FocusURI("7777777777"))), refusal{403, "3003;", c3p.ReasonConferenceEntityInvalid}},
		"another command":      {focus, document(bob, focus, lock), refusal{400, "3007;", c3p.ReasonInvalidContent}},
		"two roles":            {focus, document(bob, focus, add(bob, "<ci:roles><ci:entry>attendee</ci:entry><ci:entry>presenter</ci:entry></ci:roles>")), refusal{400, "3016;", c3p.ReasonInvalidRole}},
		"dial-out of somebody": {focus, document(bob, focus, add(bob, `<ci:endpoint entity="e"><ci:joining-method>dialed-out</ci:joining-method></ci:endpoint>`)), refusal{400, "3007;", c3p.ReasonInvalidContent}},
		"no such conference":   {testenv.FocusURI("7777777777"), document(bob, testenv.FocusURI("7777777777"), strings.ReplaceAll(add(bob, ""), "FOCUS", testenv.FocusURI("7777777777"))), refusal{404, "3012;", c3p.ReasonConferenceDoesNotExist}},
		"an MCU":               {strings.Replace(focus, ":focus:", ":audio-video:", 1), document(bob, focus, add(bob, "")), refusal{403, "3005;", ""}},
		"locked":               {"", "", refusal{403, "3014;", c3p.ReasonConferenceLocked}},
		"with a PIN":           {"", "", refusal{403, "3014;", c3p.ReasonInvalidPasscode}},
	} {
		t.Run(what, func(t *testing.T) {
			testenv.Run(t, func(w *testenv.World) {
				w.Conference(room, func(d *confinfo.Description) {
					d.AdmissionPolicy = confinfo.OpenAuthenticated
					if what == "with a PIN" {
						d.Passcode = "4711"
					}
				})
				if what == "locked" {
					w.Succeeds(testenv.As("olivia"), &c3p.ModifyConferenceLock{Keys: testenv.Keys(room), Locked: true})
				}
				bob := w.Client("bob")
				uri, body := row.uri, row.body
				if uri == "" {
					uri, body = focus, document(bob.URI, focus, add(bob.URI, ""))
				}
				bob.ContentType, bob.Body = c3p.MediaType, body
				bob.Dials(uri)
				row.want.check(w, what, bob.WantsRefusal(row.want.status))
				w.WantsRoster(room)
				if n := w.Focus.UserAgent().Stats().Dialogs; n != 0 {
					w.Errorf("%d dialogs", n)
				}
			})
		})
	}
}

func TestServicesThatAreRefused(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		bob := w.Client("bob")
		factory := bob.Factory()
		for what, row := range map[string]struct {
			uri, contentType, body string
			want                   refusal
		}{
			"no C3P":          {factory, c3p.MediaType, "x", refusal{400, "3006;", ""}},
			"another from":    {factory, c3p.MediaType, document("sip:eve@example.com", factory, "<getConferences/>"), refusal{403, "3000;", c3p.ReasonForbidden}},
			"another to":      {factory, c3p.MediaType, document(bob.URI, bob.URI, "<getConferences/>"), refusal{400, "3001;", c3p.ReasonConferenceEntityInvalid}},
			"another factory": {"sip:eve@example.com;gruu;opaque=app:conf:focusfactory", c3p.MediaType, "x", refusal{403, "3014;", ""}},
			"an unknown one":  {factory, c3p.MediaType, document(bob.URI, factory, "<dance/>"), refusal{200, "3004;", c3p.ReasonNotImplemented}},
			"a refused one":   {factory, c3p.MediaType, document(bob.URI, factory, lock), refusal{200, "3012;", c3p.ReasonConferenceDoesNotExist}},
			"another type":    {factory, "text/plain", "x", refusal{415, "3006;", ""}},
			"another domain":  {"sip:bob@example.org;gruu;opaque=app:conf:focusfactory", c3p.MediaType, "x", refusal{404, "3012;", ""}},
			"presence":        {bob.URI, "application/msrtc-category-publish+xml", "<publish/>", refusal{405, "", ""}},
			"a focus":         {testenv.FocusURI(room), c3p.MediaType, "x", refusal{405, "", ""}},
			"a domain":        {"sip:example.com", c3p.MediaType, "x", refusal{405, "", ""}},
		} {
			row.want.check(w, what, bob.AsksFactory(row.uri, row.contentType, row.body))
		}
		w.Log("# nobody is served without a password")
		bob.User = ""
		refusal{401, "", ""}.check(w, "no password", bob.AsksFactory(factory, c3p.MediaType, "x"))
	})
}

// "A body over 256 KB: 413; the dialog and the conference go on". The connection does not, since nobody reads the rest; the dialog goes on over the
// next one.
func TestABodyThatIsTooLarge(t *testing.T) {
	testenv.RunTrusting(t, trusting(t, true, "192.0.2.70"), func(w *testenv.World) {
		w.Conference(room, forUsers)
		w.User("bob")
		focus := testenv.FocusURI(room)
		message := func(method, tag, seq, body string) string {
			return method + " " + focus + " SIP/2.0\nVia: SIP/2.0/tcp 192.0.2.70:5060\nFrom: <sip:bob@example.com>;tag=1\nTo: <" + focus + ">" + tag +
				"\nMax-Forwards: 70\nCSeq: " + seq + " " + method + "\nCall-ID: large\nContact: <sip:bob@192.0.2.70>\nContent-Type: application/cccp+xml\n\n" + body
		}
		bob := w.Replay("192.0.2.70:1001")
		invite := message("INVITE", "", "1", document("sip:bob@example.com", focus,
			`<addUser><conferenceKeys confEntity="FOCUS"/><ci:user entity="sip:bob@example.com"><ci:endpoint entity="e"/></ci:user></addUser>`))
		if answer := bob.Sends(invite); answer.Code() != 200 {
			w.Fatal(answer)
		}
		bob.Acknowledges(invite)
		large := document("sip:bob@example.com", focus, lock+strings.Repeat(" ", 300<<10))
		if answer := bob.Sends(message("INFO", ";tag=x", "2", large)); answer.Code() != 413 {
			w.Errorf("%s", answer.Start)
		}
		bob.Connects("192.0.2.70:1002")
		own := document("sip:bob@example.com", focus, `<getConference><conferenceKeys confEntity="FOCUS"/></getConference>`)
		if answer := bob.Sends(message("INFO", ";tag=x", "3", own)); answer.Code() != 200 {
			w.Errorf("then: %s", answer)
		}
		w.WantsRoster(room, "sip:bob@example.com")
	})
}
