package mcu

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/media"
	"github.com/seed-f3cefc8c/focus/pkg/srtp"
)

// Config is what an MCU needs to run.
type Config struct {
	Network    media.Network // the operating system's or a test's
	Address    netip.Addr    // the address media is received on, and named in SDP
	Ports      [2]uint16     // the range of media ports, both ends included
	Clocks     int           // 0: one per core
	Codecs     []*codec.Codec
	Prompts    Prompts
	Recordings string        // folder of recordings; empty: recording is refused
	Timeout    time.Duration // a leg without RTP and RTCP for this long has ended; 0: 60 s
	Logger     *slog.Logger

	// Encryption is whether media must be encrypted: a value of confinfo.Encryption…; empty: if the signalling is.
	Encryption   string
	SDESAnywhere bool // keys of SRTP may stand in any session description, whoever can read it
	ICE          ICE
}

// Prompts are the spoken clips.
type Prompts interface {
	// PCM is a clip in a language, mono at rate; nil when there is none.
	PCM(language, name string, rate int) []int16
}

// defaultTimeout ends a leg that sends neither RTP nor RTCP.
const defaultTimeout = 60 * time.Second

// Server is an MCU: it takes C3P commands and keeps conferences.
type Server struct {
	config Config
	ports  *media.Ports
	dtls   *srtp.DTLS
	shared *media.Shared // of legs with ICE; nil: there are none
	lite   bool          // we are the lite side of ICE
	clocks []*Clock
	news   *news
	cancel context.CancelFunc

	answers answers

	mu          sync.Mutex
	conferences map[string]*Conference // by focus URI, in lower case
	closed      bool
}

// New starts the clocks of an MCU. News of its own goes to listener.
func New(config Config, listener c3p.Listener) (*Server, error) {
	ports, err := media.NewPorts(config.Network, config.Address, config.Ports[0], config.Ports[1])
	if err != nil {
		return nil, err
	}
	if config.Timeout == 0 {
		config.Timeout = defaultTimeout
	}
	dtls, err := srtp.NewDTLS(time.Now())
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{config: config, ports: ports, dtls: dtls, cancel: cancel, conferences: make(map[string]*Conference),
		news: newNews(ctx, listener, config.Logger)}
	if err := s.share(config.ICE); err != nil {
		cancel()
		s.news.wait()
		return nil, err
	}
	if s.shared != nil {
		config.Logger.Info("callers with ICE share a port", "bound", s.shared.LocalAddr(), "announced", s.shared.Announced(), "lite", s.lite)
	}
	for range clocks(config.Clocks) {
		s.clocks = append(s.clocks, newClock(ctx, config.Network, s.shared, config.Logger))
	}
	return s, nil
}

func clocks(n int) int {
	if n > 0 {
		return n
	}
	return runtime.GOMAXPROCS(0)
}

// Close ends every conference, closes its recordings, and waits for the clocks.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	conferences := make([]*Conference, 0, len(s.conferences))
	for key, c := range s.conferences {
		conferences = append(conferences, c)
		delete(s.conferences, key)
	}
	s.mu.Unlock()
	for _, c := range conferences {
		c.end(context.Background(), "shutdown")
	}
	s.cancel()
	for _, c := range s.clocks {
		c.wait()
	}
	s.news.wait()
	s.dtls.Wait()
	s.tellHandshakes()
	return s.unshare()
}

// handler is the table of commands this MCU takes; each stands in a file of its name.
func (s *Server) handler(command c3p.Command) func(context.Context, *c3p.Call) (c3p.Command, error) {
	switch command.(type) {
	case *c3p.AddConference:
		return s.addConference
	case *c3p.DeleteConference:
		return s.deleteConference
	case *c3p.AddUser:
		return s.addUser
	case *c3p.DeleteUser:
		return s.deleteUser
	case *c3p.ModifyEndpoint:
		return s.modifyEndpoint
	case *c3p.ModifyEndpointMedia:
		return s.modifyEndpointMedia
	case *c3p.SetMediaFilter:
		return s.setMediaFilter
	case *c3p.ModifyConference:
		return s.modifyConference
	case *c3p.ModifyConferenceAnnouncements:
		return s.modifyConferenceAnnouncements
	case *c3p.StartRecording:
		return s.startRecording
	case *c3p.PauseRecording:
		return s.pauseRecording
	case *c3p.ResumeRecording:
		return s.resumeRecording
	case *c3p.StopRecording:
		return s.stopRecording
	case *c3p.PlayPrompt:
		return s.playPrompt
	}
	return nil
}

// ServeC3P carries one command out, once however often it comes. An error of the MCU is a failure response; only a caller that is
// not a focus, or a context that ended, is a Go error.
func (s *Server) ServeC3P(ctx context.Context, call *c3p.Call) (*c3p.Response, error) {
	if call.Principal.Role != c3p.RoleFocus {
		return nil, fmt.Errorf("%s from %q: %w", call.Request.Command.Name(), call.Principal.URI, errNotFocus)
	}
	key := requestKey{from: call.Request.From, epoch: call.Epoch, id: call.Request.RequestID}
	return s.answers.once(ctx, key, func() *c3p.Response { return s.serve(ctx, call) })
}

func (s *Server) serve(ctx context.Context, call *c3p.Call) *c3p.Response {
	request := call.Request
	handle := s.handler(request.Command)
	if handle == nil {
		return request.Failure(errUnknownCommand)
	}
	err := s.fence(call)
	var body c3p.Command
	if err == nil {
		body, err = handle(ctx, call)
	}
	if err != nil {
		s.config.Logger.Info("command refused", "command", request.Command.Name(), "conference", request.To, "err", err)
		return request.Failure(wireError(err))
	}
	return request.Success(body)
}

// fence refuses a focus whose conference another one has taken over since: its epoch is lower than one seen before.
func (s *Server) fence(call *c3p.Call) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.conferences[strings.ToLower(call.Request.From)]
	if c == nil {
		return nil
	}
	if call.Epoch < c.epoch {
		return fmt.Errorf("epoch %d, but %d has taken over: %w", call.Epoch, c.epoch, errStale)
	}
	c.epoch = call.Epoch
	return nil
}

// conference finds a conference by its focus URI.
func (s *Server) conference(entity string) (*Conference, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.conferences[strings.ToLower(entity)]; c != nil {
		return c, nil
	}
	return nil, fmt.Errorf("conference %s: %w", entity, errNoConference)
}

// quietest is the clock with the fewest legs.
func (s *Server) quietest() *Clock {
	best := s.clocks[0]
	for _, c := range s.clocks[1:] {
		if c.load.Load() < best.load.Load() {
			best = c
		}
	}
	return best
}
