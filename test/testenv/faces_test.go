package testenv_test

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
	"github.com/seed-f3cefc8c/focus/test/testenv"
)

// scene is a conference in which olivia presides and bob and carol attend, each with a telephone, olivia and bob with a focus dialog too. Dave has a
// telephone that answers, and is not in.
type scene struct {
	*testenv.World
	https   http.Handler
	clients map[string]*testenv.Client
	phones  map[string]*testenv.Phone
}

func newScene(w *testenv.World) *scene {
	s := &scene{World: w, https: w.API(), clients: map[string]*testenv.Client{"olivia": w.Client("olivia"), "bob": w.Client("bob")}}
	w.Conference(room, func(d *confinfo.Description) { d.AdmissionPolicy, d.Lobby = confinfo.OpenAuthenticated, new(true) })
	s.clients["olivia"].Joins(room)
	s.clients["bob"].Joins(room)
	s.phones = map[string]*testenv.Phone{"olivia": brings(w, "olivia", "olivia"), "bob": brings(w, "bob", "bob")}
	joins(w, "carol")
	w.User("dave")
	dave := w.Phone("dave")
	dave.IsAt("dave")
	dave.Answers = 200
	return s
}

// verb is a row of the table: what a command does, in the words of each face.
type verb struct {
	name    string
	by, of  string // who may do it to whom: olivia, carol
	anybody bool   // so may others
	before  func(s *scene)
	command func(of string) c3p.Command
	json    [3]string // method, path below the conference, body; OF is whom it is about
	refer   string    // Refer-To
	keys    string    // of a telephone; they are about who presses them, or about all
	factory bool      // it names no conference of the dialog's
	told    string    // whose record to compare, if not the room's
}

func users(of string) c3p.UserKeys { return keysOf("sip:" + of + "@example.com") }

const participant = "/participants/sip%3AOF%40example.com"

