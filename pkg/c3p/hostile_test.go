package c3p_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-f3cefc8c/focus/internal/testdata"
	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/strictxml"
)

const (
	open = `<request xmlns="urn:ietf:params:xml:ns:cccp" xmlns:ci="urn:ietf:params:xml:ns:conference-info" ` +
		`xmlns:msci="http://schemas.microsoft.com/rtc/2005/08/confinfoextensions" xmlns:fx="urn:focus:c3p:1" ` +
		`C3PVersion="1" requestId="7" from="sip:bob@example.com" to="sip:f">`
	shut     = `</request>`
	confKeys = `<conferenceKeys confEntity="c"/>`
	userKeys = `<userKeys confEntity="c" userEntity="u"/>`
)

// TestReadWidely: other prefixes, white space, extensions in every place, attributes nobody knows.
func TestReadWidely(t *testing.T) {
	const in = `<?xml version="1.0" encoding="UTF-8"?>
<c:request xmlns:c="urn:ietf:params:xml:ns:cccp" requestId="8" to="sip:f" from="sip:bob@example.com" x:why="so" xmlns:x="urn:x">
	<x:trace>1</x:trace>
	<c:addUser c:attribute="1">
		<c:conferenceKeys confEntity="sip:f" other="1"/>
		<c:user entity="not this one"/>
		<u:user xmlns:u="urn:ietf:params:xml:ns:conference-info" entity="sip:bob@example.com">
			<u:roles>
				<u:entry>
					attendee
				</u:entry>
			</u:roles>
			<x:colour>blue</x:colour>
			<u:endpoint entity="{1}" session-type="audio-video"><s:clientInfo xmlns:s="http://schemas.microsoft.com/rtc/2005/08/confinfoextensions"><cis:separator xmlns:cis="urn:ietf:params:xml:ns:conference-info-separator"/></s:clientInfo></u:endpoint>
		</u:user>
	</c:addUser>
</c:request>`
	got, err := c3p.ParseRequest([]byte(in))
	if err != nil {
		t.Fatal(err)
	}
	want := &c3p.Request{
		RequestID: "8", From: bob, To: "sip:f",
		Command: &c3p.AddUser{Keys: c3p.ConferenceKeys{Entity: "sip:f"}, User: &confinfo.User{
			Entity: bob, Roles: []string{"attendee"},
			Endpoints: []confinfo.Endpoint{{Entity: "{1}", SessionType: "audio-video"}},
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestSIPE reads every C3P document that the real client was seen to send, and every answer it was seen to take.
func TestSIPE(t *testing.T) {
	messages, err := filepath.Glob(filepath.Join(testdata.Dir(t, "sipe"), "*", "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, name := range messages {
		message, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		head, body, _ := bytes.Cut(message, []byte("\r\n\r\n"))
		if !bytes.Contains(head, []byte("application/cccp+xml")) {
			continue
		}
		checkSIPE(t, name, body, seen)
	}
	for _, command := range []string{"getConferencingCapabilities", "addConference", "addUser", "modifyConferenceLock", "modifyUserRoles", "deleteUser"} {
		if seen[command] == 0 {
			t.Errorf("no %s was seen", command)
		}
	}
}

func checkSIPE(t *testing.T, name string, body []byte, seen map[string]int) {
	if strings.Contains(name, "-s2c-") {
		if _, err := c3p.ParseResponse(body); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		return
	}
	request, err := c3p.ParseRequest(body)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	seen[request.Command.Name()]++
	again, err := c3p.ParseRequest(request.AppendXML(nil))
	if err != nil {
		t.Errorf("%s: written: %v", name, err)
	}
	if diff := cmp.Diff(request, again); diff != "" {
		t.Errorf("%s: written (-want +got):\n%s", name, diff)
	}
}

// TestRefused: documents that get 400, and nothing of them is kept.
func TestRefused(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     error // nil: an EnvelopeError
	}{
		{"nothing", "", strictxml.ErrSyntax},
		{"text", "BYE", strictxml.ErrTrailingContent},
		{"doctype", `<!DOCTYPE request [<!ENTITY a "b">]>` + open + `<getConferences/>` + shut, strictxml.ErrDoctype},
		{"deep", open + strings.Repeat("<a>", 100), strictxml.ErrTooDeep},
		{"10,000 attributes", `<request` + manyAttributes(10_000) + `/>`, strictxml.ErrTooManyAttributes},
		{"duplicate from", strings.Replace(open, "from=", `from="sip:admin@example.com" from=`, 1) + shut, strictxml.ErrDuplicateAttribute},
		{"100 MB", open + strings.Repeat(" ", 100<<20) + shut, strictxml.ErrTooLarge},
		{"undeclared prefix", open + `<ms:addUser/>` + shut, strictxml.ErrUndeclaredPrefix},
		{"second request", open + `<getConferences/>` + shut + open + shut, strictxml.ErrTrailingContent},
		{"a response", `<response xmlns="urn:ietf:params:xml:ns:cccp" requestId="1"/>`, nil},
		{"another namespace", `<request requestId="1"><getConferences/></request>`, nil},
		{"no requestId", strings.Replace(open, `requestId="7"`, "", 1) + `<getConferences/>` + shut, nil},
		{"negative requestId", strings.Replace(open, `"7"`, `"-7"`, 1) + `<getConferences/>` + shut, nil},
		{"endless requestId", strings.Replace(open, `"7"`, `"`+strings.Repeat("7", 21)+`"`, 1) + `<getConferences/>` + shut, nil},
		{"version 2", strings.Replace(open, `Version="1"`, `Version="2"`, 1) + `<getConferences/>` + shut, nil},
		{"no command", open + shut, nil},
		{"only an extension", open + `<x xmlns="urn:x"/>` + shut, nil},
		{"two commands", open + `<getConferences/><deleteConference>` + confKeys + `</deleteConference>` + shut, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			request, err := c3p.ParseRequest([]byte(tt.in))
			var envelope *c3p.EnvelopeError
			if tt.want == nil && !errors.As(err, &envelope) || tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("got %v", err)
			}
			if request != nil {
				t.Errorf("request %v", request)
			}
		})
	}
}

// TestContentRefused: commands that get a failure with its reason.
func TestContentRefused(t *testing.T) {
	user := func(inner string) string {
		return `<addUser>` + confKeys + `<ci:user entity="u">` + inner + `</ci:user></addUser>`
	}
	conference := func(inner string) string {
		return `<addConference><ci:conference-info entity=""><ci:conference-description>` + inner +
			`</ci:conference-description></ci:conference-info></addConference>`
	}
	for in, want := range map[string]c3p.Reason{
		`<makeTea/>`:          c3p.ReasonNotImplemented,
		`<fx:addUser/>`:       c3p.ReasonNotImplemented,
		`<startRecording/>`:   c3p.ReasonNotImplemented,
		`<addConference/>`:    c3p.ReasonInvalidContent,
		`<deleteConference/>`: c3p.ReasonInvalidContent,
		`<deleteUser/>`:       c3p.ReasonInvalidContent,
		`<deleteUser><userKeys confEntity="c"/></deleteUser>`:                                                    c3p.ReasonInvalidUserEntity,
		conference(`<msci:expiry-time>tomorrow</msci:expiry-time>`):                                              c3p.ReasonInvalidExpiryTime,
		conference(`<msci:admission-policy>friends</msci:admission-policy>`):                                     c3p.ReasonInvalidAdmissionPolicy,
		conference(`<fx:passcode>secret</fx:passcode>`):                                                          c3p.ReasonInvalidPasscode,
		conference(`<fx:auto-record>perhaps</fx:auto-record>`):                                                   c3p.ReasonInvalidContent,
		conference(`<fx:language>../en</fx:language>`):                                                           c3p.ReasonInvalidContent,
		conference(`<ci:maximum-user-count>-1</ci:maximum-user-count>`):                                          c3p.ReasonInvalidContent,
		`<addUser>` + confKeys + `</addUser>`:                                                                    c3p.ReasonInvalidContent,
		`<addUser>` + confKeys + `<ci:user/></addUser>`:                                                          c3p.ReasonInvalidUserEntity,
		`<addUser>` + confKeys + `<ci:user entity="a"/><ci:user entity="b"/></addUser>`:                          c3p.ReasonInvalidContent,
		`<addUser><ci:user entity="a"/></addUser>`:                                                               c3p.ReasonInvalidContent,
		user(`<ci:roles><ci:entry>king</ci:entry></ci:roles>`):                                                   c3p.ReasonInvalidRole,
		user(`<ci:roles><ci:entry>attendee</ci:entry><ci:entry>presenter</ci:entry></ci:roles>`):                 c3p.ReasonInvalidRole,
		user(`<ci:endpoint entity="1"/><ci:endpoint entity="2"/>`):                                               c3p.ReasonInvalidContent,
		user(`<ci:endpoint entity="1"><fx:sdp type="guess">v=0</fx:sdp></ci:endpoint>`):                          c3p.ReasonInvalidContent,
		user(`<ci:endpoint entity="1"><fx:admitted>yes</fx:admitted></ci:endpoint>`):                             c3p.ReasonInvalidContent,
		user(`<ci:endpoint entity="1"><fx:language>a/b</fx:language></ci:endpoint>`):                             c3p.ReasonInvalidContent,
		`<modifyUserRoles>` + userKeys + `</modifyUserRoles>`:                                                    c3p.ReasonInvalidRole,
		`<modifyConferenceLock>` + confKeys + `</modifyConferenceLock>`:                                          c3p.ReasonInvalidContent,
		`<modifyConferenceLock>` + confKeys + `<locked>maybe</locked></modifyConferenceLock>`:                    c3p.ReasonInvalidContent,
		`<modifyEndpoint><endpointKeys confEntity="c" userEntity="u"/><ci:endpoint entity=""/></modifyEndpoint>`: c3p.ReasonInvalidContent,
		media(`<fx:gain>NaN</fx:gain>`):                                                                          c3p.ReasonInvalidContent,
		media(`<fx:gain>21</fx:gain>`):                                                                           c3p.ReasonInvalidContent,
		media(`<msci:media-ingress-filter>open</msci:media-ingress-filter>`):                                     c3p.ReasonInvalidContent,
		conference(`<fx:passcode>4711</fx:passcode><fx:encrypted-passcode>AAAA</fx:encrypted-passcode>`):         c3p.ReasonInvalidPasscode,
		`<modifyConference/>`: c3p.ReasonInvalidContent,
		`<modifyConference><ci:conference-info entity=""/></modifyConference>`:                c3p.ReasonConferenceEntityInvalid,
		`<modifyConference><ci:conference-info entity="c" version="new"/></modifyConference>`: c3p.ReasonInvalidContent,
		filters(``): c3p.ReasonInvalidContent,
		filters(`<msci:initialFilters><msci:role>presenter</msci:role><msci:ingressFilter>block</msci:ingressFilter></msci:initialFilters>`):         c3p.ReasonInvalidContent,
		filters(`<msci:initialFilters><msci:role>attendee</msci:role></msci:initialFilters>`):                                                        c3p.ReasonInvalidContent,
		filters(`<msci:initialFilters><msci:role>attendee</msci:role><msci:ingressFilter>shout</msci:ingressFilter></msci:initialFilters>`):          c3p.ReasonInvalidContent,
		`<getConference>` + confKeys + `<msci:encryption-key><msci:x509-certificate>!</msci:x509-certificate></msci:encryption-key></getConference>`: c3p.ReasonInvalidEncryptionKey,
		`<modifyUser>` + userKeys + `</modifyUser>`:                                                                       c3p.ReasonInvalidContent,
		`<modifyUser>` + userKeys + `<ci:user entity="u"/></modifyUser>`:                                                  c3p.ReasonInvalidContent,
		`<modifyUser>` + userKeys + `<ci:user entity="other"><ci:display-text>U</ci:display-text></ci:user></modifyUser>`: c3p.ReasonInvalidUserEntity,
		`<modifyUser>` + userKeys + `<ci:user><ci:roles><ci:entry>presenter</ci:entry></ci:roles></ci:user></modifyUser>`: c3p.ReasonInvalidRole,
		`<modifyUser>` + userKeys + `<ci:user><ci:endpoint entity="1"/></ci:user></modifyUser>`:                           c3p.ReasonInvalidContent,
		`<modifyUser><ci:user><ci:display-text>U</ci:display-text></ci:user></modifyUser>`:                                c3p.ReasonInvalidContent,
		`<setLobbyAccess>` + confKeys + `<userEntity>u</userEntity></setLobbyAccess>`:                                     c3p.ReasonInvalidContent,
		`<setLobbyAccess>` + confKeys + `<userEntity>u</userEntity><access>maybe</access></setLobbyAccess>`:               c3p.ReasonInvalidContent,
		`<setUserAccess>` + confKeys + `<access>denied</access></setUserAccess>`:                                          c3p.ReasonInvalidUserEntity,
		`<setUserAccess><userEntity>u</userEntity><access>denied</access></setUserAccess>`:                                c3p.ReasonInvalidContent,
		`<fx:setMediaFilter/>`: c3p.ReasonInvalidContent,
		`<fx:setMediaFilter only="sometimes">` + userKeys + `</fx:setMediaFilter>`:                                                       c3p.ReasonInvalidContent,
		`<fx:setMediaFilter>` + userKeys + `<fx:speaker/></fx:setMediaFilter>`:                                                           c3p.ReasonInvalidUserEntity,
		`<fx:setMediaFilter>` + userKeys + strings.Repeat(`<fx:speaker>a</fx:speaker>`, c3p.MaxFilteredUsers+1) + `</fx:setMediaFilter>`: c3p.ReasonInvalidContent,
		`<fx:spotlight>` + userKeys + `</fx:spotlight>`:                                                                                  c3p.ReasonInvalidContent,
		`<fx:spotlight on="x">` + userKeys + `</fx:spotlight>`:                                                                           c3p.ReasonInvalidContent,
		`<fx:spotlight on="true"/>`:                                                                                      c3p.ReasonInvalidContent,
		`<fx:raiseHand up="true">` + confKeys + `</fx:raiseHand>`:                                                        c3p.ReasonInvalidUserEntity,
		`<fx:raiseHand>` + userKeys + `</fx:raiseHand>`:                                                                  c3p.ReasonInvalidContent,
		`<fx:startRecording format="mp3">` + confKeys + `</fx:startRecording>`:                                           c3p.ReasonInvalidContent,
		`<fx:playPrompt><fx:prompt>pin</fx:prompt></fx:playPrompt>`:                                                      c3p.ReasonInvalidContent,
		`<fx:playPrompt>` + confKeys + `<fx:prompt>../../etc/passwd</fx:prompt></fx:playPrompt>`:                         c3p.ReasonPromptDoesNotExist,
		`<fx:playPrompt repeat="101">` + confKeys + `</fx:playPrompt>`:                                                   c3p.ReasonInvalidContent,
		`<fx:playPrompt interval="60001">` + confKeys + `</fx:playPrompt>`:                                               c3p.ReasonInvalidContent,
		`<fx:playPrompt>` + confKeys + strings.Repeat(`<fx:prompt>a</fx:prompt>`, c3p.MaxPrompts+1) + `</fx:playPrompt>`: c3p.ReasonInvalidContent,
	} {
		request, err := c3p.ParseRequest([]byte(open + in + shut))
		if err == nil || request == nil {
			t.Errorf("%s: got %v, %v", in, request, err)
			continue
		}
		answer := request.Failure(err)
		if answer.Reason != want {
			t.Errorf("%s: %v gives %s, want %s", in, err, answer.Reason, want)
		}
		if _, err := c3p.ParseResponse(answer.AppendXML(nil)); err != nil {
			t.Errorf("%s: the answer: %v", in, err)
		}
	}
}

func media(inner string) string {
	return `<modifyEndpointMedia><mediaKeys confEntity="c" userEntity="u" endpointEntity="(null)" mediaId="1"/><ci:media id="1">` +
		inner + `</ci:media></modifyEndpointMedia>`
}

func filters(inner string) string {
	return `<modifyConference><ci:conference-info entity="c"><msci:conference-view><msci:entity-view entity="m"><msci:entity-state>` +
		`<msci:mediaFiltersRules>` + inner + `</msci:mediaFiltersRules></msci:entity-state></msci:entity-view></msci:conference-view>` +
		`</ci:conference-info></modifyConference>`
}

func manyAttributes(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, " a%d=''", i)
	}
	return b.String()
}
