package focus

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/quality"
	"github.com/seed-f3cefc8c/focus/pkg/registrar"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// Config is what a Server needs. Domain, Directory, Users and Limiter must be there.
type Config struct {
	Domain  string          // of the conferences' URIs
	Domains []string        // further names and addresses that are ours; the address on which a request came always is
	Realm   string          // of digest authentication; "": Domain
	Digest  []sip.Algorithm // offered, best first; nil: all. Older telephones know MD5 alone, and stumble over a challenge for another

	// Dial says what a telephone dials for a conference; nil is sip:ID@Domain. It differs where SIP is on an unusual port.
	Dial     func(conference.ID) conference.URI
	Language string      // of prompts, for callers who name none (BCP 47); "": "en"
	MCU      c3p.Handler // nil: UseMCU follows, and until then callers get 503
	SIP      sip.Config  // of the user agent; Handler, Logger and Supported are the server's own
	Logger   *slog.Logger

	AccessNumbers []c3p.Region // where telephones of the public network reach the server; the first is the default

	Keypad  Keypad              // what the keys of a telephone mean in a conference; nil: nothing
	Started func(conference.ID) // is told that a conference is on, and must not block; nil: nobody

	DialOut DialOutPolicy // whom conferences may call; "": DialRegistered. A User may have another
	Trunks  []Trunk       // for telephone numbers, and other domains

	ConnectionIdentity ConnectionIdentity // "": IdentityOfTLS

	CallEnded    func(*quality.Report) // is told how a call was when it is over; nil: nobody
	CallReported func(*quality.Report) // is told what telephones report of calls; nil: nobody
	Collector    string                // SIP URI to which such reports are published (RFC 6035); "": none

	Directory Directory
	Users     Users
	Limiter   Limiter
	Trust     Trust            // nobody, when empty
	Registrar registrar.Config // Domain is the realm's, FlowUsable the user agent's; a nil Store keeps contacts in memory
}

// Directory keeps the conference records. Its errors are conference.ErrNotFound, ErrExists and ErrVersion; what was answered without error
// has been stored.
type Directory interface {
	Create(ctx context.Context, r conference.Record) (conference.Record, error)
	Get(ctx context.Context, id conference.ID) (conference.Record, error)
	List(ctx context.Context, organizer conference.UserID) ([]conference.Record, error) // all with ""
	Update(ctx context.Context, r conference.Record) (conference.Record, error)
}

// Users are those who can log in.
type Users interface {
	// HA1 is H(name:realm:password) in hex; algorithm is MD5, SHA-256 or SHA-512-256.
	HA1(ctx context.Context, name, realm, algorithm string) (string, error)
	User(ctx context.Context, name string) (User, error) // ErrUnknownUser
}

// ErrUnknownUser is what Users say of a name that is nobody's.
var ErrUnknownUser = errors.New("no user of that name")

// User is somebody who has logged in.
type User struct {
	URI           conference.UserID
	DisplayName   string
	Administrator bool
	DialOut       DialOutPolicy // whom conferences call for this user; "": as Config.DialOut has it
}

// Limiter slows down who guesses passwords, PINs and conference ids.
type Limiter interface {
	// Allow is 0, or how long to wait.
	Allow(now time.Time, address netip.Addr, user string) time.Duration
	Failed(now time.Time, address netip.Addr, user string)
	Succeeded(now time.Time, address netip.Addr, user string)
}

// Server is a focus for every conference of a domain, and their factory. Safe for concurrent use.
type Server struct {
	config Config
	log    *slog.Logger
	ua     *sip.UserAgent
	digest *sip.Digest

	registrar *registrar.Registrar
	notifier  *sip.Notifier
	placed    placed
	passcodes passcodes

	connections connections

	mcu    mcus
	ctx    context.Context // ends when the server is closed
	cancel context.CancelFunc

	calls calls

	mu      sync.Mutex
	focuses map[conference.ID]*Focus
	closing bool           // nobody new gets in
	closed  bool           // no goroutine is started any more
	work    sync.WaitGroup // goroutines started with run
}

