package ice

import (
	"net/netip"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// wire is a network in memory: what a port sends is at the other port at once.
type wire struct {
	mu    sync.Mutex
	muxes map[netip.AddrPort]func(data []byte, from netip.AddrPort)
	drop  func(from, to netip.AddrPort) bool
	sent  int
}

func newWire() *wire {
	return &wire{muxes: make(map[netip.AddrPort]func([]byte, netip.AddrPort))}
}

// mux makes a multiplexer with ports on these addresses; those with an odd port are for RTCP.
func (w *wire) mux(addrs ...string) *Mux {
	var m *Mux
	var ports []Port
	for i, text := range addrs {
		addr := netip.MustParseAddrPort(text)
		ports = append(ports, Port{Component: 1 + int(addr.Port()%2), Announced: addr, Send: func(data []byte, to netip.AddrPort) error {
			w.carry(data, addr, to)
			return nil
		}})
		w.muxes[addr] = func(data []byte, from netip.AddrPort) { m.Receive(i, data, from) }
	}
	m = NewMux(ports, nil)
	return m
}

func (w *wire) carry(data []byte, from, to netip.AddrPort) {
	w.mu.Lock()
	w.sent++
	deliver := w.muxes[to]
	if w.drop != nil && w.drop(from, to) {
		deliver = nil
	}
	w.mu.Unlock()
	if deliver != nil {
		deliver(append([]byte{}, data...), from)
	}
}

// cut makes the wire lose everything from and to an address.
func (w *wire) cut(addr string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	lost := netip.MustParseAddrPort(addr)
	w.drop = func(from, to netip.AddrPort) bool { return from == lost || to == lost }
}

// side is an agent and what it has told.
type side struct {
	*Agent
	mux *Mux

	mu        sync.Mutex
	validated map[netip.AddrPort]int
	paths     []Path
	failed    error
}

func newSide(t *testing.T, m *Mux, config Config) *side {
	t.Helper()
	s := &side{mux: m, validated: make(map[netip.AddrPort]int)}
	config.Mux = m
	if config.Components == 0 {
		config.Components = 1
	}
	config.Validated = func(_, _ int, from netip.AddrPort) { s.note(func() { s.validated[from]++ }) }
	config.Selected = func(p Path) { s.note(func() { s.paths = append(s.paths, p) }) }
	config.Failed = func(err error) { s.note(func() { s.failed = err }) }
	a, err := NewAgent(config)
	if err != nil {
		t.Fatal(err)
	}
	s.Agent = a
	return s
}

func (s *side) note(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// remote is a side as its description shows it to the other.
func (s *side) remote(multiplexed bool) Remote {
	l := s.Local()
	return Remote{Credentials: l.Credentials, Candidates: l.Candidates, Lite: l.Lite, Multiplexed: multiplexed}
}

// meet carries an offer and its answer.
func meet(t *testing.T, offerer, answerer *side, multiplexed bool) {
	t.Helper()
	if err := answerer.SetRemote(offerer.remote(multiplexed), false); err != nil {
		t.Fatal(err)
	}
	if err := offerer.SetRemote(answerer.remote(multiplexed), true); err != nil {
		t.Fatal(err)
	}
}

// wantPath fails unless the side has chosen a path to the address.
func (s *side) wantPath(t *testing.T, component int, to string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	want := netip.MustParseAddrPort(to)
	for _, p := range s.paths {
		if p.Component == component && p.Remote == want {
			if s.validated[want] == 0 && p.Port != TCPPort {
				t.Errorf("%s was selected but never validated", to)
			}
			return
		}
	}
	t.Errorf("paths = %v, want one of component %d to %s", s.paths, component, to)
}

func (s *side) wantNothing(t *testing.T) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.paths)+len(s.validated) != 0 {
		t.Errorf("paths %v, valid addresses %v; want none", s.paths, s.validated)
	}
}

func (s *side) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

const (
	serverAddr = "192.0.2.1:4000"
	server6    = "[2001:db8::1]:4000"
	aliceAddr  = "198.51.100.7:5000"
	alice6     = "[2001:db8::7]:5000"
)

// soon is more than checks need when nothing is lost.
const soon = 2 * time.Second
