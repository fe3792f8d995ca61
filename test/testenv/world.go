package testenv

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-f3cefc8c/focus/internal/xmlschema"
	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/cluster"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/focus"
	"github.com/seed-f3cefc8c/focus/pkg/mcu"
	"github.com/seed-f3cefc8c/focus/pkg/media"
	"github.com/seed-f3cefc8c/focus/pkg/prompt"
	"github.com/seed-f3cefc8c/focus/pkg/quality"
	"github.com/seed-f3cefc8c/focus/pkg/registrar"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
	"github.com/seed-f3cefc8c/focus/pkg/sip/siptest"
)

// Domain is the server's, and Address where it listens for SIP.
const (
	Domain  = "example.com"
	Address = "192.0.2.1:5060"
)

// World is the system and everybody in it.
type World struct {
	*testing.T
	Net   *siptest.Network
	Focus *focus.Server
	Store *cluster.Cluster
	MCU   *MCU        // nil where the real one is
	Real  *mcu.Server // nil where the other one is
	Media *media.Memory

	DiskFull bool // records cannot be changed

	phones int
	next   int // request id
	log    *slog.Logger

	reportsMu sync.Mutex
	reports   []quality.Report

	closeMedia func() error
	documents  *xmlschema.Documents
	written    *written
}

// tell runs a story in virtual time. Afterwards all XML that the server has written in it is validated, whoever it was for.
func tell(t *testing.T, story func(*testing.T, *xmlschema.Documents)) {
	t.Helper()
	documents := &xmlschema.Documents{}
	synctest.Test(t, func(t *testing.T) { story(t, documents) })
	documents.Validate(t)
}

// Run tells a story in virtual time.
func Run(t *testing.T, story func(w *World)) {
	t.Helper()
	RunTrusting(t, focus.Trust{}, story)
}

// RunTrusting is Run at a server that takes the word of some peers.
func RunTrusting(t *testing.T, trust focus.Trust, story func(w *World)) {
	t.Helper()
	tell(t, func(t *testing.T, documents *xmlschema.Documents) {
		w := newWorld(t, documents, func(c *focus.Config) { c.Trust = trust })
		w.MCU = &MCU{news: newsThroughXML{w.Focus, w.documents}}
		w.Focus.UseMCU(throughXML{w.MCU, w.documents})
		story(w)
	})
}

// RunConfigured tells a story about a focus that is set up in another way.
func RunConfigured(t *testing.T, change func(*focus.Config), story func(w *World)) {
	t.Helper()
	tell(t, func(t *testing.T, documents *xmlschema.Documents) {
		w := newWorld(t, documents, change)
		w.MCU = &MCU{news: newsThroughXML{w.Focus, w.documents}}
		w.Focus.UseMCU(throughXML{w.MCU, w.documents})
		story(w)
	})
}

// RunWithMedia tells a story with the real MCU, on a network in memory and with the prompts of the program. Recordings go to a folder of
// the test. The focus may be set up in another way.
func RunWithMedia(t *testing.T, story func(w *World), changes ...func(*focus.Config)) {
	t.Helper()
	tell(t, func(t *testing.T, documents *xmlschema.Documents) {
		w := newWorld(t, documents, changes...)
		w.startMedia()
		story(w)
	})
}

// RunWithMCU is RunWithMedia with an MCU that is set up in another way.
func RunWithMCU(t *testing.T, change func(*mcu.Config), story func(w *World)) {
	t.Helper()
	tell(t, func(t *testing.T, documents *xmlschema.Documents) {
		w := newWorld(t, documents)
		w.startMedia(change)
		story(w)
	})
}

func (w *World) startMedia(changes ...func(*mcu.Config)) {
	w.Helper()
	prompts, err := prompt.Load("")
	if err != nil {
		w.Fatal(err)
	}
	w.Media = &media.Memory{}
	config := mcu.Config{
		Network: w.Media, Address: netip.MustParseAddr("198.51.100.1"), Ports: [2]uint16{20000, 29999}, Clocks: 1, Codecs: mcu.Codecs(),
		Prompts: prompts, Recordings: w.TempDir(), Logger: w.log,
	}
	for _, change := range changes {
		change(&config)
	}
	w.Real, err = mcu.New(config, newsThroughXML{w.Focus, w.documents})
	if err != nil {
		w.Fatal(err)
	}
	w.Focus.UseMCU(throughXML{w.Real, w.documents})
	w.closeMedia = w.Real.Close
}

