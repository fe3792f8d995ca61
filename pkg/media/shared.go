package media

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/ice"
)

const (
	// maxRoutes bounds the addresses of one leg; more are refused, counted.
	maxRoutes = 16
	// routeHeld is how long an address stays one leg's although nothing comes from it. Only then another leg may have it: else who is in a
	// conference could take somebody else's address away with a forged packet.
	routeHeld = 10 * time.Second
)

// SharedConfig says where the shared ports are.
type SharedConfig struct {
	Network Network
	// Addresses are bound for RTP, and the port above each for RTCP of peers that do not multiplex. Port 0 takes any two.
	Addresses []netip.AddrPort
	// Announced is how peers reach them, behind a 1:1 NAT; invalid or missing: as they are bound.
	Announced []netip.Addr
	// ListenTCP listens where the RTP of the first address is bound, for peers whose UDP is blocked; nil: for none.
	ListenTCP func(netip.AddrPort) (net.Listener, error)
}

// SharedStats counts what came to the shared ports and was for nobody.
type SharedStats struct {
	Strangers uint64 // not STUN, and from an address that is no leg's
	Taken     uint64 // an address that a check proved, but that another leg has
	Excess    uint64 // an address too many for one leg
	Panics    uint64 // datagrams that ended their leg
	STUN      ice.MuxStats
}

// Shared are the ports that all legs with ICE share.
type Shared struct {
	ports     []*sharedPort
	mux       *ice.Mux
	announced netip.AddrPort
	seats     sync.WaitGroup // agents that are closing, and readers of TCP

	mu     sync.RWMutex // guards the routes of all ports and seats
	closed bool

	strangers, taken, excess, panics atomic.Uint64
}

// route says that an address is a leg's.
type route struct {
	seat    *Seat
	session int       // the last one of the seat that has proved the address
	last    time.Time // when something came; belongs to who reads the port
}

// NewShared binds the ports and starts to read them.
func NewShared(config SharedConfig) (*Shared, error) {
	s := &Shared{}
	var ports []ice.Port
	for i, addr := range config.Addresses {
		pair, err := listenPair(config.Network, addr)
		if err != nil {
			s.closePorts()
			return nil, fmt.Errorf("shared media port: %w", err)
		}
		for component, conn := range pair {
			p := newSharedPort(s, conn, component+1)
			s.ports = append(s.ports, p)
			ports = append(ports, ice.Port{Component: p.component, Announced: announced(conn.LocalAddr(), config.Announced, i), Send: p.send})
		}
	}
	if len(s.ports) == 0 {
		return nil, errors.New("shared media port: no address")
	}
	tcp, err := config.listenTCP(s.LocalAddr())
	if err != nil {
		s.closePorts()
		return nil, fmt.Errorf("shared media port by TCP: %w", err)
	}
	s.announced, s.mux = ports[0].Announced, ice.NewMux(ports, tcp)
	for _, p := range s.ports {
		p.socket.start(p.read)
	}
	return s, nil
}

// listenTCP is the listener, if there is to be one.
func (c *SharedConfig) listenTCP(at netip.AddrPort) (*ice.TCP, error) {
	if c.ListenTCP == nil {
		return nil, nil
	}
	l, err := c.ListenTCP(at)
	if err != nil {
		return nil, err
	}
	bound, err := netip.ParseAddrPort(l.Addr().String())
	if err != nil {
		l.Close()
		return nil, err
	}
	return &ice.TCP{Listener: l, Announced: announced(bound, c.Announced, 0)}, nil
}

// listenPair binds a port and the one above it.
func listenPair(network Network, addr netip.AddrPort) (pair [2]Conn, err error) {
	for range 20 { // of any port the one above may be taken
		if pair[0], err = network.Listen(addr); err != nil {
			return pair, err
		}
		if got := pair[0].LocalAddr().Port(); got < 65535 {
			if pair[1], err = network.Listen(netip.AddrPortFrom(addr.Addr(), got+1)); err == nil {
				return pair, nil
			}
		}
		pair[0].Close()
		if addr.Port() != 0 {
			break
		}
	}
	if err == nil {
		err = fmt.Errorf("port %d has none above it", addr.Port())
	}
	return pair, err
}

