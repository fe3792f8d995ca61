package c3p_test

import (
	"errors"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/beevik/etree"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/strictxml"
)

// The documents under testdata are laid out for people. What we write is the same without the white space between tags and
// with one blank between attributes.
var (
	betweenTags = regexp.MustCompile(`>\s+<`)
	betweenAttr = regexp.MustCompile(`\n +`)
)

func compact(text []byte) string {
	s := betweenTags.ReplaceAllString(strings.TrimSpace(string(text)), "><")
	return betweenAttr.ReplaceAllString(s, " ")
}

// file returns the document of a row: "addUser-offer" and "request" are testdata/addUser/offer-request.xml.
func file(t testing.TB, row, kind string) []byte {
	t.Helper()
	command, variant, _ := strings.Cut(row, "-")
	name := kind + ".xml"
	if variant != "" {
		name = variant + "-" + name
	}
	data, err := os.ReadFile(filepath.Join("testdata", command, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// checkOut compares what was written, and has etree confirm that it is XML.
func checkOut(t *testing.T, in, out []byte) {
	t.Helper()
	if diff := cmp.Diff(compact(in), string(out)); diff != "" {
		t.Errorf("text out (-want +got):\n%s", diff)
	}
	if err := etree.NewDocument().ReadFromBytes(out); err != nil {
		t.Errorf("etree: %v", err)
	}
}

func TestRequests(t *testing.T) {
	for name, want := range requests {
		t.Run(name, func(t *testing.T) {
			in := file(t, name, "request")
			got, err := c3p.ParseRequest(in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.AddrPort{})); diff != "" {
				t.Errorf("value (-want +got):\n%s", diff)
			}
			checkOut(t, in, want.AppendXML(nil))
		})
	}
}

func TestResponses(t *testing.T) {
	for name, want := range responses {
		t.Run(name, func(t *testing.T) {
			in := file(t, name, "response")
			got, err := c3p.ParseResponse(in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.AddrPort{})); diff != "" {
				t.Errorf("value (-want +got):\n%s", diff)
			}
			checkOut(t, in, want.AppendXML(nil))
		})
	}
}

func TestNotifications(t *testing.T) {
	for name, want := range notifications {
		t.Run(name, func(t *testing.T) {
			in, err := os.ReadFile(filepath.Join("testdata", "notification", name+".xml"))
			if err != nil {
				t.Fatal(err)
			}
			got, err := c3p.ParseNotification(in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.AddrPort{})); diff != "" {
				t.Errorf("value (-want +got):\n%s", diff)
			}
			checkOut(t, in, want.AppendXML(nil))
		})
	}
}

// TestEveryCommandHasRows: no command without a request and a response, no file without a row.
func TestEveryCommandHasRows(t *testing.T) {
	for _, name := range c3p.CommandNames() {
		if requests[name] == nil || responses[name] == nil {
			t.Errorf("%s has no row", name)
		}
	}
	files, err := filepath.Glob("testdata/*/*.xml")
	if err != nil {
		t.Fatal(err)
	}
	if rows := len(requests) + len(responses) + len(notifications); len(files) != rows {
		t.Errorf("%d files, %d rows", len(files), rows)
	}
}

func TestFailure(t *testing.T) {
	request := requests["deleteUser"]
	for _, tt := range []struct {
		err    error
		reason c3p.Reason
		detail string
	}{
		{&c3p.Error{Reason: c3p.ReasonForbidden, Detail: "presenters only", Err: errors.New("secret")}, c3p.ReasonForbidden, "presenters only"},
		{&c3p.UnknownCommandError{Name: "x"}, c3p.ReasonNotImplemented, "unknown command x"},
		{&c3p.ContentError{Reason: c3p.ReasonInvalidRole, Detail: "no role"}, c3p.ReasonInvalidRole, "no role"},
		{errors.New("nats: no responders"), c3p.ReasonOtherFailure, ""},
	} {
		response, err := c3p.ParseResponse(request.Failure(tt.err).AppendXML(nil))
		if err != nil {
			t.Fatal(err)
		}
		want := &c3p.Error{Reason: tt.reason, Detail: tt.detail}
		if diff := cmp.Diff(want, response.Err()); diff != "" {
			t.Errorf("%v: (-want +got):\n%s", tt.err, diff)
		}
		if response.From != request.To || response.To != request.From || response.RequestID != request.RequestID {
			t.Errorf("the answer goes to %s", response.To)
		}
	}
	if err := request.Success(nil).Err(); err != nil {
		t.Errorf("success is %v", err)
	}
}