// verbs is the table. Commands that only look are compared by what they answer.
func verbs() []verb {
	media := func(of string, m confinfo.Media) c3p.Command {
		m.ID = "1"
		return &c3p.ModifyEndpointMedia{Keys: c3p.MediaKeys{Conference: testenv.FocusURI(room), User: "sip:" + of + "@example.com", Media: "1"}, Media: &m}
	}
	recording := func(s *scene) {
		s.Succeeds(testenv.Admin, &c3p.StartRecording{Keys: testenv.Keys(room)})
	}
	return []verb{
		{name: "getConferencingCapabilities", anybody: true, factory: true, command: func(string) c3p.Command { return &c3p.GetConferencingCapabilities{} }},
		{name: "getAvailableMcuTypes", anybody: true, factory: true, command: func(string) c3p.Command { return &c3p.GetAvailableMCUTypes{} }},
		{name: "getConference", anybody: true, command: func(string) c3p.Command { return &c3p.GetConference{Keys: testenv.Keys(room)} }, json: [3]string{"GET"}, keys: "*#"},
		{name: "getConferences", anybody: true, factory: true, command: func(string) c3p.Command { return &c3p.GetConferences{} }, json: [3]string{"GET", "/.."}},
		{name: "addConference", anybody: true, factory: true, told: "2222222222", command: func(string) c3p.Command {
			return &c3p.AddConference{Conference: &confinfo.Document{Description: &confinfo.Description{ConferenceID: "2222222222", Subject: "Two"}}}
		}, json: [3]string{"POST", "/..", `{"id":"2222222222","subject":"Two"}`}},
		{name: "modifyConference", command: func(string) c3p.Command {
			return &c3p.ModifyConference{Conference: &confinfo.Document{Entity: testenv.FocusURI(room), State: confinfo.Partial,
				Description: &confinfo.Description{AdmissionPolicy: confinfo.Anonymous}}}
		}, json: [3]string{"PATCH", "", `{"admissionPolicy":"anonymous"}`}},
		{name: "modifyConference (mute all)", command: func(string) c3p.Command { return muteAll(confinfo.Block) }, json: [3]string{"PATCH", "", `{"attendeesMuted":"soft"}`}, keys: "*8"},
		{name: "modifyConferenceLock", command: func(string) c3p.Command {
			return &c3p.ModifyConferenceLock{Keys: testenv.Keys(room), Locked: true}
		}, json: [3]string{"PATCH", "", `{"locked":true}`}, keys: "*7"},
		{name: "deleteConference", command: func(string) c3p.Command { return &c3p.DeleteConference{Keys: testenv.Keys(room)} }, json: [3]string{"DELETE"}},
		{name: "addUser (dial-out)", of: "dave", command: func(of string) c3p.Command {
			return &c3p.AddUser{Keys: testenv.Keys(room), User: &confinfo.User{Entity: "sip:" + of + "@example.com",
				Endpoints: []confinfo.Endpoint{{JoiningMethod: confinfo.DialedOut, SessionType: confinfo.SessionAudioVideo}}}}
		}, json: [3]string{"POST", "/participants", `{"uri":"sip:OF@example.com"}`}, refer: "<sip:OF@example.com>"},
		{name: "deleteUser", command: func(of string) c3p.Command { return &c3p.DeleteUser{Keys: users(of)} },
			json: [3]string{"DELETE", participant}, refer: "<sip:OF@example.com;method=BYE>"},
		{name: "modifyUser", command: func(of string) c3p.Command {
			return &c3p.ModifyUser{Keys: users(of), User: &confinfo.User{Entity: "sip:" + of + "@example.com", DisplayText: "Somebody"}}
		}, json: [3]string{"PATCH", participant, `{"displayName":"Somebody"}`}},
		{name: "modifyUserRoles", command: func(of string) c3p.Command {
			return &c3p.ModifyUserRoles{Keys: users(of), Roles: []string{confinfo.Presenter}}
		}, json: [3]string{"PATCH", participant, `{"role":"presenter"}`}},
		{name: "setLobbyAccess", of: "erin", before: waiting, command: func(of string) c3p.Command {
			return access("sip:"+of+"@elsewhere.example;guest=1", c3p.AccessGranted)
		}, json: [3]string{"PATCH", "/participants/sip%3AOF%40elsewhere.example%3Bguest%3D1", `{"admitted":true}`}},
		{name: "setLobbyAccess (all)", of: "erin", before: waiting, command: func(string) c3p.Command { return access("", c3p.AccessGranted) },
			json: [3]string{"POST", "/lobby", `{"access":"granted"}`}, keys: "*9"},
		{name: "modifyEndpointMedia (mute)", command: func(of string) c3p.Command { return media(of, confinfo.Media{IngressFilter: confinfo.Block}) },
			json: [3]string{"PATCH", participant, `{"muted":true}`}},
		{name: "modifyEndpointMedia (own)", by: "bob", of: "bob", command: func(of string) c3p.Command { return media(of, confinfo.Media{IngressFilter: confinfo.Block}) },
			json: [3]string{"PATCH", participant, `{"muted":true}`}, keys: "*6"},
		{name: "modifyEndpointMedia (hard)", by: "bob", of: "bob", anybody: true, before: mutedHard,
			command: func(of string) c3p.Command { return media(of, confinfo.Media{IngressFilter: confinfo.Unblock}) },
			json:    [3]string{"PATCH", participant, `{"muted":false}`}, keys: "*6"},
		{name: "modifyEndpointMedia (gain)", command: func(of string) c3p.Command { return media(of, confinfo.Media{Gain: new(-6.5)}) },
			json: [3]string{"PATCH", participant, `{"gain":-6.5}`}},
		{name: "modifyConferenceAnnouncements", command: func(string) c3p.Command {
			return &c3p.ModifyConferenceAnnouncements{Keys: testenv.Keys(room)}
		}, json: [3]string{"PATCH", "", `{"announcements":false}`}},
		{name: "setMediaFilter", command: func(of string) c3p.Command {
			return &c3p.SetMediaFilter{Keys: users(of), Only: true, Users: []string{testenv.Organizer}}
		}, json: [3]string{"PATCH", participant, `{"hearsOnly":["` + testenv.Organizer + `"]}`}},
		{name: "spotlight", command: func(of string) c3p.Command { return &c3p.Spotlight{Keys: users(of), On: true} },
			json: [3]string{"PATCH", participant, `{"spotlight":true}`}},
		{name: "raiseHand", by: "bob", of: "bob", command: func(of string) c3p.Command {
			return &c3p.RaiseHand{Keys: c3p.EndpointKeys{Conference: testenv.FocusURI(room), User: "sip:" + of + "@example.com"}, Up: true}
		}, json: [3]string{"PATCH", participant, `{"handRaised":true}`}, keys: "*1"},
		{name: "startRecording", command: func(string) c3p.Command { return &c3p.StartRecording{Keys: testenv.Keys(room)} },
			json: [3]string{"POST", "/recording", `{"action":"start"}`}, keys: "*5"},
		{name: "pauseRecording", before: recording, command: func(string) c3p.Command { return &c3p.PauseRecording{Keys: testenv.Keys(room)} },
			json: [3]string{"POST", "/recording", `{"action":"pause"}`}},
		{name: "stopRecording", before: recording, command: func(string) c3p.Command { return &c3p.StopRecording{Keys: testenv.Keys(room)} },
			json: [3]string{"POST", "/recording", `{"action":"stop"}`}, keys: "*5"},
		{name: "stopRecording (none runs)", command: func(string) c3p.Command { return &c3p.StopRecording{Keys: testenv.Keys(room)} },
			json: [3]string{"POST", "/recording", `{"action":"stop"}`}},
		{name: "modifyEndpoint", command: func(of string) c3p.Command {
			return &c3p.ModifyEndpoint{Keys: c3p.EndpointKeys{Conference: testenv.FocusURI(room), User: "sip:" + of + "@example.com", Endpoint: "none"},
				Endpoint: &confinfo.Endpoint{Entity: "none", Language: "es"}}
		}},
		{name: "deleteUser (nobody)", of: "nobody", command: func(of string) c3p.Command { return &c3p.DeleteUser{Keys: users(of)} },
			json: [3]string{"DELETE", participant}, refer: "<sip:OF@example.com;method=BYE>"},
	}
}