func announced(bound netip.AddrPort, public []netip.Addr, i int) netip.AddrPort {
	if i < len(public) && public[i].IsValid() {
		return netip.AddrPortFrom(public[i], bound.Port())
	}
	return bound
}

// Close closes the ports and waits until all that belonged to seats has ended. The seats are closed before.
func (s *Shared) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.seats.Wait()
	err := s.mux.Close()
	s.closePorts()
	return err
}

func (s *Shared) closePorts() {
	for _, p := range s.ports {
		p.socket.Close()
	}
}

// Stats are the counters so far.
func (s *Shared) Stats() SharedStats {
	return SharedStats{Strangers: s.strangers.Load(), Taken: s.taken.Load(), Excess: s.excess.Load(), Panics: s.panics.Load(), STUN: s.mux.Stats()}
}

// LocalAddr is where the RTP of the first address is bound.
func (s *Shared) LocalAddr() netip.AddrPort { return s.ports[0].socket.LocalAddr() }

func (s *Shared) find(p *sharedPort, from netip.AddrPort) *route {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return p.routes[from]
}

// admit makes an address a leg's, because a check has proved that it is. It runs where the port is read.
func (s *Shared) admit(port, session int, from netip.AddrPort, seat *Seat) {
	p, now := s.ports[port], time.Now()
	if r := s.find(p, from); r != nil && r.seat == seat && r.session == session {
		r.last = now
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r := p.routes[from]
	switch {
	case s.closed || seat.closed:
		return
	case r != nil && r.seat != seat && now.Sub(r.last) < routeHeld:
		s.taken.Add(1)
		return
	case r != nil && r.seat == seat:
		r.session, r.last = max(r.session, session), now
		return
	case len(seat.held) == maxRoutes:
		s.excess.Add(1)
		return
	case r != nil:
		r.seat.release(p, from)
	}
	p.routes[from] = &route{seat: seat, session: session, last: now}
	seat.held = append(seat.held, place{p, from})
}

// forget takes away the routes of a seat that no session from this one on has proved.
func (s *Shared) forget(seat *Seat, session int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range slices.Clone(seat.held) {
		if h.port.routes[h.from].session < session {
			seat.release(h.port, h.from)
		}
	}
}

// place is an address on a port.
type place struct {
	port *sharedPort
	from netip.AddrPort
}

// release takes an address away from a seat. Called with Shared.mu held.
func (s *Seat) release(p *sharedPort, from netip.AddrPort) {
	delete(p.routes, from)
	s.held = slices.DeleteFunc(s.held, func(h place) bool { return h == place{p, from} })
}

// way is where datagrams of a component go.
type way struct {
	socket *Socket
	to     *Destination
}

// way makes the one of a path.
func (s *Shared) way(path ice.Path, agent *ice.Agent) *way {
	to := NewDestination(path.Remote)
	if path.Port == ice.TCPPort {
		return &way{socket: newIdleSocket(streamConn{agent}), to: to}
	}
	return &way{socket: s.ports[path.Port].socket, to: to}
}

// streamConn is the TCP connection of an agent as a Conn that is only written to: a goroutine reads it.
type streamConn struct{ agent *ice.Agent }

// WriteTo sends one datagram. It does not block: what a slow peer does not take in time is lost.
func (c streamConn) WriteTo(data []byte, _ *Destination) error {
	_, err := c.agent.Write(data)
	return err
}

func (streamConn) ReadBatch(*Batch, time.Time) int { return 0 }
func (streamConn) LocalAddr() netip.AddrPort       { return netip.AddrPort{} }
func (streamConn) Close() error                    { return nil }

// Announced is how peers reach the RTP of the first address.
func (s *Shared) Announced() netip.AddrPort { return s.announced }
