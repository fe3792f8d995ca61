package sip

import (
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"
)

// maxUnsent bounds what waits for a peer that does not read: above it the connection is closed.
const maxUnsent = 1 << 20

// writeTimeout is how long one write may wait for the peer.
const writeTimeout = 10 * time.Second

// stream stands between a connection and sipgo: deadlines on reading, a queue on writing, so that nobody waits for a slow peer.
type stream struct {
	net.Conn
	label  string
	proto  string
	remote netip.AddrPort
	ua     *UserAgent

	mu       sync.Mutex
	greeted  bool     // a whole message has come
	unsent   [][]byte // in order
	waiting  int      // octets in unsent
	flushing bool
	closed   bool
	gone     chan struct{} // closed with it; made when somebody asks
	once     sync.Once
}

func (s *stream) name() string          { return s.label }
func (s *stream) transport() string     { return s.proto }
func (s *stream) local() netip.AddrPort { return addrPort(s.Conn.LocalAddr()) }
func (s *stream) peer() netip.AddrPort  { return s.remote }

// RemoteAddr is what sipgo uses as the key of its pool. A name of our own keeps two connections of one address apart.
func (s *stream) RemoteAddr() net.Addr { return linkAddr(s.label) }

func (s *stream) took() {
	s.mu.Lock()
	s.greeted = true
	s.mu.Unlock()
}

func (s *stream) hasGreeted() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.greeted
}

func (s *stream) usable() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.closed
}

// Read waits for the handshake and the first message as long as a handshake may take, and afterwards as long as a connection may be idle.
func (s *stream) Read(buffer []byte) (int, error) {
	s.mu.Lock()
	greeted := s.greeted
	s.mu.Unlock()
	if greeted {
		s.Conn.SetReadDeadline(time.Now().Add(s.ua.cfg.IdleTimeout))
	}
	return s.Conn.Read(buffer)
}

// Write is sipgo answering a keep-alive.
func (s *stream) Write(data []byte) (int, error) {
	return len(data), s.write(append([]byte(nil), data...), s.remote)
}

// write queues a message. A goroutine writes the queue out while there is something in it, so an idle connection costs none.
func (s *stream) write(data []byte, _ netip.AddrPort) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return net.ErrClosed
	}
	if s.waiting += len(data); s.waiting > maxUnsent {
		s.ua.stats.slowPeers.Add(1)
		s.ua.spawn(s.shut)
		return errors.New("peer does not read")
	}
	s.unsent = append(s.unsent, data)
	if !s.flushing {
		s.flushing = s.ua.spawn(s.flush)
	}
	return nil
}

func (s *stream) flush() {
	for data := s.next(); data != nil; data = s.next() {
		s.Conn.SetWriteDeadline(time.Now().Add(writeTimeout))
		if _, err := s.Conn.Write(data); err != nil {
			s.shut()
			return
		}
	}
}

func (s *stream) next() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.unsent) == 0 || s.closed {
		s.flushing, s.unsent = false, nil
		return nil
	}
	data := s.unsent[0]
	s.unsent = s.unsent[1:]
	s.waiting -= len(data)
	return data
}

// shut breaks the connection off. sipgo sees it and calls Close.
func (s *stream) shut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.closed = true
		if s.gone != nil {
			close(s.gone)
		}
		s.Conn.Close()
	}
}

// done is closed when the connection is.
func (s *stream) done() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone == nil {
		s.gone = make(chan struct{})
		if s.closed {
			close(s.gone)
		}
	}
	return s.gone
}

// Close is sipgo's last word: it reads no more.
func (s *stream) Close() error {
	s.shut()
	s.once.Do(func() {
		s.ua.links.removeStream(s)
		s.ua.leave()
	})
	return nil
}

func (s *stream) tlsState() *tls.ConnectionState {
	switch conn := s.Conn.(type) {
	case *tls.Conn:
		state := conn.ConnectionState()
		return &state
	case *webSocket:
		return conn.secure
	}
	return nil
}

// feed is the listener from which sipgo takes connections, whoever opened them.
type feed struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newFeed() *feed { return &feed{conns: make(chan net.Conn), done: make(chan struct{})} }

func (f *feed) Accept() (net.Conn, error) {
	select {
	case conn := <-f.conns:
		return conn, nil
	case <-f.done:
		return nil, net.ErrClosed
	}
}

func (f *feed) Addr() net.Addr { return &net.TCPAddr{} }

func (f *feed) Close() error {
	f.once.Do(func() { close(f.done) })
	return nil
}

func (f *feed) put(conn net.Conn) error {
	select {
	case f.conns <- conn:
		return nil
	case <-f.done:
		return net.ErrClosed
	}
}
