package ice

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	pion "github.com/pion/ice/v4"
	"github.com/pion/stun/v4"
)

// ConsentTimeout is how long a peer may be silent (RFC 7675 §5.1: "Consent expires after 30 seconds").
const ConsentTimeout = 30 * time.Second

const (
	// consentEvery is how often consent is asked for, ± 20 %. RFC 7675 §5.1: "each agent SHOULD randomize the interval ... 4 to 6 s", in
	// short; an agent here has one interval, and they differ from agent to agent.
	consentEvery = 5 * time.Second
	// checkEvery is the pace of checks, and maxChecks how many a pair gets that nobody answers.
	checkEvery = 20 * time.Millisecond
	maxChecks  = 15
	// disconnectedAfter is part of ConsentTimeout, as pion counts: nothing happens then.
	disconnectedAfter = 10 * time.Second
	// How long a pair waits for a better one before it is nominated.
	reflexiveWait = 100 * time.Millisecond
	relayWait     = 500 * time.Millisecond
)

// Errors of SetRemote and AddCandidate.
var (
	ErrBothLite    = errors.New("ice: both sides are lite: nobody checks")
	ErrCredentials = errors.New("ice: the peer's ufrag or password is not one")
	ErrNoRemote    = errors.New("ice: the peer's credentials are not known yet")
)

// Config is what an agent is made of. The functions must not block and must not call the agent's Close.
type Config struct {
	Mux *Mux
	// Lite agents only answer checks (RFC 8445 §2.5): for public addresses, and peers that are not lite.
	Lite bool
	// Components is 2 when the peer may want RTCP apart from RTP, else 1.
	Components int
	// ActiveTCP are addresses from which TCP connections to a peer's passive candidates are made; none: no connections are made.
	ActiveTCP []netip.Addr

	// Validated is called for each check with the right password, and for each answer to one of ours: media from there, to that port
	// of the Mux, is the peer's. On the goroutine that called Mux.Receive.
	Validated func(component, port int, from netip.AddrPort)
	// Selected is called when the path of a component is chosen, or another one.
	Selected func(Path)
	// Failed is called once, when no pair has worked or consent has expired. A lite agent does not notice: see Heard.
	Failed func(error)
}

// Path is where the media of a component goes.
type Path struct {
	Component int
	Port      int            // index of the port of the Mux; TCPPort: through Write
	Remote    netip.AddrPort // the peer's address there
}

// TCPPort stands for the TCP connection in a Path.
const TCPPort = -1

// Local is what our description says.
type Local struct {
	Credentials
	Candidates []string // each what stands behind "a=candidate:"; all there are, so "a=end-of-candidates" is true
	Lite       bool
}

// Remote is what the peer's description says.
type Remote struct {
	Credentials
	Candidates  []string
	Lite        bool
	Multiplexed bool // RTCP comes with RTP: a second component is not needed
}

// Agent is one ICE session of one leg (RFC 8445): for one pair of credentials on each side. An ICE restart is another agent, beside this one
// until it has selected a path.
type Agent struct {
	config Config
	entry  *entry
	local  Local
	heard  atomic.Int64 // when the last valid check or answer came, in Unix nanoseconds

	stream atomic.Pointer[pion.Conn] // of component 1; nil before SetRemote

	mu         sync.Mutex
	components []*pion.Agent // by component - 1; nil: given up
	unneeded   []*pion.Agent // those given up
	remote     Credentials
	candidates int
	failed     sync.Once
	closed     bool
}

// ErrConsent is what Failed is told when nothing got through, or nothing does any more.
var ErrConsent = errors.New("ice: no pair of addresses works")

// NewAgent makes an agent with all its candidates. It answers checks from SetRemote on; earlier ones wait.
func NewAgent(config Config) (*Agent, error) {
	a := &Agent{config: config}
	a.heard.Store(time.Now().UnixNano())
	e, err := config.Mux.register(config.Components, a.validated)
	if err != nil {
		return nil, err
	}
	a.entry, a.local = e, Local{Credentials: e.local, Lite: config.Lite}
	for component := 1; component <= config.Components; component++ {
		if err := a.build(component); err != nil {
			a.Close()
			return nil, fmt.Errorf("ice agent: %w", err)
		}
	}
	return a, nil
}

// build makes pion's agent of one component.
func (a *Agent) build(component int) error {
	p, err := pion.NewAgentWithOptions(a.options()...)
	if err != nil {
		return err
	}
	a.components = append(a.components, p)
	_ = p.OnConnectionStateChange(func(s pion.ConnectionState) {
		if s == pion.ConnectionStateFailed {
			a.fail()
		}
	})
	_ = p.OnSelectedCandidatePairChange(func(local, remote pion.Candidate) { a.selected(component, local, remote) })
	return a.gather(p, component)
}

