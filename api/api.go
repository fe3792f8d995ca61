package api

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gorilla/mux"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/cluster"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/registrar"
)

// Config is what the API needs.
type Config struct {
	C3P       c3p.Handler // the focus
	Watches   Watches     // the same; nil: there are no events
	Users     Users
	Tokens    Tokens
	Registrar Registrar
	Limiter   Limiter
	Ready     func(ctx context.Context) error // why requests would fail now; nil: they would not
	Domain    string                          // conferences are dialled as sip:ID@Domain
	Realm     string                          // of credentials and of users' URIs (cluster.Realm)
	Logger    *slog.Logger                    // nil: slog.Default()

	Webhooks      Webhooks          // nil: nobody can register one
	FixedWebhooks []cluster.Webhook // of the configuration: they are told everything
	HookSender    HookSender        // nil: no webhook is told

	TURN  *TURN // nil: there is none
	Calls Calls // nil: none are kept

	WebSocket http.Handler // of SIP over WebSocket, at /ws; nil: 404
}

// Users are those who may log in; *cluster.Users are.
type Users interface {
	// CheckPassword fails with cluster.ErrWrongCredentials or cluster.ErrBusy.
	CheckPassword(ctx context.Context, name, password string) (cluster.User, error)
	Add(ctx context.Context, user cluster.User, password string) (cluster.User, error)
	Get(ctx context.Context, name string) (cluster.User, error)
	List(ctx context.Context) ([]cluster.User, error)
	Remove(ctx context.Context, name string) error
	SetDialOut(ctx context.Context, name, policy string) (cluster.User, error)
}

// Registrar knows which telephones have registered; *registrar.Registrar does.
type Registrar interface {
	ByUser(ctx context.Context, now time.Time) (map[string][]registrar.Binding, error)
	BindingsOf(ctx context.Context, now time.Time, user string) ([]registrar.Binding, error)
	RemoveOf(ctx context.Context, now time.Time, user, contact string) (removed int, err error)
}

// Tokens are the bearer tokens; *cluster.Tokens are.
type Tokens interface {
	// CheckToken fails with cluster.ErrWrongCredentials.
	CheckToken(ctx context.Context, text string) (cluster.Token, error)
	NewToken(ctx context.Context, token cluster.Token) (text string, _ cluster.Token, err error)
	List(ctx context.Context, owner string) ([]cluster.Token, error)
	Revoke(ctx context.Context, id string) error
}

// Limiter slows down who guesses; *cluster.Limiter does.
type Limiter interface {
	Allow(now time.Time, address netip.Addr, user string) (wait time.Duration)
	Failed(now time.Time, address netip.Addr, user string)
	Succeeded(now time.Time, address netip.Addr, user string)
}

// server has what the handlers share. What changes in it may be used by all of them at once.
type server struct {
	Config
	answers  *answers      // to C3P
	made     *answers      // to requests with an Idempotency-Key
	requests atomic.Uint64 // numbers the C3P requests that JSON becomes
	finals   finals
	streams  streams
	hooks    hooks
	feeds    feeds
	running  running
}

// route is one row of the API. Who may use it is said by the wrapper around its handler.
type route struct {
	method, path string
	handler      http.HandlerFunc
}