func waiting(s *scene) {
	erin := s.Phone("erin")
	erin.Dials(dial)
	erin.WantsAnswer()
}

func mutedHard(s *scene) {
	s.Succeeds(testenv.Admin, muteAll(confinfo.Block, func(f *confinfo.InitialFilter) { f.Hard = true }))
}

// reached is what came of a verb through one face.
type reached struct {
	Reason c3p.Reason // "": obeyed
	Answer string     // of C3P
	State  string     // the conference as an administrator sees it
	News   string     // what a watcher is told
}

// face is a column: how somebody sends a verb. ok is false where the face has no such verb.
type face struct {
	name string
	send func(s *scene, by, of string, v verb) (reason c3p.Reason, answer string, ok bool)
}

func faces() []face {
	return []face{{"HTTPS", byHTTPS}, {"SERVICE", bySERVICE}, {"INFO", byINFO}, {"JSON", byJSON}, {"REFER", byREFER}, {"DTMF", byDTMF}}
}

func answered(r *c3p.Response) (c3p.Reason, string, bool) {
	if r.Code == c3p.Failure {
		return r.Reason, "", true
	}
	return "", string((&c3p.Response{Code: r.Code, Command: r.Command, Body: r.Body}).AppendXML(nil)), true
}

func byHTTPS(s *scene, by, of string, v verb) (c3p.Reason, string, bool) {
	return answered(s.Posts(s.https, by, v.command(of)))
}

func bySERVICE(s *scene, by, of string, v verb) (c3p.Reason, string, bool) {
	return answered(s.clients[by].Commands(v.command(of)))
}

func byINFO(s *scene, by, of string, v verb) (c3p.Reason, string, bool) {
	if v.factory {
		return "", "", false
	}
	status, response := s.clients[by].Informs(room, v.command(of))
	if (response.Code == c3p.Failure) != (status >= 300) {
		s.Errorf("%s by INFO: %d with %+v", v.name, status, response)
	}
	return answered(response)
}

func byJSON(s *scene, by, of string, v verb) (c3p.Reason, string, bool) {
	if v.json[0] == "" {
		return "", "", false
	}
	path := strings.TrimSuffix("/v1/conferences/"+room+strings.ReplaceAll(v.json[1], "OF", of), "/"+room+"/..")
	return s.JSON(s.https, by, v.json[0], path, strings.ReplaceAll(v.json[2], "OF", of)), "", true
}

// byREFER: a REFER has no reason, but a status.
func byREFER(s *scene, by, of string, v verb) (c3p.Reason, string, bool) {
	if v.refer == "" {
		return "", "", false
	}
	res, err := s.clients[by].Dialog().Request(s.Context(), sip.REFER, "", nil, sip.NewHeader("Refer-To", strings.ReplaceAll(v.refer, "OF", of)))
	if err != nil {
		s.Fatal(err)
	}
	reason, known := map[int]c3p.Reason{202: "", 403: c3p.ReasonForbidden, 404: c3p.ReasonUserDoesNotExist}[res.StatusCode]
	if !known {
		s.Errorf("%s by REFER: %d", v.name, res.StatusCode)
	}
	return reason, "", true
}

// byDTMF: who presses keys is told by prompts what came of it.
func byDTMF(s *scene, by, of string, v verb) (c3p.Reason, string, bool) {
	if v.keys == "" || v.of == v.by && v.by != "" && of != by {
		return "", "", false
	}
	s.MCU.Played()
	s.phones[by].Presses(v.keys)
	s.Later(0)
	switch said := strings.Join(s.MCU.Played(), " "); said {
	case "not-permitted":
		return c3p.ReasonForbidden, "", true
	case "", "failed":
		s.Errorf("%s by DTMF: it says %q", v.name, said)
	}
	return "", "", true
}

