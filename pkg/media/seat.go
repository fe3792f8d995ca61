package media

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/ice"
)

// ErrNoSession is returned by a seat that has no ICE session which waits for the peer's description.
var ErrNoSession = errors.New("no ICE session waits for the peer's description")

// Seat is the place of one leg on the shared ports: its ICE sessions, and the addresses that are its peer's. Its transport sends where the
// newest session that has found a path says; until then where the session before it does. Its methods may be called from any goroutine.
type Seat struct {
	shared     *Shared
	transport  *Transport // set before there is a session
	components int

	held   []place // the peer's addresses, guarded by Shared.mu
	closed bool    // by Shared.mu

	mu       sync.Mutex
	sessions []session // newest last; two at most, and the newest may have no path yet
	made     int       // sessions so far
	failed   error

	ways  [2]atomic.Pointer[way] // by component - 1: where to send; nil: nowhere yet
	signs atomic.Int64           // when a keepalive last came, in Unix nanoseconds
}

// take makes a transport the one that this seat is for. Until there is a path it has the first of the shared sockets, and nowhere to send to.
func (s *Seat) take(t *Transport, config *TransportConfig) {
	s.transport, config.Looped = t, true
	config.RTP = s.shared.ports[0].socket
	if s.components == 2 {
		config.RTCP = s.shared.ports[1].socket
	}
	config.Sender.socket = config.RTP
}

// follow makes the transport send where the seat's paths lead. It runs on the clock.
func (t *Transport) follow() {
	if w := t.config.Seat.ways[0].Load(); w != nil && w.to != t.config.Sender.to {
		t.config.RTP = t.through(w.socket)
		t.config.Sender.socket = t.config.RTP
		t.config.Sender.SetDestination(w.to)
	}
	if w := t.config.Seat.ways[1].Load(); w != nil && w.to != t.rtcp.to {
		t.config.RTCP, t.rtcp.to = t.through(w.socket), w.to
	}
}

// session is one ICE session; a restart begins another.
type session struct {
	*ice.Agent
	number  int
	started bool // it has the peer's credentials
	reading bool // a goroutine reads its TCP connection
}

// NewSeat takes a place; components is 2 when RTCP may have a port of its own.
func (s *Shared) NewSeat(components int) *Seat { return &Seat{shared: s, components: components} }

// Begin makes an ICE session, the first one or for a restart, and says what our description says of it. One before it that waits for the
// peer's description is forgotten. Lite is for public addresses, and peers that are not lite.
func (s *Seat) Begin(lite bool) (ice.Local, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.withdraw()
	number := s.made + 1
	agent, err := ice.NewAgent(ice.Config{
		Mux: s.shared.mux, Lite: lite, Components: s.components,
		Validated: func(_, port int, from netip.AddrPort) { s.shared.admit(port, number, from, s) },
		Selected:  func(path ice.Path) { s.selected(number, path) },
		Failed:    func(err error) { s.fail(number, err) },
	})
	if err != nil {
		return ice.Local{}, err
	}
	s.made = number
	s.sessions = append(s.sessions, session{Agent: agent, number: number})
	return agent.Local(), nil
}

// Withdraw forgets a session that waits for the peer's description: our offer was refused.
func (s *Seat) Withdraw() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.withdraw()
}

func (s *Seat) withdraw() {
	if n := len(s.sessions); n > 0 && !s.sessions[n-1].started {
		s.shared.discard(s.sessions[n-1].Agent)
		s.sessions = s.sessions[:n-1]
	}
}

// Start gives the newest session the peer's description. controlling is whether the offer was ours. For a session that has the same credentials
// already it brings candidates.
func (s *Seat) Start(remote ice.Remote, controlling bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.sessions)
	if n == 0 || s.sessions[n-1].started && s.sessions[n-1].Remote() != remote.Credentials {
		return ErrNoSession
	}
	if err := s.sessions[n-1].SetRemote(remote, controlling); err != nil {
		return err
	}
	s.sessions[n-1].started = true
	for n > 2 { // the one in the middle never found a path
		s.shared.discard(s.sessions[n-2].Agent)
		s.sessions = append(s.sessions[:n-2], s.sessions[n-1])
		n--
	}
	return nil
}

