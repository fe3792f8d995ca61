package turn

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/logging"
)

// Config is what a server needs.
type Config struct {
	Realm   string     // of credentials
	Secret  []byte     // of Issuer; nobody guesses it
	Address netip.Addr // of relays, as clients and peers see it
	Bind    netip.Addr // where their sockets are; that of the zero Addr: Address
	Ports   [2]uint16  // of relays, both ends included
	Peers   Peers
	TLS     *tls.Config // nil: no TLS
	Limits  Limits
}

// Limits bounds what a server does for whom. A zero means the value behind it.
type Limits struct {
	Allocations          int           // in all: 4,096
	AllocationsPerUser   int           // 16
	AllocationsPerSource int           // of an IPv4 address, or the /64 of an IPv6 address: 256
	BytesPerSecond       int           // of one allocation, each way: 500,000
	Connections          int           // in all: 4,096
	ConnectionsPerSource int           // 256
	RequestsPerSource    int           // a second, over UDP: 500
	Requests             int           // a second, over UDP, in all: 10,000
	Handshake            time.Duration // until a connection has said something sensible, for the rest of a message, and for a write: 10 s
	Idle                 time.Duration // of a connection without an allocation: 60 s
}

func (l *Limits) setDefaults() {
	for _, row := range []struct {
		value *int
		then  int
	}{
		{&l.Allocations, 4096}, {&l.AllocationsPerUser, 16}, {&l.AllocationsPerSource, 256}, {&l.BytesPerSecond, 500_000},
		{&l.Connections, 4096}, {&l.ConnectionsPerSource, 256}, {&l.RequestsPerSource, 500}, {&l.Requests, 10_000},
	} {
		if *row.value == 0 {
			*row.value = row.then
		}
	}
	if l.Handshake == 0 {
		l.Handshake = 10 * time.Second
	}
	if l.Idle == 0 {
		l.Idle = time.Minute
	}
}

// Server answers STUN and TURN on the sockets that it is given to serve.
type Server struct {
	config                   Config
	issuer                   Issuer
	policy                   *policy
	relays                   Range
	allocations, connections *shares
	pace                     *pace
	stats                    counters

	mu      sync.Mutex
	closed  bool
	sockets map[io.Closer]struct{} // what Close closes
	work    sync.WaitGroup
}

// minSecret is that of HMAC-SHA1, which is also what GenerateAuthKey keeps.
const minSecret = 16

// New makes a server. The error says what in the configuration cannot be.
func New(config Config) (*Server, error) {
	config.Limits.setDefaults()
	if !config.Bind.IsValid() {
		config.Bind = config.Address
	}
	config.Address, config.Bind = plain(config.Address), plain(config.Bind)
	switch {
	case config.Realm == "":
		return nil, errors.New("TURN without a realm")
	case len(config.Secret) < minSecret:
		return nil, fmt.Errorf("the secret of TURN has %d bytes: %d are the least", len(config.Secret), minSecret)
	case !config.Address.IsValid() || config.Address.IsUnspecified() || config.Address.Is4() != config.Bind.Is4():
		return nil, fmt.Errorf("relays cannot have the address %v on %v", config.Address, config.Bind)
	case config.Ports[0] == 0 || config.Ports[1] < config.Ports[0]:
		return nil, fmt.Errorf("relays cannot have the ports %d-%d", config.Ports[0], config.Ports[1])
	}
	relays := Range{config.Address, config.Ports[0], config.Ports[1]}
	return &Server{
		config: config, issuer: NewIssuer(config.Secret), relays: relays, policy: newPolicy(config.Peers, relays),
		allocations: newShares(config.Limits.Allocations), connections: newShares(config.Limits.Connections),
		pace: newPace(config.Limits.RequestsPerSource, config.Limits.Requests), sockets: map[io.Closer]struct{}{},
	}, nil
}

// silent keeps pion from writing to standard error. What it would say is in Stats.
func silent() logging.LoggerFactory {
	return &logging.DefaultLoggerFactory{Writer: io.Discard, DefaultLogLevel: logging.LogLevelDisabled}
}

// ServeUDP answers on a socket until Close, and closes it. The error is net.ErrClosed then.
func (s *Server) ServeUDP(conn *net.UDPConn) error {
	if !s.begin(conn) {
		return net.ErrClosed
	}
	defer s.finish(conn)
	return s.serve(&datagrams{conn, &s.stats}, false)
}

// ServeTCP answers on the connections of a listener until Close, and closes it. Connections that begin with a TLS handshake speak TLS if the
// server has a certificate.
func (s *Server) ServeTCP(l net.Listener) error { return s.serveListener(l, false) }

// ServeTLS answers connections that all speak TLS.
func (s *Server) ServeTLS(l net.Listener) error {
	if s.config.TLS == nil {
		l.Close()
		return errors.New("TURN over TLS without a certificate")
	}
	return s.serveListener(l, true)
}

func (s *Server) serveListener(l net.Listener, secure bool) error {
	if !s.begin(l) {
		return net.ErrClosed
	}
	defer s.finish(l)
	for pause := time.Duration(0); ; {
		conn, err := l.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil: // too many files are open
			s.stats.readErrors.Add(1)
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			time.Sleep(pause)
			continue
		}
		pause = 0
		s.accept(conn, secure)
	}
}

// accept serves a connection if its source, and all together, have not too many.
func (s *Server) accept(conn net.Conn, secure bool) {
	remote, _ := netip.ParseAddrPort(conn.RemoteAddr().String())
	leave := s.connections.take(owner{bySource(source(remote.Addr())), s.config.Limits.ConnectionsPerSource})
	if leave == nil {
		s.stats.overloaded.Add(1)
		conn.Close()
		return
	}
	if !s.begin(conn) {
		leave()
		return
	}
	go func() {
		defer s.finish(conn)
		defer leave()
		s.converse(conn, secure)
	}()
}

func (s *Server) converse(conn net.Conn, secure bool) {
	conn.SetDeadline(time.Now().Add(s.config.Limits.Handshake))
	opened, err := s.open(conn, secure)
	if err != nil {
		s.stats.handshakes.Add(1)
		return
	}
	s.serve(newStream(s, opened), true)
}

// begin counts something that Close closes and waits for; after Close it closes that at once, and returns false.
func (s *Server) begin(c io.Closer) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		c.Close()
		return false
	}
	s.sockets[c] = struct{}{}
	s.work.Add(1)
	return true
}

func (s *Server) finish(c io.Closer) {
	c.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sockets, c)
	s.work.Done()
}

// spawn runs f on a goroutine that Close waits for; false after Close.
func (s *Server) spawn(f func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.work.Go(f)
	return true
}

// Close ends all allocations and connections, and waits for that. A second Close only waits.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	for c := range s.sockets {
		c.Close()
	}
	s.mu.Unlock()
	s.work.Wait()
	return nil
}
