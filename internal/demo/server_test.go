package demo

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"testing"

	"github.com/seed-f3cefc8c/focus/internal/phone"
	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/cluster"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/focus"
	"github.com/seed-f3cefc8c/focus/pkg/mcu"
	"github.com/seed-f3cefc8c/focus/pkg/media"
	"github.com/seed-f3cefc8c/focus/pkg/prompt"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
	"github.com/seed-f3cefc8c/focus/pkg/sip/siptest"
)

const serverAddress = "192.0.2.1"

// server is a whole one, focus and MCU, on a network in memory.
type server struct {
	t          *testing.T
	sip        *siptest.Network
	media      *media.Memory
	focus      *focus.Server
	mcu        *mcu.Server
	store      *cluster.Cluster
	recordings string
	ended      []string // conferences
	requests   int
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{t: t, sip: siptest.NewNetwork(), media: &media.Memory{}, recordings: t.TempDir()}
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	var err error
	if s.store, err = cluster.InMemory(cluster.Config{Realm: "example.com", Hash: cluster.HashCost{Time: 1, Memory: 8, Threads: 1}}); err != nil {
		t.Fatal(err)
	}
	if s.focus, err = focus.New(focus.Config{
		Domain: "example.com", Directory: s.store.Conferences, Users: users{s.store.Users}, Limiter: cluster.NewLimiter(), Logger: log,
		SIP: sip.Config{Dial: func(ctx context.Context, _, addr string) (net.Conn, error) {
			return s.sip.DialFrom(ctx, serverAddress+":0", addr)
		}},
	}); err != nil {
		t.Fatal(err)
	}
	prompts, err := prompt.Load("")
	if err != nil {
		t.Fatal(err)
	}
	if s.mcu, err = mcu.New(mcu.Config{
		Network: s.media, Address: netip.MustParseAddr(serverAddress), Ports: [2]uint16{20000, 29999}, Clocks: 1, Codecs: mcu.Codecs(),
		Prompts: prompts, Recordings: s.recordings, Logger: log,
	}, s.focus); err != nil {
		t.Fatal(err)
	}
	s.focus.UseMCU(s.mcu)
	conn, err := s.sip.ListenPacket(serverAddress + ":5060")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.focus.UserAgent().ListenUDP(conn); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *server) close() {
	s.t.Helper()
	if err := s.focus.Close(context.Background()); err != nil {
		s.t.Error(err)
	}
	if err := s.mcu.Close(); err != nil {
		s.t.Error(err)
	}
	s.store.Close()
}

type users struct{ *cluster.Users }

func (u users) User(ctx context.Context, name string) (focus.User, error) {
	user, err := u.Get(ctx, name)
	return focus.User{URI: user.URI, DisplayName: user.DisplayName}, err
}

// config is a demo that calls the server from another address.
func (s *server) config() Config {
	return Config{
		API: s, SIP: serverAddress + ":5060", Recordings: s.recordings,
		Line: phone.Config{
			Address: netip.MustParseAddr("192.0.2.50"),
			Network: phone.Network{ListenPacket: s.sip.ListenPacket, Dial: s.sip.Dial, Media: s.media},
		},
	}
}

var admin = c3p.Principal{URI: "sip:admin@example.com", Role: c3p.RoleAdministrator, Authenticated: true}

func (s *server) command(ctx context.Context, command c3p.Command) (c3p.Command, error) {
	s.requests++
	call := &c3p.Call{Principal: admin, Request: &c3p.Request{RequestID: fmt.Sprint(s.requests), From: admin.URI, To: "sip:example.com", Command: command}}
	response, err := s.focus.ServeC3P(ctx, call)
	if err != nil {
		return nil, err
	}
	return response.Body, response.Err()
}

// Create, Record and End are the API of the demo, without HTTPS between.
func (s *server) Create(ctx context.Context, subject string) (Conference, error) {
	body, err := s.command(ctx, &c3p.AddConference{Conference: &confinfo.Document{Description: &confinfo.Description{
		Subject: subject, AdmissionPolicy: confinfo.Anonymous,
	}}})
	if err != nil {
		return Conference{}, err
	}
	id := body.(*c3p.AddConference).Conference.Description.ConferenceID
	return Conference{ID: id, URI: "sip:" + id + "@example.com"}, nil
}

func (s *server) keys(id string) c3p.ConferenceKeys {
	return c3p.ConferenceKeys{Entity: string(conference.FocusURI(conference.UserID(admin.URI), conference.ID(id)))}
}

func (s *server) Record(ctx context.Context, id, action string) error {
	var command c3p.Command = &c3p.StartRecording{Keys: s.keys(id)}
	if action == "stop" {
		command = &c3p.StopRecording{Keys: s.keys(id)}
	}
	_, err := s.command(ctx, command)
	return err
}

func (s *server) End(ctx context.Context, id string) error {
	s.ended = append(s.ended, id)
	_, err := s.command(ctx, &c3p.DeleteConference{Keys: s.keys(id)})
	return err
}
