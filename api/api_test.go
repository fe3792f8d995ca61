package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/cluster"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/registrar"
)

const domain = "example.com"

// world is an API with a focus made of one function, and users alice and root, who is an administrator.
type world struct {
	t   *testing.T
	api http.Handler
	log *strings.Builder

	handler *Handler // the same as api
	store   *cluster.Cluster

	mu    sync.Mutex
	calls []*c3p.Call
	serve func(call *c3p.Call) (c3p.Command, error) // nil: success, without a body
	down  error                                     // what ServeC3P fails with
	slow  time.Duration                             // after this
}

func newWorld(t *testing.T) *world {
	t.Helper()
	store, err := cluster.InMemory(cluster.Config{Realm: domain, Hash: cluster.HashCost{Time: 1, Memory: 8, Threads: 1}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	for _, user := range []cluster.User{{Name: "alice"}, {Name: "root", Administrator: true}} {
		if _, err := store.Users.Add(t.Context(), user, user.Name+"-password"); err != nil {
			t.Fatal(err)
		}
	}
	w := &world{t: t, log: &strings.Builder{}, store: store}
	logger := slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	where, err := registrar.New(registrar.Config{Domain: domain, Store: store.Bindings})
	if err != nil {
		t.Fatal(err)
	}
	w.handler = New(Config{C3P: w, Users: store.Users, Tokens: store.Tokens, Registrar: where, Limiter: cluster.NewLimiter(), Domain: domain, Realm: domain, Logger: logger, Webhooks: store.Webhooks})
	w.api = w.handler
	t.Cleanup(w.handler.Close)
	return w
}

// ServeC3P takes every document through XML, so that nothing but the document can carry meaning.
func (w *world) ServeC3P(_ context.Context, call *c3p.Call) (*c3p.Response, error) {
	w.mu.Lock()
	w.calls = append(w.calls, call)
	serve, down, slow := w.serve, w.down, w.slow
	w.mu.Unlock()
	if time.Sleep(slow); down != nil {
		return nil, down
	}
	request, err := c3p.ParseRequest(call.Request.AppendXML(nil))
	if err != nil {
		w.t.Errorf("the API sent what nobody can read: %v", err)
		return nil, err
	}
	var body c3p.Command
	if serve != nil {
		body, err = serve(&c3p.Call{Principal: call.Principal, Request: request})
	}
	response := request.Success(body)
	if err != nil {
		response = request.Failure(err)
	}
	return c3p.ParseResponse(response.AppendXML(nil))
}

type option func(*http.Request)

func as(name string) option {
	return func(r *http.Request) { r.SetBasicAuth(name, name+"-password") }
}

func with(name, value string) option { return func(r *http.Request) { r.Header.Set(name, value) } }

func (w *world) do(method, path, body string, options ...option) *http.Response {
	w.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if path == "/c3p" {
		r.Header.Set("Content-Type", c3p.MediaType)
	}
	for _, o := range options {
		o(r)
	}
	recorder := httptest.NewRecorder()
	w.api.ServeHTTP(recorder, r)
	return recorder.Result()
}

func (w *world) wants(response *http.Response, status int, why string) string {
	w.t.Helper()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != status {
		w.t.Fatalf("%s: got %s, want %d (%s)", why, response.Status, status, body)
	}
	return string(body)
}

func (w *world) wantsProblem(response *http.Response, status int, text string) {
	w.t.Helper()
	var p Problem
	body := w.wants(response, status, text)
	if err := json.Unmarshal([]byte(body), &p); err != nil || p.Status != status || !strings.Contains(p.Detail, text) {
		w.t.Errorf("got %s, want a problem of status %d with %q", body, status, text)
	}
	if got := response.Header.Get("Content-Type"); got != "application/problem+json" {
		w.t.Errorf("Content-Type %q of a problem", got)
	}
}

// meeting is what the focus of these tests answers with.
func meeting() *confinfo.Document {
	yes, one := true, 1
	return &confinfo.Document{
		Entity: string(conference.FocusURI("sip:alice@example.com", "2718281828")),
		State:  confinfo.Full,
		Description: &confinfo.Description{
			Subject: "Team", ConferenceID: "2718281828", AdmissionPolicy: confinfo.Anonymous, Passcode: "4711", AutoRecord: &yes,
			ConfURIs:  []confinfo.URI{{URI: "sip:2718281828@example.com"}},
			Organizer: "sip:alice@example.com",
		},
		ConferenceState: &confinfo.ConferenceState{UserCount: &one, Active: &yes, Recording: confinfo.RecordingStarted},
		Users: []confinfo.User{{
			Entity: "sip:bob@example.com", DisplayText: "Bob", Roles: []string{confinfo.Attendee},
			Endpoints: []confinfo.Endpoint{{
				Entity: "1", DisplayText: "baresip", Status: confinfo.StatusConnected,
				Media: []confinfo.Media{{ID: "1", Type: "audio", Status: confinfo.SendRecv, IngressFilter: confinfo.Block}},
			}},
		}},
	}
}

func TestConferencesAsJSON(t *testing.T) {
	w := newWorld(t)
	w.serve = func(call *c3p.Call) (c3p.Command, error) {
		switch command := call.Request.Command.(type) {
		case *c3p.AddConference:
			return &c3p.AddConference{Conference: meeting()}, nil
		case *c3p.GetConference:
			if command.Keys.ID != "2718281828" {
				return nil, &c3p.Error{Reason: c3p.ReasonConferenceDoesNotExist}
			}
			return &c3p.GetConference{Conference: meeting()}, nil
		case *c3p.GetConferences:
			return &c3p.GetConferences{Conferences: []*confinfo.Document{meeting()}}, nil
		}
		return nil, nil
	}

	t.Log("# alice makes a conference")
	made := w.do("POST", "/v1/conferences", `{"subject":"Team","admissionPolicy":"anonymous","pin":"4711","expires":"2030-01-01T15:00:00+01:00",`+
		`"autoRecord":true,"invitees":["sip:bob@example.com"]}`, as("alice"))
	body := w.wants(made, 201, "alice may")
	for _, want := range []string{`"uri":"sip:2718281828@example.com"`, `"focusUri":"sip:alice@example.com;gruu;opaque=app:conf:focus:id:2718281828"`, `"pin":"4711"`} {
		if !strings.Contains(body, want) {
			t.Errorf("%s is not in %s", want, body)
		}
	}
	if got := made.Header.Get("Location"); got != "/v1/conferences/2718281828" {
		t.Errorf("Location %q", got)
	}
	call := w.calls[0]
	d := call.Request.Command.(*c3p.AddConference).Conference.Description
	if call.Principal != (c3p.Principal{URI: "sip:alice@example.com", Role: c3p.RoleUser, Authenticated: true}) {
		t.Errorf("the focus was told that %+v asks", call.Principal)
	}
	if d.Subject != "Team" || d.Passcode != "4711" || !*d.AutoRecord || d.Invitees[0] != "sip:bob@example.com" || d.ExpiryTime.Hour() != 14 {
		t.Errorf("the focus was asked for %+v", d)
	}

	t.Log("# and looks at it")
	body = w.wants(w.do("GET", "/v1/conferences/2718281828", "", as("alice")), 200, "it is there")
	if !strings.Contains(body, `"active":true`) || !strings.Contains(body, `"recording":"started"`) {
		t.Errorf("got %s", body)
	}
	body = w.wants(w.do("GET", "/v1/conferences/2718281828/participants", "", as("alice")), 200, "bob is in")
	if !strings.Contains(body, `"displayName":"Bob"`) || !strings.Contains(body, `"muted":true`) {
		t.Errorf("got %s", body)
	}
	body = w.wants(w.do("GET", "/v1/conferences", "", as("alice")), 200, "there is one")
	if strings.Count(body, `"id":`) != 1 {
		t.Errorf("got %s", body)
	}
	w.wantsProblem(w.do("GET", "/v1/conferences/nosuch", "", as("alice")), 404, "no such conference")
	w.wants(w.do("DELETE", "/v1/conferences/2718281828", "", as("alice")), 204, "alice ends it")
}

func TestRecordingAsJSON(t *testing.T) {
	for _, test := range []struct{ body, command, state string }{
		{`{"action":"start"}`, "startRecording", "started"},
		{`{"action":"start","format":"wav"}`, "startRecording", "started"},
		{`{"action":"start","format":"opus"}`, "startRecording", "started"},
		{`{"action":"pause"}`, "pauseRecording", "paused"},
		{`{"action":"resume"}`, "resumeRecording", "started"},
		{`{"action":"stop"}`, "stopRecording", "stopped"},
	} {
		w := newWorld(t)
		body := w.wants(w.do("POST", "/v1/conferences/abc/recording", test.body, as("root")), 200, test.body)
		if !strings.Contains(body, `"recording":"`+test.state+`"`) {
			t.Errorf("%s: got %s", test.body, body)
		}
		if got := w.calls[0].Request.Command.Name(); got != test.command {
			t.Errorf("%s became %s", test.body, got)
		}
	}
	w := newWorld(t)
	w.wantsProblem(w.do("POST", "/v1/conferences/abc/recording", `{"action":"stat"}`, as("root")), 400, `did you mean "start"?`)
	w.wantsProblem(w.do("POST", "/v1/conferences/abc/recording", `{"action":"stop","format":"wav"}`, as("root")), 400, "leave it out")
}

func TestEachReasonHasItsStatus(t *testing.T) {
	for reason, status := range map[c3p.Reason]int{
		c3p.ReasonConferenceExists: 409, c3p.ReasonForbidden: 403, c3p.ReasonConferenceDoesNotExist: 404,
		c3p.ReasonServiceUnavailable: 503, c3p.ReasonInvalidPasscode: 400, "somethingNew": 500,
	} {
		w := newWorld(t)
		w.serve = func(*c3p.Call) (c3p.Command, error) { return nil, &c3p.Error{Reason: reason, Detail: "because"} }
		response := w.do("POST", "/v1/conferences", `{}`, as("alice"))
		if got := response.Header.Get("Retry-After"); (got != "") != (status == 503) {
			t.Errorf("%s: Retry-After %q", reason, got)
		}
		w.wantsProblem(response, status, "Because. ")
	}
	w := newWorld(t)
	w.down = errors.New("secret of ours")
	w.wantsProblem(w.do("POST", "/v1/conferences", `{}`, as("alice")), 503, "There is no answer")
}

func TestJSONIsReadStrictly(t *testing.T) {
	w := newWorld(t)
	for body, want := range map[string]string{
		`{"pni":"4711"}`:                      `There is no field "pni" (did you mean "pin"?)`,
		`{"PIN":"4711"}`:                      `did you mean "pin"?`,
		`{"pin":"1234","pin":"4711"}`:         "pin is there twice",
		`{"pin":4711}`:                        "pin cannot be a number",
		`{"expires":"tomorrow"}`:              "cannot be read",
		`{}{}`:                                "Something follows",
		`[]`:                                  "not a JSON object",
		``:                                    "not a JSON object",
		`{"id":`:                              "not JSON",
		`{"id":"a",}`:                         "not JSON",
		`{"invitees":"sip:bob@example.com"}`:  "invitees cannot be a string",
		`{"` + strings.Repeat("x", 999) + ``:  "not JSON",
		`{"` + strings.Repeat("x", 999) + `"`: "There is no field",
	} {
		w.wantsProblem(w.do("POST", "/v1/conferences", body, as("alice")), 400, want)
	}
	if len(w.calls) != 0 {
		t.Error("one of them reached the focus")
	}
}

const addConference = `<?xml version="1.0"?><request xmlns="urn:ietf:params:xml:ns:cccp" C3PVersion="1" requestId="1"` +
	` from="sip:alice@example.com" to="sip:alice@example.com;gruu;opaque=app:conf:focusfactory">` +
	`<addConference><conference-info xmlns="urn:ietf:params:xml:ns:conference-info" entity=""/></addConference></request>`

func TestC3PIsCarriedOutOnce(t *testing.T) {
	w := newWorld(t)
	w.serve = func(*c3p.Call) (c3p.Command, error) { return &c3p.AddConference{Conference: meeting()}, nil }
	first := w.wants(w.do("POST", "/c3p", addConference, as("alice")), 200, "alice may")
	if _, err := c3p.ParseResponse([]byte(first)); err != nil {
		t.Fatal(err)
	}

	t.Log("# the answer got lost: alice's client sends it again")
	if again := w.wants(w.do("POST", "/c3p", addConference, as("alice")), 200, "again"); again != first {
		t.Errorf("got %s, want %s", again, first)
	}
	if len(w.calls) != 1 {
		t.Errorf("the focus was asked %d times", len(w.calls))
	}

	t.Log("# another command under the same number is another command")
	w.wants(w.do("POST", "/c3p", strings.Replace(addConference, `entity=""`, `entity="sip:x@example.com"`, 1), as("alice")), 200, "a new one")
	if len(w.calls) != 2 {
		t.Errorf("the focus was asked %d times", len(w.calls))
	}
}

func TestC3PThatCannotBeServed(t *testing.T) {
	w := newWorld(t)
	w.wantsProblem(w.do("POST", "/c3p", "hello", as("alice")), 400, "not a C3P request")
	body := w.wants(w.do("POST", "/c3p", strings.ReplaceAll(addConference, "addConference", "addConferense"), as("alice")), 400, "no such command")
	if !strings.Contains(body, `reason="notImplemented"`) {
		t.Errorf("got %s", body)
	}
	body = w.wants(w.do("POST", "/c3p", strings.Replace(addConference, `from="sip:alice`, `from="sip:root`, 1), as("alice")), 403, "alice is not root")
	if !strings.Contains(body, `reason="forbidden"`) {
		t.Errorf("got %s", body)
	}
	if len(w.calls) != 0 {
		t.Error("one of them reached the focus")
	}
	w.down = errors.New("gone")
	response := w.do("POST", "/c3p", addConference, as("alice"))
	if response.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	w.wantsProblem(response, 503, "send the same request again")
	w.down = nil
	w.wants(w.do("POST", "/c3p", addConference, as("alice")), 200, "what had no answer may be tried again")
}

func TestWhoMayComeIn(t *testing.T) {
	w := newWorld(t)
	response := w.do("GET", "/v1/conferences", "")
	if got := strings.Join(response.Header.Values("WWW-Authenticate"), "; "); !strings.Contains(got, "Basic realm") || !strings.Contains(got, "Bearer realm") {
		t.Errorf("WWW-Authenticate: %s", got)
	}
	w.wantsProblem(response, 401, "Log in")
	w.wantsProblem(w.do("GET", "/v1/conferences", "", with("Authorization", "Bearer nonsense")), 401, "wrong")
	w.wantsProblem(w.do("GET", "/v1/conferences", "", with("Authorization", "Digest x")), 401, "Log in")

	t.Log("# a token acts as its owner, one without an owner as the server")
	for owner, want := range map[string]string{"alice": "sip:alice@example.com", "": "sip:admin@example.com"} {
		text, _, err := w.store.Tokens.NewToken(t.Context(), cluster.Token{Owner: owner, Administrator: owner == ""})
		if err != nil {
			t.Fatal(err)
		}
		w.wants(w.do("GET", "/v1/conferences", "", with("Authorization", "Bearer "+text)), 200, "a token")
		if got := w.calls[len(w.calls)-1].Principal; got.URI != want || (got.Role == c3p.RoleAdministrator) != (owner == "") {
			t.Errorf("a token of %q acts as %+v", owner, got)
		}
	}

	t.Log("# the log holds no credentials")
	if log := w.log.String(); strings.Contains(log, "password") || strings.Contains(log, "Bearer") || !strings.Contains(log, "status=401") {
		t.Errorf("log: %s", log)
	}
}

func TestGuessingIsSlow(t *testing.T) {
	w := newWorld(t)
	guess := func(n int) *http.Response {
		return w.do("GET", "/v1/conferences", "", func(r *http.Request) { r.SetBasicAuth("alice", "guess"+strconv.Itoa(n)) })
	}
	for n := range 20 {
		response := guess(n)
		if response.StatusCode == http.StatusTooManyRequests {
			if response.Header.Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
			w.wantsProblem(response, 429, "try again in")
			return
		}
		w.wantsProblem(response, 401, "wrong")
	}
	t.Error("twenty guesses were allowed")
}

func TestUsersAndTokens(t *testing.T) {
	w := newWorld(t)
	w.wantsProblem(w.do("GET", "/v1/users", "", as("alice")), 403, "for administrators")
	w.wants(w.do("POST", "/v1/users", `{"name":"bob","password":"bob-password","displayName":"Bob"}`, as("root")), 201, "root adds bob")
	w.wants(w.do("GET", "/v1/conferences", "", as("bob")), 200, "bob logs in")
	w.wantsProblem(w.do("POST", "/v1/users", `{"name":"bob","password":"bob-password"}`, as("root")), 409, "choose another")
	w.wantsProblem(w.do("POST", "/v1/users", `{"name":"carol","password":"short"}`, as("root")), 400, "password")
	if body := w.wants(w.do("GET", "/v1/users", "", as("root")), 200, "a list"); strings.Count(body, `"uri"`) != 3 || strings.Contains(body, "password") {
		t.Errorf("got %s", body)
	}

	var made Token
	body := w.wants(w.do("POST", "/v1/tokens", `{"owner":"bob","name":"calendar"}`, as("root")), 201, "a token for bob")
	if err := json.Unmarshal([]byte(body), &made); err != nil || made.Token == "" {
		t.Fatalf("got %s", body)
	}
	w.wants(w.do("GET", "/v1/conferences", "", with("Authorization", "bearer "+made.Token)), 200, "it works")
	if body := w.wants(w.do("GET", "/v1/tokens", "", as("root")), 200, "a list"); !strings.Contains(body, made.ID) || strings.Contains(body, made.Token) {
		t.Errorf("got %s", body)
	}
	w.wants(w.do("DELETE", "/v1/tokens/"+made.ID, "", as("root")), 204, "revoked")
	w.wantsProblem(w.do("GET", "/v1/conferences", "", with("Authorization", "Bearer "+made.Token)), 401, "wrong")
	w.wantsProblem(w.do("DELETE", "/v1/tokens/"+made.ID, "", as("root")), 404, "no such token")
	w.wantsProblem(w.do("POST", "/v1/tokens", `{"owner":"nobody"}`, as("root")), 404, "no such user")
	for _, policy := range []string{"any", "none", "registered", "default"} {
		body := w.wants(w.do("PATCH", "/v1/users/bob", `{"dialOut":"`+policy+`"}`, as("root")), 200, "whom bob calls")
		if !strings.Contains(body, `"dialOut":"`+policy+`"`) {
			t.Errorf("%s: %s", policy, body)
		}
	}
	w.wantsProblem(w.do("PATCH", "/v1/users/bob", `{"dialOut":"any"}`, as("alice")), 403, "for administrators")
	w.wantsProblem(w.do("PATCH", "/v1/users/bob", `{"dialOut":"all"}`, as("root")), 400, "none, registered or any")
	w.wantsProblem(w.do("PATCH", "/v1/users/bob", `{}`, as("root")), 400, "none, registered, any or default")
	w.wantsProblem(w.do("PATCH", "/v1/users/nobody", `{"dialOut":"any"}`, as("root")), 404, "no such user")
	w.wantsProblem(w.do("POST", "/v1/users", `{"name":"dave","password":"dave-password","dialOut":"all"}`, as("root")), 400, "none, registered or any")
	w.wants(w.do("DELETE", "/v1/users/bob", "", as("root")), 204, "bob leaves")
	w.wantsProblem(w.do("DELETE", "/v1/users/bob", "", as("root")), 404, "no such user")
}

func TestOpenRoutes(t *testing.T) {
	w := newWorld(t)
	w.wants(w.do("GET", "/healthz", ""), 200, "it lives")
	w.wants(w.do("GET", "/readyz", ""), 200, "it is ready")
	if body := w.wants(w.do("GET", "/openapi.yaml", ""), 200, "the specification"); body != openAPI {
		t.Error("another document")
	}
	w.wantsProblem(w.do("GET", "/nothing", ""), 404, "/openapi.yaml")
	response := w.do("PUT", "/v1/conferences", "")
	if got := response.Header.Get("Allow"); got != "POST, GET" {
		t.Errorf("Allow: %s", got)
	}
	w.wantsProblem(response, 405, "POST, GET")
	for _, name := range []string{"X-Content-Type-Options", "Content-Security-Policy", "Cache-Control", "Strict-Transport-Security"} {
		if response.Header.Get(name) == "" {
			t.Errorf("no %s", name)
		}
	}

	t.Log("# what a stranger is told when the store is gone")
	s := New(Config{Ready: func(context.Context) error { return errors.New("secret of ours") }, Logger: slog.New(slog.DiscardHandler)})
	recorder := httptest.NewRecorder()
	s.ServeHTTP(recorder, httptest.NewRequest("GET", "/readyz", nil))
	if recorder.Code != 503 || strings.Contains(recorder.Body.String(), "secret") {
		t.Errorf("%d %s", recorder.Code, recorder.Body)
	}
}