func newWorld(t *testing.T, documents *xmlschema.Documents, changes ...func(*focus.Config)) *World {
	t.Helper()
	w := &World{
		T: t, documents: documents, written: &written{documents: documents}, Net: siptest.NewNetwork(),
		log: slog.New(slog.NewTextHandler(t.Output(), nil)), closeMedia: func() error { return nil },
	}
	var err error
	if w.Store, err = cluster.InMemory(cluster.Config{Realm: Domain, Hash: cluster.HashCost{Time: 1, Memory: 8, Threads: 1}}); err != nil {
		t.Fatal(err)
	}
	keypad, err := focus.ParseKeypad(focus.DefaultKeypad)
	if err != nil {
		t.Fatal(err)
	}
	config := focus.Config{
		Keypad: keypad, CallEnded: w.ended, CallReported: w.ended,
		Domain: Domain, Directory: &Directory{Conferences: w.Store.Conferences, w: w}, Users: users{w.Store.Users}, Limiter: cluster.NewLimiter(),
		Registrar: registrar.Config{Store: w.Store.Bindings},
		Logger:    w.log,
		SIP: sip.Config{Dial: func(ctx context.Context, _, addr string) (net.Conn, error) {
			conn, err := w.Net.DialFrom(ctx, "192.0.2.1:0", addr)
			if err != nil {
				return nil, err
			}
			return &seenConn{Conn: conn, written: w.written}, nil
		}},
	}
	for _, change := range changes {
		change(&config)
	}
	w.Focus, err = focus.New(config)
	if err != nil {
		t.Fatal(err)
	}
	packets, listener := w.sockets(Address)
	w.serve(w.Focus.UserAgent(), seenPackets{packets, w.written}, seenListener{listener, w.written})
	t.Cleanup(func() {
		if err := w.Focus.Close(context.Background()); err != nil {
			t.Error(err)
		}
		if err := w.closeMedia(); err != nil {
			t.Error(err)
		}
		w.Store.Close()
	})
	return w
}

func (w *World) ended(report *quality.Report) {
	w.reportsMu.Lock()
	defer w.reportsMu.Unlock()
	w.reports = append(w.reports, *report)
}

// Reports are those of the calls that are over.
func (w *World) Reports() []quality.Report {
	w.reportsMu.Lock()
	defer w.reportsMu.Unlock()
	return slices.Clone(w.reports)
}

// sockets opens those of a user agent.
func (w *World) sockets(address string) (net.PacketConn, net.Listener) {
	w.Helper()
	packets, err := w.Net.ListenPacket(address)
	if err != nil {
		w.Fatal(err)
	}
	listener, err := w.Net.Listen(address)
	if err != nil {
		w.Fatal(err)
	}
	return packets, listener
}

// serve has a user agent use its sockets.
func (w *World) serve(ua *sip.UserAgent, packets net.PacketConn, listener net.Listener) {
	w.Helper()
	if err := errors.Join(ua.ListenUDP(packets), ua.ListenTCP(listener)); err != nil {
		w.Fatal(err)
	}
}

// SecureAddress is where the server listens for SIP over TLS in a story that calls ServesTLS. The connections are in memory and have no TLS in them:
// nothing but the name of the transport counts.
const SecureAddress = "192.0.2.1:5061"

// ServesTLS opens SecureAddress.
func (w *World) ServesTLS() {
	w.Helper()
	listener, err := w.Net.Listen(SecureAddress)
	if err == nil {
		err = w.Focus.UserAgent().ListenTLS(seenListener{listener, w.written})
	}
	if err != nil {
		w.Fatal(err)
	}
}

// Directory is the store's, which a story may break.
type Directory struct {
	*cluster.Conferences
	w *World
}

// Update fails while the World's disk is full.
func (d *Directory) Update(ctx context.Context, r conference.Record) (conference.Record, error) {
	if d.w.DiskFull {
		return r, errors.New("no space left on device")
	}
	return d.Conferences.Update(ctx, r)
}

// users are the store's, as the focus wants them.
type users struct{ *cluster.Users }

