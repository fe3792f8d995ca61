package testenv_test

import (
	"strings"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
	"github.com/seed-f3cefc8c/focus/test/testenv"
)

func TestInvitesThatAreRefused(t *testing.T) {
	for _, row := range []struct {
		name, uri, contentType, body string
		refuse                       error // by the MCU
		status                       int
		header, value                string // the refusal says why
	}{
		{name: "unreadable SDP", body: "v=0\r\nrubbish\r\n", status: 400, header: "Warning", value: "not a session description"},
		{name: "no common media", body: "v=0\r\nm=video 4000 RTP/AVP 31\r\n", status: 488, header: "Warning", value: `304 example.com "Media type not available"`},
		{name: "text", contentType: "text/plain", body: "hello", status: 415, header: "Accept", value: "application/sdp"},
		{name: "C3P", uri: testenv.FocusURI(room), contentType: c3p.MediaType, body: "<request/>", status: 401},
		{name: "no room", refuse: &c3p.Error{Reason: c3p.ReasonServiceUnavailable, Detail: "no port"}, status: 503, header: "Retry-After", value: "10"},
		{name: "MCU fails", refuse: &c3p.Error{Reason: c3p.ReasonOtherFailure}, status: 500},
		{name: "another domain", uri: "sip:1234567890@example.org", status: 404},
		{name: "not a conference id", uri: "sip:alice.smith@example.com", status: 404},
		{name: "another organizer", uri: "sip:bob@example.com;gruu;opaque=app:conf:focus:id:" + room, status: 404},
		{name: "chat", uri: "sip:olivia@example.com;gruu;opaque=app:conf:chat:id:" + room, status: 488},
	} {
		t.Run(row.name, func(t *testing.T) {
			testenv.Run(t, func(w *testenv.World) {
				w.Conference(room)
				w.MCU.Refuse("addUser", row.refuse)
				alice := w.Phone("alice")
				alice.ContentType, alice.Body = row.contentType, row.body
				if row.uri == "" {
					row.uri = dial
				}
				alice.Dials(row.uri)
				res := alice.WantsRefusal(row.status)
				if got := sip.HeaderValue(res, row.header); !strings.Contains(got, row.value) {
					w.Errorf("%s: %q, want %q in it", row.header, got, row.value)
				}
				w.Later(time.Second)
				if w.MCU.Len() != 0 {
					w.Error("a leg was left at the MCU")
				}
				w.Log("# the conference goes on")
				w.MCU.Refuse("addUser", nil)
				bob := w.Phone("bob")
				bob.Dials(dial)
				bob.WantsAnswer()
			})
		})
	}
}

func TestTheMCUIsSilent(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room)
		w.MCU.Silent = true
		alice := w.Phone("alice")
		alice.Dials(dial)
		w.Later(time.Minute)
		alice.WantsRefusal(503)
	})
}

func TestTheMCUAnswersPending(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room)
		w.MCU.Pending, w.MCU.Delay = true, time.Second
		alice := w.Phone("alice")
		alice.Dials(dial)
		w.Later(5 * time.Second)
		alice.WantsAnswer()
		w.WantsRoster(room, "sip:alice@elsewhere.example;guest=1")
	})
}

func TestRequestsOutsideOfCalls(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		alice := w.Phone("alice")
		for _, row := range []struct {
			method        sip.Method
			uri           string
			require       string
			status        int
			header, value string
		}{
			{sip.OPTIONS, "sip:example.com", "", 200, "Allow", "ACK, BYE, CANCEL, INFO, INVITE, MESSAGE, OPTIONS, PRACK, PUBLISH, REFER, REGISTER, SERVICE, SUBSCRIBE, UPDATE"},
			{sip.OPTIONS, "sip:example.com", "", 200, "Accept", "application/sdp"},
			{sip.OPTIONS, "sip:example.com", "", 200, "Allow-Events", "refer"},
			{sip.REFER, "sip:example.com", "", 404, "", ""},
			{sip.NOTIFY, "sip:example.com", "", 405, "Allow", "REFER"},
			{sip.OPTIONS, "sip:example.org", "", 404, "", ""},
			{sip.MESSAGE, "sip:example.com", "", 405, "Allow", "INVITE"},
			{sip.Method("DANCE"), "sip:example.com", "", 405, "Allow", "INVITE"},
			{sip.BYE, "sip:example.com", "", 481, "", ""},
			{sip.OPTIONS, "sip:example.com", "teleport", 420, "Unsupported", "teleport"},
			{sip.INVITE, "tel:+15550100", "", 416, "", ""},
		} {
			res := alice.AsksOutside(row.method, row.uri, row.require)
			if got := sip.HeaderValue(res, row.header); res.StatusCode != row.status || !strings.Contains(got, row.value) {
				w.Errorf("%s %s: %d, %s %q; want %d, %q", row.method, row.uri, res.StatusCode, row.header, got, row.status, row.value)
			}
		}
	})
}
