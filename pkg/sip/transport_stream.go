package sip

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// maxUnsent bounds what waits for a peer that does not read: above it the connection is closed.
const maxUnsent = 1 << 20

// writeTimeout is how long one write may wait for the peer.
const writeTimeout = 10 * time.Second

// lingerTimeout and maxLinger bound what is still read from a peer whose connection we end, so that it gets our last answer: a socket that is
// closed with octets unread resets the connection.
const (
	lingerTimeout = 2 * time.Second
	maxLinger     = 1 << 20
)

// stream is a connection: a framer with deadlines on reading, a queue on writing, so that nobody waits for a slow peer.
type stream struct {
	net.Conn
	label  string
	proto  string
	remote netip.AddrPort
	ua     *UserAgent
	direct syscall.RawConn // nil: what is written goes through the queue
	frames framer          // owned by serve
	rest   bool            // of a message is waited for under a deadline; owned by serve

	mu       sync.Mutex
	greeted  bool     // a whole message has come
	unsent   [][]byte // in order
	waiting  int      // octets in unsent
	flushing bool
	last     bool // nothing more will be written after unsent
	closed   bool
	gone     chan struct{} // closed with it; made when somebody asks
	watchers map[*ClientTransaction]struct{}
	ours     bool          // we opened it
	idle     time.Duration // after which it is closed; 0 is that of Config

	reads atomic.Uint64
	alias streamKey // the second address under which links know it; theirs
}

func newStream(ua *UserAgent, conn net.Conn, transport string) *stream {
	s := &stream{Conn: conn, label: ua.newName(transport), proto: transport, remote: addrPort(conn.RemoteAddr()), ua: ua}
	if c, ok := conn.(*net.TCPConn); ok {
		s.direct, _ = c.SyscallConn()
	}
	s.frames = framer{src: s, maxHead: ua.cfg.MaxHead, maxBody: ua.cfg.MaxBody, ping: s.pong}
	return s
}

func (s *stream) name() string          { return s.label }
func (s *stream) transport() string     { return s.proto }
func (s *stream) local() netip.AddrPort { return addrPort(s.Conn.LocalAddr()) }

// took ends the time in which a stranger must have said something sensible, also for the read that is waiting.
func (s *stream) took() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.greeted {
		s.greeted = true
		s.Conn.SetReadDeadline(time.Now().Add(s.idleTimeout()))
	}
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

// serve reads messages until the connection ends, for any reason.
func (s *stream) serve() {
	defer s.Close()
	for {
		message, err := s.frames.next()
		if err != nil {
			s.end(err)
			return
		}
		s.took()
		s.rest = false
		s.ua.receive(message, flow{s, s.remote})
	}
}

// end says the last word to a peer whose framing is lost, or whose message is not finished in time.
func (s *stream) end(err error) {
	var lost *framingError
	switch {
	case errors.Is(err, errJunk):
		s.ua.stats.junk.Add(1)
		return
	case errors.As(err, &lost):
		s.refuse(lost.head, &refusal{code: lost.code, reason: lost.reason})
	case errors.Is(err, os.ErrDeadlineExceeded) && len(s.frames.unfinished()) > 0:
		s.refuse(s.frames.unfinished(), &refusal{code: 400, reason: "Body shorter than Content-Length"})
	}
}

func (s *stream) refuse(head []byte, why *refusal) {
	s.ua.stats.malformed.Add(1)
	s.ua.refuse(head, flow{s, s.remote}, why)
	s.finish()
}

// finish writes out what is queued, tells the peer that nothing will follow, and waits a little for it to close as well.
func (s *stream) finish() {
	s.mu.Lock()
	s.last = true
	if !s.flushing {
		s.flushing = s.ua.spawn(s.flush)
	}
	s.mu.Unlock()
	s.Conn.SetReadDeadline(time.Now().Add(lingerTimeout))
	io.CopyN(io.Discard, s.Conn, maxLinger)
}

func (s *stream) pong() {
	s.ua.stats.keepAlives.Add(1)
	s.write([]byte("\r\n"), s.remote)
}

// Read waits for the handshake and the first message as long as a handshake may take, for the rest of a later message as long, and between
// messages as long as a connection may be idle.
func (s *stream) Read(buffer []byte) (int, error) {
	s.mu.Lock()
	greeted, idle := s.greeted, s.idleTimeout()
	s.mu.Unlock()
	switch begun := s.frames.begun(); {
	case !greeted || s.rest && begun: // the deadline stands
	case begun:
		s.rest = true
		s.Conn.SetReadDeadline(time.Now().Add(s.ua.cfg.HandshakeTimeout))
	default:
		s.rest = false
		s.Conn.SetReadDeadline(time.Now().Add(idle))
	}
	n, err := s.Conn.Read(buffer)
	if n > 0 {
		s.reads.Add(1)
	}
	return n, err
}

// write gives a message to the system, as far as there is room for it now and nothing waits before it, and queues the rest. A goroutine writes the queue
// out while there is something in it, so an idle connection costs none.
func (s *stream) write(data []byte, _ netip.AddrPort) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.last {
		return net.ErrClosed
	}
	if !s.flushing {
		data = data[s.writeNow(data):]
	}
	if len(data) == 0 {
		return nil
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

// writeNow writes as much as can be written without waiting. What is wrong with the connection is seen by flush, which gets the rest.
func (s *stream) writeNow(data []byte) (n int) {
	if s.direct == nil {
		return 0
	}
	err := s.direct.Write(func(fd uintptr) bool {
		n, _ = syscall.Write(int(fd), data)
		return true
	})
	if err != nil {
		return 0
	}
	return max(0, n)
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
		s.Conn.SetWriteDeadline(time.Time{}) // it is that of a flush, and would end writeNow
		if s.last {
			s.closeWrite()
		}
		return nil
	}
	data := s.unsent[0]
	s.unsent = s.unsent[1:]
	s.waiting -= len(data)
	return data
}

// closeWrite ends our half of the connection, or all of it where there are no halves.
func (s *stream) closeWrite() {
	if half, ok := s.Conn.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
		return
	}
	s.Conn.Close()
}

// shut breaks the connection off. serve sees it and calls Close.
func (s *stream) shut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.closed = true
		if s.gone != nil {
			close(s.gone)
		}
		s.Conn.Close()
		if watchers := s.watchers; len(watchers) > 0 {
			s.watchers = nil
			s.ua.spawn(func() {
				for t := range watchers {
					t.disconnected(s)
				}
			})
		}
	}
}

// watch tells a transaction when the connection breaks; false when it has.
func (s *stream) watch(t *ClientTransaction) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	if s.watchers == nil {
		s.watchers = map[*ClientTransaction]struct{}{}
	}
	s.watchers[t] = struct{}{}
	return true
}

func (s *stream) unwatch(t *ClientTransaction) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.watchers, t)
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

// Close also forgets the connection.
func (s *stream) Close() error {
	s.shut()
	s.ua.links.removeStream(s)
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