func (u users) User(ctx context.Context, name string) (focus.User, error) {
	user, err := u.Get(ctx, name)
	if errors.Is(err, cluster.ErrNoSuchUser) {
		err = fmt.Errorf("%w: %w", focus.ErrUnknownUser, err)
	}
	return focus.User{
		URI: user.URI, DisplayName: user.DisplayName, Administrator: user.Administrator, DialOut: focus.DialOutPolicy(user.DialOut),
	}, err
}

// Password is everybody's.
const Password = "correct horse"

// User adds somebody who can log in.
func (w *World) User(name string) {
	w.Helper()
	if _, err := w.Store.Users.Add(w.Context(), cluster.User{Name: name, DisplayName: name}, Password); err != nil {
		w.Fatal(err)
	}
}

// Organizer makes every conference of a story, unless the story says otherwise.
const Organizer = "sip:olivia@example.com"

// Conference makes a conference that everybody may join; change what is special about it.
func (w *World) Conference(id string, change ...func(*confinfo.Description)) {
	w.Helper()
	d := &confinfo.Description{ConferenceID: id, AdmissionPolicy: confinfo.Anonymous, Organizer: Organizer}
	for _, special := range change {
		special(d)
	}
	w.Succeeds(Admin, &c3p.AddConference{Conference: &confinfo.Document{Description: d}})
}

// Admin is an administrator; User makes the principal of others.
var Admin = c3p.Principal{URI: "sip:admin@example.com", Role: c3p.RoleAdministrator, Authenticated: true}

// As is the principal of a user who has logged in.
func As(name string) c3p.Principal {
	return c3p.Principal{URI: "sip:" + name + "@example.com", Role: c3p.RoleUser, Authenticated: true}
}

// Command sends a client's command, through XML.
func (w *World) Command(by c3p.Principal, command c3p.Command) *c3p.Response {
	w.Helper()
	w.next++
	call := &c3p.Call{Principal: by, Request: &c3p.Request{RequestID: fmt.Sprint(w.next), From: by.URI, To: "sip:example.com", Command: command}}
	response, err := throughXML{w.Focus, w.documents}.ServeC3P(w.Context(), call)
	if err != nil {
		w.Fatalf("%s: %v", command.Name(), err)
	}
	return response
}

// Succeeds sends a command that must.
func (w *World) Succeeds(by c3p.Principal, command c3p.Command) c3p.Command {
	w.Helper()
	response := w.Command(by, command)
	if err := response.Err(); err != nil {
		w.Fatalf("%s by %s: %v", command.Name(), by.URI, err)
	}
	synctest.Wait()
	return response.Body
}

// Fails sends a command that must be refused for that reason.
func (w *World) Fails(by c3p.Principal, command c3p.Command, want c3p.Reason) {
	w.Helper()
	response := w.Command(by, command)
	synctest.Wait()
	if response.Code != c3p.Failure || response.Reason != want {
		w.Errorf("%s by %s: %s %q, want failure %q", command.Name(), by.URI, response.Code, response.Reason, want)
	}
}

// FocusURI is the entity of a conference of Organizer's.
func FocusURI(id string) string {
	return string(conference.FocusURI(Organizer, conference.ID(id)))
}

// Keys name a conference of Organizer's.
func Keys(id string) c3p.ConferenceKeys { return c3p.ConferenceKeys{Entity: FocusURI(id)} }

// Document is what an administrator is shown of a conference.
func (w *World) Document(id string) *confinfo.Document {
	w.Helper()
	synctest.Wait()
	return w.Succeeds(Admin, &c3p.GetConference{Keys: Keys(id)}).(*c3p.GetConference).Conference
}

// WantsRoster compares the entities of those who are in, in the order of joining.
func (w *World) WantsRoster(id string, want ...string) {
	w.Helper()
	w.WantsRosterAt(FocusURI(id), want...)
}

// WantsRosterAt does the same for anybody's conference.
func (w *World) WantsRosterAt(focus string, want ...string) {
	w.Helper()
	synctest.Wait()
	document := w.Succeeds(Admin, &c3p.GetConference{Keys: c3p.ConferenceKeys{Entity: focus}}).(*c3p.GetConference).Conference
	var got []string
	for _, user := range document.Users {
		got = append(got, user.Entity)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		w.Errorf("in %s are %q, want %q", focus, got, want)
	}
}

// Later lets time pass.
func (w *World) Later(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}