var (
	volatile = regexp.MustCompile(`"[0-9a-f]{16}"`) // endpoints of telephones
	version  = regexp.MustCompile(` version="\d+"`)
)

func steady(text string) string {
	return version.ReplaceAllString(volatile.ReplaceAllString(text, `"TAG"`), "")
}

// through tells what a verb leads to through a face; ok is false where the face has no such verb.
func through(t *testing.T, f face, v verb, by, of string) (r reached, ok bool) {
	testenv.Run(t, func(w *testenv.World) {
		s := newScene(w)
		if v.before != nil {
			v.before(s)
		}
		w.Later(time.Second)
		watch, err := w.Focus.Watch(w.Context(), testenv.Admin, room)
		if err != nil {
			w.Fatal(err)
		}
		defer watch.Close()
		known, err := watch.Since(w.Context(), 0)
		if err != nil {
			w.Fatal(err)
		}
		before := s.state(or(v.told, room))
		if r.Reason, r.Answer, ok = f.send(s, by, of, v); !ok {
			return
		}
		w.Later(time.Second)
		news, err := watch.Since(w.Context(), known.Revision)
		if err != nil {
			w.Fatal(err)
		}
		if news.Document != nil {
			r.News = steady(string(news.Document.AppendXML(nil)))
		}
		r.Answer, r.State = steady(r.Answer), s.state(or(v.told, room))
		if changes := r.Reason == "" && !strings.HasPrefix(v.name, "get"); (r.State != before) != changes {
			w.Errorf("%s by %s through %s: the state is another one: %v, want %v", v.name, by, f.name, !changes, changes)
		}
	})
	return r, ok
}

// state is a conference as it is, or why there is none.
func (s *scene) state(id string) string {
	keys := testenv.Keys(id)
	response := s.Command(testenv.Admin, &c3p.GetConference{Keys: keys})
	if response.Code != c3p.Success {
		return string(response.Reason)
	}
	return steady(string(response.Body.(*c3p.GetConference).Conference.AppendXML(nil)))
}

func or(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// TestEachVerbThroughEachFace: "each verb through each face leads to the same state and the same notification, and the same refusals". Run with -v it
// prints the table: what whoever may do it gets, and what an attendee gets who may not.
func TestEachVerbThroughEachFace(t *testing.T) {
	table := fmt.Sprintf("%-32s", "")
	for _, f := range faces() {
		table += fmt.Sprintf("%-34s", f.name)
	}
	for _, v := range verbs() {
		row := fmt.Sprintf("%-32s", v.name)
		t.Run(v.name, func(t *testing.T) {
			done, refused := map[string]reached{}, map[string]reached{}
			for _, f := range faces() {
				cell := "-"
				if r, ok := through(t, f, v, or(v.by, "olivia"), or(v.of, "carol")); ok {
					done[f.name] = r
					cell = or(string(r.Reason), "done")
				}
				if !v.anybody && cell != "-" {
					about := or(v.of, "carol")
					if about == "bob" {
						about = "carol"
					}
					if r, ok := through(t, f, v, "bob", about); ok { // keys are about who presses them
						refused[f.name] = r
						cell += "/" + or(string(r.Reason), "done")
					}
				}
				row += fmt.Sprintf("%-34s", cell)
			}
			same(t, "done", done)
			same(t, "refused", refused)
			for name, r := range refused {
				if r.Reason == "" || r.News != "" {
					t.Errorf("an attendee by %s: %q, news %q", name, r.Reason, r.News)
				}
			}
		})
		table += "\n" + strings.TrimRight(row, " ")
	}
	t.Log("verb by face: whoever may / an attendee\n" + table)
}

// same compares all faces with the first one; only C3P has answers.
func same(t *testing.T, what string, got map[string]reached) {
	t.Helper()
	names := make([]string, 0, len(got))
	for _, f := range faces() {
		if _, ok := got[f.name]; ok {
			names = append(names, f.name)
		}
	}
	for _, name := range names[min(1, len(names)):] {
		first, other := got[names[0]], got[name]
		if !slices.Contains([]string{"SERVICE", "INFO"}, name) {
			other.Answer = first.Answer
		}
		if diff := cmp.Diff(first, other); diff != "" {
			t.Errorf("%s by %s and by %s (-, +):\n%s", what, names[0], name, diff)
		}
	}
}