// TestResponseReadWidely: what other servers answer.
func TestResponseReadWidely(t *testing.T) {
	const head = `<response xmlns="urn:ietf:params:xml:ns:cccp" requestId="1" from="a" to="b" `
	for in, want := range map[string]*c3p.Response{
		head + `code="success"><endorseUser result="success"/></response>`: {Code: c3p.Success, Command: "endorseUser"},
		head + `code="failure"><addUser/></response>`:                      {Code: c3p.Failure, Command: "addUser"},
		head + `code="success"><getConferences><list><c:conference-info xmlns:c="urn:ietf:params:xml:ns:conference-info" entity="e"/></list></getConferences></response>`: {
			Code: c3p.Success, Command: "getConferences",
			Body: &c3p.GetConferences{Conferences: []*confinfo.Document{{Entity: "e"}}},
		},
	} {
		want.RequestID, want.From, want.To = "1", "a", "b"
		got, err := c3p.ParseResponse([]byte(in))
		if err != nil {
			t.Errorf("%s: %v", in, err)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.AddrPort{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", in, diff)
		}
	}
	for _, in := range []string{
		head + `code="maybe"><addUser/></response>`, head + `><addUser/></response>`, head + `code="success"/>`,
		head + `code="success"><addUser><user xmlns="urn:ietf:params:xml:ns:conference-info" state="x"/></addUser></response>`,
	} {
		if got, err := c3p.ParseResponse([]byte(in)); err == nil || got != nil {
			t.Errorf("%s was read", in)
		}
	}
}

func TestNotificationRefused(t *testing.T) {
	const head = `<fx:notification xmlns:fx="urn:focus:c3p:1" from="a" to="b">`
	for _, in := range []string{
		`<notification from="a" to="b"/>`,
		head + `<fx:digit digit="E"/></fx:notification>`,
		head + `<fx:digit digit="12"/></fx:notification>`,
		head + `<fx:digit digit="1" duration="-5"/></fx:notification>`,
		head + `<fx:quality><fx:received lossRate="NaN"/></fx:quality></fx:notification>`,
		head + `<fx:quality><fx:received lossRate="1.5"/></fx:quality></fx:notification>`,
		head + `<fx:quality><fx:sent ssrc="-1"/></fx:quality></fx:notification>`,
		head + `<fx:quality start="yesterday"/></fx:notification>`,
		head + `<fx:quality localAddress="nowhere"/></fx:notification>`,
		head + `<response xmlns="urn:ietf:params:xml:ns:cccp" code="success"/></fx:notification>`,
		head + `<conference-info xmlns="urn:ietf:params:xml:ns:conference-info" entity="" version="-1"/></fx:notification>`,
	} {
		if _, err := c3p.ParseNotification([]byte(in)); err == nil {
			t.Errorf("%s was read", in)
		}
	}
	n, err := c3p.ParseNotification([]byte(head + `<fx:weather/><other/></fx:notification>`))
	if err != nil || len(n.Events) != 0 {
		t.Errorf("unknown events: %v, %v", n, err)
	}
}

// TestAppendAllocates one Writer, that the command sees through its interface, and nothing else.
func TestAppendAllocates(t *testing.T) {
	buf := make([]byte, 0, 16<<10)
	for _, name := range slices.Sorted(maps.Keys(requests)) {
		if name == "modifyEndpointMedia" || name == "getConference-key" {
			continue // the gain, a float; base64
		}
		request := requests[name]
		if n := testing.AllocsPerRun(100, func() { buf = request.AppendXML(buf[:0]) }); n > 1 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// TestDocumentation: the examples in docs/protocol/c3p.md are the files of this package, and the reasons and elements it lists
// are those of the code.
func TestDocumentation(t *testing.T) {
	text, err := os.ReadFile("../../docs/protocol/c3p.md")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]string{}
	files, err := filepath.Glob("testdata/*/*.xml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		known[string(data)] = name
	}
	examples := regexp.MustCompile("(?s)```xml\n(.*?)```").FindAllSubmatch(text, -1)
	if len(examples) == 0 {
		t.Error("no examples")
	}
	for _, example := range examples {
		if known[string(example[1])] == "" {
			t.Errorf("not a file under testdata:\n%s", example[1])
		}
		if _, err := strictxml.Parse(example[1]); err != nil {
			t.Errorf("%v:\n%s", err, example[1])
		}
	}
	for _, name := range c3p.ExtensionNames() {
		if !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("%s is not documented", name)
		}
	}
}
