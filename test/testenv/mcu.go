package testenv

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
)

// MCU is an MCU without media: it answers SDP, remembers what it was told, and says what a story wants it to. The zero value works.
type MCU struct {
	Delay   time.Duration // of each answer
	Pending bool          // answers with pending first
	Silent  bool          // never answers
	news    c3p.Listener

	mu          sync.Mutex
	refusals    map[string]error // by command
	conferences map[string]map[string]*Endpoint
	played      []string // prompts, in their order
	commands    []string
	silent      map[string]bool // conferences without announcements
}

// Endpoint is a leg at the MCU.
type Endpoint struct {
	Keys     c3p.EndpointKeys
	Name     string
	Source   string // of its signalling
	Language string
	Admitted bool
	Offered  bool   // the MCU's offer waits for its answer
	SDP      string // what its telephone said last
	Codec    string // in which both send; "" before there is an agreement
	Muted    bool
	Gain     float64
	Heard    bool // it was in the mix and not muted, if only for a moment
	Hears    *confinfo.Hears
}

// Refuse makes a command fail from now on; nil lets it work again.
func (m *MCU) Refuse(command string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.refusals == nil {
		m.refusals = make(map[string]error)
	}
	m.refusals[command] = err
}

// ServeC3P implements c3p.Handler.
func (m *MCU) ServeC3P(ctx context.Context, call *c3p.Call) (*c3p.Response, error) {
	if m.Silent {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if m.Pending {
		go func() {
			time.Sleep(m.Delay)
			_ = m.news.NotifyC3P(context.Background(), &c3p.Notification{From: call.Request.To, To: call.Request.From, Response: m.answer(call)})
		}()
		return call.Request.Pending(), nil
	}
	if m.Delay > 0 {
		time.Sleep(m.Delay)
	}
	return m.answer(call), nil
}

func (m *MCU) answer(call *c3p.Call) *c3p.Response {
	body, err := m.serve(call)
	if err != nil {
		return call.Request.Failure(err)
	}
	return call.Request.Success(body)
}

func (m *MCU) serve(call *c3p.Call) (c3p.Command, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.commands = append(m.commands, call.Request.Command.Name())
	if call.Principal.Role != c3p.RoleFocus {
		return nil, &c3p.Error{Reason: c3p.ReasonForbidden}
	}
	if err := m.refusals[call.Request.Command.Name()]; err != nil {
		return nil, err
	}
	switch command := call.Request.Command.(type) {
	case *c3p.AddConference:
		return nil, m.addConference(command.Conference.Entity)
	case *c3p.DeleteConference:
		return nil, m.deleteConference(command.Keys.Entity)
	case *c3p.AddUser:
		return m.addUser(command)
	case *c3p.ModifyEndpoint:
		return m.modifyEndpoint(command)
	case *c3p.ModifyEndpointMedia:
		return m.modifyEndpointMedia(command)
	case *c3p.ModifyConference:
		return nil, m.modifyConference(command.Conference)
	case *c3p.SetMediaFilter:
		return nil, m.setMediaFilter(command)
	case *c3p.ModifyConferenceAnnouncements:
		return nil, m.modifyConferenceAnnouncements(command)
	case *c3p.PlayPrompt:
		m.played = append(m.played, strings.Join(command.Prompts, "+"))
		return nil, nil
	case *c3p.StartRecording, *c3p.StopRecording, *c3p.PauseRecording, *c3p.ResumeRecording:
		return nil, nil
	}
	return nil, &c3p.Error{Reason: c3p.ReasonNotImplemented}
}

func (m *MCU) addConference(entity string) error {
	if m.conferences == nil {
		m.conferences = make(map[string]map[string]*Endpoint)
	}
	if m.conferences[entity] != nil {
		return &c3p.Error{Reason: c3p.ReasonConferenceExists}
	}
	m.conferences[entity] = make(map[string]*Endpoint)
	return nil
}

func (m *MCU) deleteConference(entity string) error {
	if m.conferences[entity] == nil {
		return &c3p.Error{Reason: c3p.ReasonConferenceDoesNotExist}
	}
	delete(m.conferences, entity)
	return nil
}

func (m *MCU) addUser(command *c3p.AddUser) (c3p.Command, error) {
	endpoints := m.conferences[command.Keys.Entity]
	if endpoints == nil {
		return nil, &c3p.Error{Reason: c3p.ReasonConferenceDoesNotExist}
	}
	user := *command.User
	in := user.Endpoints[0]
	if endpoints[in.Entity] != nil {
		return nil, &c3p.Error{Reason: c3p.ReasonUserExists}
	}
	e := &Endpoint{
		Keys: c3p.EndpointKeys{Conference: command.Keys.Entity, User: user.Entity, Endpoint: in.Entity}, Name: user.DisplayText,
		Source: in.URI, Language: in.Language, Admitted: in.Admitted == nil || *in.Admitted,
	}
	out, err := e.negotiate(in.SDP)
	if err != nil {
		return nil, err
	}
	e.Hears = user.Hears
	e.filter(in.Media)
	endpoints[in.Entity] = e
	user.Endpoints = []confinfo.Endpoint{e.described(out)}
	return &c3p.AddUser{Keys: command.Keys, User: &user}, nil
}

func (m *MCU) modifyEndpoint(command *c3p.ModifyEndpoint) (c3p.Command, error) {
	e := m.conferences[command.Keys.Conference][command.Keys.Endpoint]
	if e == nil || e.Keys != command.Keys {
		return nil, &c3p.Error{Reason: c3p.ReasonEndpointDoesNotExist}
	}
	var out *confinfo.SDP
	var err error
	if command.Endpoint.SDP != nil {
		if out, err = e.negotiate(command.Endpoint.SDP); err != nil {
			return nil, err
		}
	}
	if command.Endpoint.URI != "" {
		e.Source = command.Endpoint.URI
	}
	if command.Endpoint.Status == confinfo.StatusDisconnected {
		delete(m.conferences[command.Keys.Conference], command.Keys.Endpoint)
	}
	if a := command.Endpoint.Admitted; a != nil {
		e.Admitted = *a
		e.filter(nil)
	}
	described := e.described(out)
	return &c3p.ModifyEndpoint{Keys: command.Keys, Endpoint: &described}, nil
}

func (m *MCU) modifyEndpointMedia(command *c3p.ModifyEndpointMedia) (c3p.Command, error) {
	e := m.conferences[command.Keys.Conference][command.Keys.Endpoint]
	if e == nil {
		return nil, &c3p.Error{Reason: c3p.ReasonEndpointDoesNotExist}
	}
	e.filter([]confinfo.Media{*command.Media})
	return &c3p.ModifyEndpointMedia{Keys: command.Keys, Media: command.Media}, nil
}

func (m *MCU) modifyConference(document *confinfo.Document) error {
	for _, user := range document.Users {
		for _, endpoint := range user.Endpoints {
			if e := m.conferences[document.Entity][endpoint.Entity]; e != nil {
				e.filter(endpoint.Media)
			}
		}
	}
	return nil
}

func (e *Endpoint) filter(media []confinfo.Media) {
	for _, m := range media {
		if m.IngressFilter != "" {
			e.Muted = m.IngressFilter == confinfo.Block
		}
		if m.Gain != nil {
			e.Gain = *m.Gain
		}
	}
	e.Heard = e.Heard || e.Admitted && !e.Muted
}

func (m *MCU) setMediaFilter(command *c3p.SetMediaFilter) error {
	found := false
	for _, e := range m.conferences[command.Keys.Conference] {
		if e.Keys.User == command.Keys.User {
			found = true
			e.Hears = &confinfo.Hears{Only: command.Only, Users: command.Users}
		}
	}
	if !found {
		return &c3p.Error{Reason: c3p.ReasonEndpointDoesNotExist}
	}
	return nil
}

func (m *MCU) modifyConferenceAnnouncements(command *c3p.ModifyConferenceAnnouncements) error {
	if m.silent == nil {
		m.silent = make(map[string]bool)
	}
	m.silent[command.Keys.Entity] = !command.Enabled
	return nil
}

// Announces says whether joining a conference is announced.
func (m *MCU) Announces(entity string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return !m.silent[entity]
}

// negotiate takes PCMU from everybody, and PCMA from who likes that best. A description that names video alone is not acceptable, one without m-line unreadable.
func (e *Endpoint) negotiate(in *confinfo.SDP) (*confinfo.SDP, error) {
	if in == nil || in.Type == confinfo.SDPRequest {
		e.Offered = true
		return &confinfo.SDP{Type: confinfo.SDPOffer, Text: SDP("198.51.100.1", 20000, "sendrecv")}, nil
	}
	switch {
	case !strings.Contains(in.Text, "m="):
		return nil, &c3p.Error{Reason: c3p.ReasonInvalidContent, Detail: "line 1: not a session description"}
	case !strings.Contains(in.Text, "m=audio"):
		return nil, &c3p.Error{Reason: c3p.ReasonMediaNotAcceptable, Detail: "304 Media type not available"}
	}
	e.SDP, e.Codec = in.Text, "PCMU"
	if strings.Contains(in.Text, "RTP/AVP 8") {
		e.Codec = "PCMA"
	}
	if in.Type == confinfo.SDPAnswer {
		if !e.Offered {
			return nil, &c3p.Error{Reason: c3p.ReasonInvalidContent, Detail: "no offer to answer"}
		}
		e.Offered = false
		return nil, nil
	}
	mirror := strings.NewReplacer("sendonly", "recvonly", "recvonly", "sendonly").Replace(e.direction())
	return &confinfo.SDP{Type: confinfo.SDPAnswer, Text: SDP("198.51.100.1", 20000, mirror)}, nil
}

// direction is what the telephone said of itself.
func (e *Endpoint) direction() string {
	for _, direction := range []string{"sendonly", "recvonly", "inactive"} {
		if strings.Contains(e.SDP, "a="+direction) {
			return direction
		}
	}
	return "sendrecv"
}

func (e *Endpoint) described(out *confinfo.SDP) confinfo.Endpoint {
	return confinfo.Endpoint{
		Entity: e.Keys.Endpoint, SessionType: confinfo.SessionAudioVideo, Status: confinfo.StatusConnected, SDP: out,
		Media: []confinfo.Media{{ID: "1", Type: "audio", Status: e.direction(), Sends: e.Codec, Receives: e.Codec}},
	}
}

// SDP is a description of PCMU with telephone events.
func SDP(host string, port int, direction string) string {
	return fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\nm=audio %d RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\na=%s\r\n",
		host, host, port, direction)
}

