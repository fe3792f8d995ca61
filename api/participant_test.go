package api

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
)

const teamURI = "sip:2718281828@example.com"

// TestParticipantVerbs: each JSON request is the C3P command that stands beside it.
func TestParticipantVerbs(t *testing.T) {
	const participant = "/v1/conferences/2718281828/participants/"
	for _, row := range []struct {
		method, path, body string
		want               string // the command, as C3P
	}{
		{"PATCH", participant + "sip:bob@example.com", `{"muted":true}`,
			`<modifyEndpointMedia><mediaKeys confEntity="` + teamURI + `" userEntity="sip:bob@example.com" mediaId="1"/>` +
				`<media xmlns="urn:ietf:params:xml:ns:conference-info" id="1"><msci:media-ingress-filter>block</msci:media-ingress-filter></media></modifyEndpointMedia>`},
		{"PATCH", participant + "bob", `{"muted":false}`,
			`<modifyEndpointMedia><mediaKeys confEntity="` + teamURI + `" userEntity="sip:bob@example.com" mediaId="1"/>` +
				`<media xmlns="urn:ietf:params:xml:ns:conference-info" id="1"><msci:media-ingress-filter>unblock</msci:media-ingress-filter></media></modifyEndpointMedia>`},
		{"PATCH", participant + "Bob", `{"deafened":true,"endpoint":"7"}`,
			`<modifyEndpointMedia><mediaKeys confEntity="` + teamURI + `" userEntity="sip:bob@example.com" endpointEntity="7" mediaId="1"/>` +
				`<media xmlns="urn:ietf:params:xml:ns:conference-info" id="1"><msci:media-egress-filter>block</msci:media-egress-filter></media></modifyEndpointMedia>`},
		{"PATCH", participant + "bob", `{"gain":-6.5}`,
			`<modifyEndpointMedia><mediaKeys confEntity="` + teamURI + `" userEntity="sip:bob@example.com" mediaId="1"/>` +
				`<media xmlns="urn:ietf:params:xml:ns:conference-info" id="1"><fx:gain>-6.5</fx:gain></media></modifyEndpointMedia>`},
		{"PATCH", participant + "bob", `{"role":"presenter"}`,
			`<modifyUserRoles><userKeys confEntity="` + teamURI + `" userEntity="sip:bob@example.com"/>` +
				`<user-roles xmlns="urn:ietf:params:xml:ns:conference-info"><entry>presenter</entry></user-roles></modifyUserRoles>`},
		{"DELETE", participant + "sip:anna%2Fb@example.org;guest=3", ``,
			`<deleteUser><userKeys confEntity="` + teamURI + `" userEntity="sip:anna/b@example.org;guest=3"/></deleteUser>`},
		{"PATCH", participant + "bob", `{"displayName":"Bobby"}`,
			`<modifyUser><userKeys confEntity="` + teamURI + `" userEntity="sip:bob@example.com"/>` +
				`<user xmlns="urn:ietf:params:xml:ns:conference-info" entity="sip:bob@example.com"><display-text>Bobby</display-text></user></modifyUser>`},
		{"PATCH", participant + "bob", `{"admitted":true}`,
			`<setLobbyAccess><conferenceKeys confEntity="` + teamURI + `"/><userEntity>sip:bob@example.com</userEntity><access>granted</access></setLobbyAccess>`},
		{"PATCH", participant + "bob", `{"admitted":false}`,
			`<setLobbyAccess><conferenceKeys confEntity="` + teamURI + `"/><userEntity>sip:bob@example.com</userEntity><access>denied</access></setLobbyAccess>`},
		{"PATCH", participant + "bob", `{"handRaised":true}`,
			`<fx:raiseHand up="true"><userKeys confEntity="` + teamURI + `" userEntity="sip:bob@example.com"/></fx:raiseHand>`},
		{"PATCH", participant + "bob", `{"spotlight":false}`,
			`<fx:spotlight on="false"><userKeys confEntity="` + teamURI + `" userEntity="sip:bob@example.com"/></fx:spotlight>`},
		{"PATCH", participant + "bob", `{"hearsOnly":["sip:alice@example.com"]}`,
			`<fx:setMediaFilter only="true"><userKeys confEntity="` + teamURI + `" userEntity="sip:bob@example.com"/><fx:speaker>sip:alice@example.com</fx:speaker></fx:setMediaFilter>`},
		{"PATCH", participant + "bob", `{"hearsAllBut":[]}`,
			`<fx:setMediaFilter><userKeys confEntity="` + teamURI + `" userEntity="sip:bob@example.com"/></fx:setMediaFilter>`},
		{"POST", "/v1/conferences/2718281828/lobby", `{"access":"granted"}`,
			`<setLobbyAccess><conferenceKeys msci:conference-id="2718281828"/><access>granted</access></setLobbyAccess>`},
		{"PATCH", "/v1/conferences/2718281828", `{"locked":true}`,
			`<modifyConferenceLock><conferenceKeys confEntity="` + teamURI + `"/><locked>true</locked></modifyConferenceLock>`},
		{"PATCH", "/v1/conferences/2718281828", `{"announcements":false}`,
			`<modifyConferenceAnnouncements><conferenceKeys confEntity="` + teamURI + `"/><enabled>false</enabled></modifyConferenceAnnouncements>`},
		{"PATCH", "/v1/conferences/2718281828", `{"handsLowered":true}`,
			`<fx:raiseHand up="false"><conferenceKeys confEntity="` + teamURI + `"/></fx:raiseHand>`},
		{"PATCH", "/v1/conferences/2718281828", `{"subject":"","pin":"","invitees":[],"lobby":true,"version":3}`,
			`entity="` + teamURI + `" state="partial" version="3"><conference-description><subject/><fx:passcode/><fx:lobby>true</fx:lobby><fx:invitees/></conference-description></conference-info></modifyConference>`},
		{"PATCH", "/v1/conferences/2718281828", `{"attendeesMuted":"hard"}`,
			`<msci:initialFilters><msci:role>attendee</msci:role><msci:ingressFilter>block</msci:ingressFilter><fx:hard>true</fx:hard></msci:initialFilters>`},
		{"PATCH", "/v1/conferences/2718281828", `{"attendeesMuted":"no"}`,
			`<msci:initialFilters><msci:role>attendee</msci:role><msci:ingressFilter>unblock</msci:ingressFilter></msci:initialFilters>`},
	} {
		w := newWorld(t)
		w.wants(w.do(row.method, row.path, row.body, as("alice")), 204, row.method+" "+row.path)
		if got := string(w.calls[0].Request.AppendXML(nil)); !strings.Contains(got, row.want) {
			t.Errorf("%s %s %s became\n%s\nwant\n%s", row.method, row.path, row.body, got, row.want)
		}
	}
}