func (a *Agent) options() []pion.AgentOption {
	options := []pion.AgentOption{
		pion.WithLocalCredentials(a.entry.local.Ufrag, a.entry.local.Password),
		pion.WithCandidateTypes([]pion.CandidateType{pion.CandidateTypeHost}),
		pion.WithNetworkTypes([]pion.NetworkType{pion.NetworkTypeUDP4, pion.NetworkTypeUDP6, pion.NetworkTypeTCP4, pion.NetworkTypeTCP6}),
		pion.WithMulticastDNSMode(pion.MulticastDNSModeDisabled),
		pion.WithNet(interfaces{addrs: a.config.ActiveTCP}),
		pion.WithLoggerFactory(silent()),
		pion.WithEnableUseCandidateCheckPriority(), // Firefox nominates every pair of a lite peer: the best one counts
		pion.WithBindingRequestHandler(func(*stun.Message, pion.Candidate, pion.Candidate, *pion.CandidatePair) bool {
			a.touch() // by TCP, too
			return false
		}),
	}
	if len(a.config.ActiveTCP) == 0 {
		options = append(options, pion.WithDisableActiveTCP())
	} else {
		options = append(options, pion.WithIncludeLoopback())
	}
	if a.config.Lite { // it does nothing by itself, and must not be woken for it
		return append(options, pion.WithICELite(true), pion.WithDisconnectedTimeout(0), pion.WithFailedTimeout(0),
			pion.WithKeepaliveInterval(0), pion.WithCheckInterval(time.Second))
	}
	return append(options,
		pion.WithCheckInterval(checkEvery), pion.WithMaxBindingRequests(maxChecks),
		pion.WithKeepaliveInterval(consentEvery*4/5+rand.N(consentEvery*2/5)),
		pion.WithDisconnectedTimeout(disconnectedAfter), pion.WithFailedTimeout(ConsentTimeout-disconnectedAfter),
		pion.WithSrflxAcceptanceMinWait(reflexiveWait), pion.WithPrflxAcceptanceMinWait(reflexiveWait), pion.WithRelayAcceptanceMinWait(relayWait))
}

// gather gives pion's agent our ports.
func (a *Agent) gather(p *pion.Agent, component int) error {
	n := 0
	for i, port := range a.config.Mux.ports {
		if port.Component != component {
			continue
		}
		c, err := udpCandidate(port, n)
		if err == nil {
			err = p.AddVirtualCandidate(c, a.entry.conns[i])
		}
		if err != nil {
			return fmt.Errorf("candidate %s: %w", port.Announced, err)
		}
		n++
		a.local.Candidates = append(a.local.Candidates, line(c))
	}
	if component == 1 && a.config.Mux.tcp != nil {
		return a.gatherTCP(p)
	}
	return nil
}

func (a *Agent) gatherTCP(p *pion.Agent) error {
	door := a.config.Mux.tcp
	conn, err := door.conn(a.entry.local.Ufrag)
	if err != nil {
		return fmt.Errorf("TCP candidate: %w", err)
	}
	c, err := tcpCandidate(door.announced)
	if err == nil {
		err = p.AddVirtualCandidate(c, conn)
	}
	if err != nil {
		conn.Close()
		return fmt.Errorf("TCP candidate: %w", err)
	}
	a.local.Candidates = append(a.local.Candidates, line(c))
	return nil
}

// Local is our side, for the description.
func (a *Agent) Local() Local { return a.local }

// SetRemote starts the session. controlling is whether we nominate: the offerer does, or who is not lite if the other is (RFC 8445 §6.1.1).
// The same credentials again bring more candidates; others are an ICE restart, which is another agent's.
func (a *Agent) SetRemote(remote Remote, controlling bool) error {
	if !remote.Credentials.Valid() {
		return ErrCredentials
	}
	if a.local.Lite && remote.Lite {
		return ErrBothLite
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return ErrClosed
	}
	if remote.Multiplexed {
		a.giveUp(2)
	}
	if a.remote == (Credentials{}) {
		a.remote = remote.Credentials
		a.entry.remote.Store(&remote.Credentials.Password)
		if err := a.start(remote, controlling); err != nil {
			return fmt.Errorf("starting ICE: %w", err)
		}
	}
	for _, text := range remote.Candidates {
		a.add(text)
	}
	return nil
}