// Says sends news of the MCU's own.
func (m *MCU) Says(n *c3p.Notification) { _ = m.news.NotifyC3P(context.Background(), n) }

// Offers wants a new agreement with a leg.
func (m *MCU) Offers(keys c3p.EndpointKeys) {
	m.mu.Lock()
	m.conferences[keys.Conference][keys.Endpoint].Offered = true
	m.mu.Unlock()
	m.Says(&c3p.Notification{From: keys.Conference, To: keys.Conference, Conference: &confinfo.Document{
		Entity: keys.Conference, State: confinfo.Partial, UsersState: confinfo.Partial,
		Users: []confinfo.User{{Entity: keys.User, State: confinfo.Partial, Endpoints: []confinfo.Endpoint{{
			Entity: keys.Endpoint, SDP: &confinfo.SDP{Type: confinfo.SDPOffer, Text: SDP("198.51.100.1", 20002, "sendrecv")},
		}}}},
	}})
}

// Conferences are the focus URIs it knows.
func (m *MCU) Conferences() (entities []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for entity := range m.conferences {
		entities = append(entities, entity)
	}
	return entities
}

// Endpoint finds the leg of a user whose URI begins like that; nil when there is none.
func (m *MCU) Endpoint(user string) *Endpoint {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, endpoints := range m.conferences {
		for _, e := range endpoints {
			if strings.HasPrefix(e.Keys.User, user) {
				found := *e
				return &found
			}
		}
	}
	return nil
}

// Len is the number of legs.
func (m *MCU) Len() (n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, endpoints := range m.conferences {
		n += len(endpoints)
	}
	return n
}

// Played takes the prompts that were spoken since the last call; "" ended one.
func (m *MCU) Played() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	played := m.played
	m.played = nil
	return played
}

// Commanded counts how often a command came.
func (m *MCU) Commanded(name string) (n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, command := range m.commands {
		if command == name {
			n++
		}
	}
	return n
}