func TestParticipantVerbsThatAreRefused(t *testing.T) {
	const bob = "/v1/conferences/2718281828/participants/bob"
	w := newWorld(t)
	for _, row := range []struct{ method, path, body, want string }{
		{"PATCH", bob, `{}`, "Change one thing at a time"},
		{"PATCH", bob, `{"muted":true,"role":"presenter"}`, "one thing at a time"},
		{"PATCH", bob, `{"muted":true,"gain":3}`, "one thing at a time"},
		{"PATCH", bob, `{"role":"boss"}`, "role is presenter or attendee"},
		{"PATCH", bob, `{"role":"attendee","endpoint":"1"}`, "leave endpoint out"},
		{"PATCH", bob, `{"gain":60}`, "between -60 and 20 dB"},
		{"PATCH", bob, `{"mute":true}`, `did you mean "muted"?`},
		{"POST", "/v1/conferences/2718281828/participants", `{}`, "uri is whom to call"},
		{"POST", "/v1/conferences/2718281828/participants", `{"uri":"sip:bob@example.com","role":"boss"}`, "role is presenter or attendee"},
		{"PATCH", "/v1/conferences/2718281828", `{}`, "Nothing is to be changed"},
		{"PATCH", "/v1/conferences/2718281828", `{"locked":true,"subject":"Team"}`, "send each alone"},
		{"PATCH", "/v1/conferences/2718281828", `{"attendeesMuted":"yes"}`, "no, now, soft or hard"},
		{"PATCH", "/v1/conferences/2718281828", `{"handsLowered":false}`, "handsLowered is true"},
		{"PATCH", "/v1/conferences/2718281828", `{"pin":"12x"}`, "A pin has 4 to 16 digits"},
		{"POST", "/v1/conferences/2718281828/lobby", `{"access":"denied"}`, "not be sent away"},
		{"POST", "/v1/conferences/2718281828/lobby", `{"access":"perhaps"}`, "granted or denied"},
	} {
		w.wantsProblem(w.do(row.method, row.path, row.body, as("alice")), 400, row.want)
	}
	w.wantsProblem(w.do("DELETE", "/v1/conferences/a-b/participants/bob", "", as("alice")), 404, "no such conference")
	if len(w.calls) != 0 {
		t.Errorf("%d of them reached the focus", len(w.calls))
	}
}

func TestCallingSomebodyAsJSON(t *testing.T) {
	w := newWorld(t)
	w.serve = func(call *c3p.Call) (c3p.Command, error) {
		switch command := call.Request.Command.(type) {
		case *c3p.AddUser:
			user := *command.User
			user.Endpoints = []confinfo.Endpoint{{Entity: "9", Status: confinfo.StatusDialingOut, JoiningMethod: confinfo.DialedOut}}
			return &c3p.AddUser{Keys: command.Keys, User: &user}, nil
		case *c3p.GetConference:
			return &c3p.GetConference{Conference: meeting()}, nil
		}
		return nil, &c3p.Error{Reason: c3p.ReasonOtherFailure}
	}
	t.Log("# alice has bob called")
	response := w.do("POST", "/v1/conferences/2718281828/participants", `{"uri":"sip:bob@example.com","displayName":"Bob","role":"presenter"}`, as("alice"))
	var called Participant
	body := w.wants(response, 202, "it is being done")
	if err := json.Unmarshal([]byte(body), &called); err != nil || called.Role != "presenter" || called.Endpoints[0].Status != "dialing-out" {
		t.Errorf("got %s", body)
	}
	command := w.calls[0].Request.Command.(*c3p.AddUser)
	if e := command.User.Endpoints; len(e) != 1 || e[0].JoiningMethod != confinfo.DialedOut || command.Keys.ID != "2718281828" {
		t.Errorf("the focus was asked for %+v", command.User)
	}

	t.Log("# the answer says where bob is in the roster")
	body = w.wants(w.do("GET", response.Header.Get("Location"), "", as("alice")), 200, "bob is in")
	if !strings.Contains(body, `"displayName":"Bob"`) {
		t.Errorf("got %s", body)
	}
	w.wantsProblem(w.do("GET", "/v1/conferences/2718281828/participants/carol", "", as("alice")), 404, "There is nobody of that name")

	t.Log("# who is called by a name alone is a user of this server")
	w.wants(w.do("POST", "/v1/conferences/2718281828/participants", `{"uri":"carol"}`, as("alice")), 202, "carol")
	if got := w.calls[len(w.calls)-1].Request.Command.(*c3p.AddUser).User.Entity; conference.UserID(got) != "sip:carol@example.com" {
		t.Errorf("called %s", got)
	}
}