// start begins to check, or to answer. Called with mu held.
func (a *Agent) start(remote Remote, controlling bool) error {
	controlling = (controlling || remote.Lite) && !a.local.Lite
	for i, p := range a.components {
		if p == nil {
			continue
		}
		begin := p.StartAccept
		if controlling {
			begin = p.StartDial
		}
		if err := p.SetRemoteICELite(remote.Lite); err != nil {
			return err
		}
		stream, err := begin(remote.Ufrag, remote.Password)
		if err != nil {
			return err
		}
		if i == 0 {
			a.stream.Store(stream)
		}
	}
	return nil
}

// AddCandidate takes a candidate that came later (RFC 8838): what stands behind "a=candidate:".
func (a *Agent) AddCandidate(text string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.remote == (Credentials{}) {
		return ErrNoRemote
	}
	a.add(text)
	return nil
}

// add takes a candidate of the peer. A lite agent needs none of them: it answers whoever knows the password.
func (a *Agent) add(text string) {
	if a.local.Lite || a.closed || a.candidates >= maxCandidates {
		return
	}
	c := remoteCandidate(text)
	if c == nil || int(c.Component()) > len(a.components) || c.Component() == 0 {
		return
	}
	if p := a.components[c.Component()-1]; p != nil {
		a.candidates++
		_ = p.AddRemoteCandidate(c) // fails when the agent is closed
	}
}

// Remote are the credentials of the peer; empty before SetRemote.
func (a *Agent) Remote() Credentials {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.remote
}

// Heard is when the peer last showed that it knows the password; when the agent was made, before it did. A lite agent's peer is gone when that is
// long ago and no media comes either: old ICE (RFC 5245) stops checking when it has a pair.
func (a *Agent) Heard() time.Time { return time.Unix(0, a.heard.Load()) }

func (a *Agent) touch() { a.heard.Store(time.Now().UnixNano()) }

// Read waits for a datagram that came by TCP for component 1.
func (a *Agent) Read(b []byte) (int, error) {
	stream := a.stream.Load()
	if stream == nil {
		return 0, ErrNoRemote
	}
	return stream.Read(b)
}

// Write sends a datagram by TCP. It does not wait: when the peer reads too slowly the datagram is lost.
func (a *Agent) Write(b []byte) (int, error) {
	stream := a.stream.Load()
	if stream == nil {
		return 0, ErrNoRemote
	}
	return stream.Write(b)
}

func (a *Agent) validated(component, port int, from netip.AddrPort) {
	a.touch()
	if a.config.Validated != nil {
		a.config.Validated(component, port, from)
	}
}

func (a *Agent) selected(component int, local, remote pion.Candidate) {
	addr, err := netip.ParseAddr(remote.Address())
	if err != nil || a.config.Selected == nil {
		return
	}
	path := Path{Component: component, Port: TCPPort, Remote: netip.AddrPortFrom(addr.Unmap(), uint16(remote.Port()))}
	if local.NetworkType().IsUDP() {
		path.Port = a.port(component, local)
	}
	a.config.Selected(path)
}

// port finds the port of one of our candidates.
func (a *Agent) port(component int, local pion.Candidate) int {
	for i, p := range a.config.Mux.ports {
		if p.Component == component && int(p.Announced.Port()) == local.Port() && p.Announced.Addr().Unmap().String() == local.Address() {
			return i
		}
	}
	return TCPPort
}

func (a *Agent) fail() {
	a.failed.Do(func() {
		if a.config.Failed != nil {
			a.config.Failed(ErrConsent)
		}
	})
}

// giveUp ends a component that is not needed, without waiting for what it is telling just now. Called with mu held.
func (a *Agent) giveUp(component int) {
	if component > len(a.components) || a.components[component-1] == nil {
		return
	}
	p := a.components[component-1]
	_ = p.Close() // never fails
	a.components[component-1] = nil
	a.unneeded = append(a.unneeded, p)
}

// Close ends the session and waits for its goroutines. No function of the Config is called afterwards.
func (a *Agent) Close() {
	a.mu.Lock()
	a.closed = true
	all := append(a.components, a.unneeded...)
	a.components, a.unneeded = nil, nil
	a.mu.Unlock()
	a.config.Mux.remove(a.entry)
	for _, p := range all {
		if p != nil {
			_ = p.GracefulClose() // never fails
		}
	}
	if door := a.config.Mux.tcp; door != nil {
		door.RemoveConnByUfrag(a.entry.local.Ufrag)
	}
}