var errClosing = errors.New("server is shutting down")

// New makes a server without sockets: give those to UserAgent. It must be closed.
func New(config Config) (*Server, error) {
	if config.Domain == "" || config.Directory == nil || config.Users == nil || config.Limiter == nil {
		return nil, errors.New("focus: Domain, Directory, Users and Limiter must be given")
	}
	if config.Realm == "" {
		config.Realm = config.Domain
	}
	if config.Dial == nil {
		config.Dial = func(id conference.ID) conference.URI { return conference.DialURI(id, config.Domain) }
	}
	if config.DialOut == "" {
		config.DialOut = DialRegistered
	}
	if config.Language == "" {
		config.Language = "en"
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Server{config: config, log: config.Logger, focuses: make(map[conference.ID]*Focus)}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.passcodes.domain = config.Domain
	s.mcu.pending = make(map[string]chan *c3p.Response)
	s.mcu.epoch = uint64(time.Now().Unix())
	s.UseMCU(config.MCU)
	s.digest = sip.NewDigest(sip.DigestConfig{
		Realm: config.Realm, Algorithms: config.Digest, Credentials: sip.CredentialsFunc(s.ha1),
		Knows: knows, AsProxy: isSIPE, AllowNullURI: isSIPE,
	})
	s.notifier = sip.NewNotifier(sip.NotifierConfig{Packages: s.eventPackages(), Exempt: config.Trust.is, Refuse: s.refuse, Logger: config.Logger})
	var err error
	config.Registrar.Domain, config.Registrar.FlowUsable = config.Realm, s.flowUsable
	if s.registrar, err = registrar.New(config.Registrar); err != nil {
		return nil, err
	}
	if len(config.Trust.Peers) > 0 {
		config.SIP.Exempt = config.Trust.is // a proxy sends for many
	}
	config.SIP.Handler, config.SIP.Logger = s, config.Logger
	config.SIP.Supported = extensions()
	s.ua = sip.New(config.SIP)
	return s, nil
}

// UserAgent is the SIP side, for its ServeUDP, ServeTCP and ServeTLS.
func (s *Server) UserAgent() *sip.UserAgent { return s.ua }

// DigestStats counts the passwords that SIP asked for.
func (s *Server) DigestStats() sip.DigestStats { return s.digest.Stats() }

// closeTime bounds how long Close waits for the answers to BYE.
const closeTime = 3 * time.Second

// Close ends every call with BYE, tells the MCU, and waits: at most three seconds or until ctx ends for the other sides, then for its own
// goroutines.
func (s *Server) Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, closeTime)
	defer cancel()
	ending := s.close()
	for _, f := range ending {
		f.post(func() { f.finish(503, "server is shutting down") })
	}
	s.closeEvents(ctx)
	for _, f := range ending {
		select {
		case <-f.done:
		case <-ctx.Done():
		}
	}
	s.cancel()
	err := s.ua.Close()
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.work.Wait()
	return err
}

// close lets nobody new in and returns the conferences that are on.
func (s *Server) close() []*Focus {
	s.mu.Lock()
	s.closing = true
	s.mu.Unlock()
	return s.running()
}

func (s *Server) running() (focuses []*Focus) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.focuses {
		focuses = append(focuses, f)
	}
	return focuses
}

// Running are the conferences that are on.
func (s *Server) Running() (ids []conference.ID) {
	for _, f := range s.running() {
		select {
		case <-f.stopped:
		default:
			ids = append(ids, f.id)
		}
	}
	return ids
}

// run starts a goroutine that Close waits for. A panic ends that piece of work, never the process.
func (s *Server) run(what string, work func(ctx context.Context)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.work.Go(func() {
		_ = s.guard(what, func() error { work(s.ctx); return nil })
	})
}