// AddCandidate gives a candidate of the peer, which came later, to the session that it is of (RFC 8838 §11 by its ufrag; "" is the newest).
func (s *Seat) AddCandidate(ufrag, candidate string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := len(s.sessions) - 1; i >= 0; i-- {
		if ufrag == "" || s.sessions[i].Remote().Ufrag == ufrag {
			return s.sessions[i].AddCandidate(candidate)
		}
	}
	return ErrNoSession
}

// Heard is when the peer last showed that it is there, apart from media: by a check, an answer or a keepalive.
func (s *Seat) Heard() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	heard := time.Unix(0, s.signs.Load())
	for _, session := range s.sessions {
		if h := session.Heard(); h.After(heard) {
			heard = h
		}
	}
	return heard
}

// Failed is why there is no path, or none any more; nil while there may be one.
func (s *Seat) Failed() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

// Send writes a datagram, such as one of DTLS, to where the peer is; from any goroutine.
func (s *Seat) Send(data []byte) error { return s.send(1, data) }

func (s *Seat) send(component int, data []byte) error {
	w := s.ways[component-1].Load()
	if w == nil {
		return ErrNoPath
	}
	return w.socket.Send(data, w.to)
}

// Selected reports whether there is a path to the peer.
func (s *Seat) Selected() bool { return s.ways[0].Load() != nil }

// ErrNoPath is returned while ICE has not selected a pair.
var ErrNoPath = errors.New("no path to the peer yet")

// Close gives the place back at once; what belongs to it ends soon.
func (s *Seat) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shared.leave(s)
	for _, session := range s.sessions {
		s.shared.discard(session.Agent)
	}
	s.sessions = nil
}

func (s *Shared) leave(seat *Seat) {
	s.mu.Lock()
	seat.closed = true
	s.mu.Unlock()
	s.forget(seat, math.MaxInt)
}

// discard closes an agent without waiting for it: a clock may not, and its own callbacks must not.
func (s *Shared) discard(agent *ice.Agent) { s.seats.Go(agent.Close) }

// selected changes where we send; sessions before that one are not needed any more.
func (s *Seat) selected(number int, path ice.Path) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.index(number)
	if i < 0 {
		return // another one was faster, or the seat is closed
	}
	w := s.shared.way(path, s.sessions[i].Agent)
	s.ways[path.Component-1].Store(w)
	if path.Component != 1 {
		return
	}
	if path.Port == ice.TCPPort && !s.sessions[i].reading {
		s.sessions[i].reading = true
		s.read(s.sessions[i].Agent, path.Remote)
	}
	for _, old := range s.sessions[:i] {
		s.shared.discard(old.Agent)
	}
	s.sessions = s.sessions[i:]
	s.shared.forget(s, number)
}

func (s *Seat) index(number int) int {
	for i := range s.sessions {
		if s.sessions[i].number == number {
			return i
		}
	}
	return -1
}

// read carries what comes by TCP to the transport, until the agent is closed.
func (s *Seat) read(agent *ice.Agent, from netip.AddrPort) {
	s.shared.seats.Go(func() {
		buffer := make([]byte, MaxDatagram)
		for {
			n, err := agent.Read(buffer)
			if err != nil {
				return
			}
			if !s.receiveTCP(buffer[:n], from) {
				return
			}
		}
	})
}

// receiveTCP is receive; false when that has ended the leg.
func (s *Seat) receiveTCP(data []byte, from netip.AddrPort) (goesOn bool) {
	defer func() {
		if cause := recover(); cause != nil {
			s.shared.panics.Add(1)
			s.broken(cause)
		}
	}()
	s.receive(1, data, from, time.Now())
	return true
}

// fail notes that the newest session has found no path, or lost it. One that a newer one replaces does not matter.
func (s *Seat) fail(number int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.sessions); n > 0 && s.sessions[n-1].number == number {
		s.failed = err
	}
}

// broken ends the leg because of a panic.
func (s *Seat) broken(cause any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed = fmt.Errorf("panic while receiving: %v", cause)
}

func (s *Seat) kept(at time.Time) { s.signs.Store(at.UnixNano()) }

// receive hands a datagram of the peer to the transport.
func (s *Seat) receive(component int, data []byte, from netip.AddrPort, at time.Time) {
	if component == 1 {
		s.transport.Receive(data, from, at)
	} else {
		s.transport.rtcp.Receive(data, from, at)
	}
}