// routes lists all there is; openapi.yaml describes each.
func (s *server) routes() []route {
	return []route{
		{"GET", "/healthz", s.getHealth},
		{"GET", "/readyz", s.getReady},
		{"GET", "/openapi.yaml", s.getOpenAPI},
		{"GET", webSocketPath, s.getWebSocket},
		{"POST", "/c3p", s.user(s.postC3P)},
		{"GET", "/c3p/{requestId}", s.user(s.getC3P)},
		{"POST", "/v1/conferences", s.user(s.postConference)},
		{"GET", "/v1/conferences", s.user(s.getConferences)},
		{"GET", "/v1/conferences/{id}", s.user(s.getConference)},
		{"PATCH", "/v1/conferences/{id}", s.user(s.patchConference)},
		{"DELETE", "/v1/conferences/{id}", s.user(s.deleteConference)},
		{"GET", "/v1/conferences/{id}/participants", s.user(s.getParticipants)},
		{"POST", "/v1/conferences/{id}/participants", s.user(s.postParticipant)},
		{"GET", "/v1/conferences/{id}/participants/{user}", s.user(s.getParticipant)},
		{"PATCH", "/v1/conferences/{id}/participants/{user}", s.user(s.patchParticipant)},
		{"DELETE", "/v1/conferences/{id}/participants/{user}", s.user(s.deleteParticipant)},
		{"POST", "/v1/conferences/{id}/lobby", s.user(s.postLobby)},
		{"GET", "/v1/conferences/{id}/events", s.user(s.getEvents)},
		{"GET", "/v1/events", s.user(s.getAllEvents)},
		{"POST", "/v1/conferences/{id}/recording", s.user(s.postRecording)},
		{"POST", "/v1/webhooks", s.user(s.postWebhook)},
		{"GET", "/v1/webhooks", s.user(s.getWebhooks)},
		{"DELETE", "/v1/webhooks/{id}", s.user(s.deleteWebhook)},
		{"GET", "/v1/calls", s.administrator(s.getCalls)},
		{"GET", "/v1/calls/{callID}", s.administrator(s.getCall)},
		{"GET", "/v1/turn", s.user(s.getTURN)},
		{"POST", "/v1/turn", s.user(s.postTURN)},
		{"POST", "/v1/users", s.administrator(s.postUser)},
		{"GET", "/v1/users", s.administrator(s.getUsers)},
		{"PATCH", "/v1/users/{name}", s.administrator(s.patchUser)},
		{"DELETE", "/v1/users/{name}", s.administrator(s.deleteUser)},
		{"GET", "/v1/users/{name}/bindings", s.administrator(s.getBindings)},
		{"DELETE", "/v1/users/{name}/bindings", s.administrator(s.deleteBindings)},
		{"POST", "/v1/tokens", s.administrator(s.postToken)},
		{"GET", "/v1/tokens", s.administrator(s.getTokens)},
		{"DELETE", "/v1/tokens/{id}", s.administrator(s.deleteToken)},
	}
}

// Handler is the API.
type Handler struct {
	http.Handler
	server *server
}

// Close ends what goes on behind the requests, commands that take long and streams of events, and waits for it.
func (h *Handler) Close() { h.server.running.close() }

// LoadWebhooks reads those that are registered. Call it once, before conferences start.
func (h *Handler) LoadWebhooks(ctx context.Context) error { return h.server.hooks.load(ctx) }

// ConferenceStarted has those told of a conference that is on now who follow all: webhooks and feeds. It does not block.
func (h *Handler) ConferenceStarted(id conference.ID) {
	h.server.hooks.started(id)
	h.server.feeds.started(id)
}

// New makes the API. Serve it with NewServer, which has the time-outs, and close it.
func New(config Config) *Handler {
	if config.Logger == nil {
		config.Logger = slog.Default()
	}
	s := &server{Config: config}
	s.running.open()
	s.hooks.server, s.hooks.streams.most = s, maxHookStreams
	s.feeds.streams.most = maxFeedStreams
	s.answers, s.made = newAnswers(rememberFor, s.run), newAnswers(rememberKeys, s.run)
	router := mux.NewRouter().UseEncodedPath()
	for _, r := range s.routes() {
		router.HandleFunc(r.path, r.handler).Methods(r.method)
	}
	s.addWebSocketRoot(router)
	router.NotFoundHandler = http.HandlerFunc(notFound)
	router.MethodNotAllowedHandler = s.methodNotAllowed()
	return &Handler{s.logged(guarded(router)), s}
}

func notFound(w http.ResponseWriter, r *http.Request) {
	problem(http.StatusNotFound, "There is nothing here: see /openapi.yaml for what there is.").write(w)
}

// methodNotAllowed says which methods the path has. RFC 9110 §15.5.6: "The origin server MUST generate an Allow header field in a
// 405 response".
func (s *server) methodNotAllowed() http.Handler {
	router := mux.NewRouter().UseEncodedPath()
	methods := map[string][]string{}
	for _, r := range s.routes() {
		methods[r.path] = append(methods[r.path], r.method)
	}
	for path, allowed := range methods {
		allow := strings.Join(allowed, ", ")
		router.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Allow", allow)
			problem(http.StatusMethodNotAllowed, "Here one can "+allow+" only.").write(w)
		})
	}
	return router
}
