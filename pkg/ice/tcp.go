package ice

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	pion "github.com/pion/ice/v4"
)

// TCP is where passive TCP candidates (RFC 6544) are answered.
type TCP struct {
	Listener  net.Listener   // bound to one address, not to all
	Announced netip.AddrPort // how peers reach it
}

const (
	// maxTCP bounds the connections, and those of one host; beyond them a connection is closed at once.
	maxTCP        = 2048
	maxTCPPerHost = 256
	// tcpPatience is how long a connection may take to send its first check, and strayTCP how long one with the ufrag of nobody stays.
	tcpPatience = 5 * time.Second
	strayTCP    = time.Second
	// tcpWriteBuffer bounds what waits for a peer that reads slowly, in octets; the newest packet is dropped.
	tcpWriteBuffer = 64 << 10
	// tcpReadQueue bounds the packets that wait for the agent; then the peer waits.
	tcpReadQueue = 16
)

// tcpDoor is the listener, and pion's multiplexer behind it.
type tcpDoor struct {
	*pion.TCPMuxDefault
	announced netip.AddrPort
	bound     net.IP
	refused   *atomic.Uint64
}

func newTCPDoor(t *TCP) *tcpDoor {
	l := &limitedListener{Listener: t.Listener, open: make(map[netip.Addr]int)}
	door := &tcpDoor{announced: t.Announced, refused: &l.refused}
	if addr, ok := t.Listener.Addr().(*net.TCPAddr); ok {
		door.bound = addr.IP
	}
	door.TCPMuxDefault = pion.NewTCPMuxDefault(pion.TCPMuxParams{
		Listener: l, Logger: silent().NewLogger("ice"), ReadBufferSize: tcpReadQueue, WriteBufferSize: tcpWriteBuffer,
		FirstStunBindTimeout: tcpPatience, AliveDurationForConnFromStun: strayTCP,
	})
	return door
}

// conn is what arrives by TCP for an agent.
func (d *tcpDoor) conn(ufrag string) (net.PacketConn, error) {
	return d.GetConnByUfrag(ufrag, d.bound.To4() == nil, d.bound)
}

// limitedListener closes what comes beyond its bounds.
type limitedListener struct {
	net.Listener
	refused atomic.Uint64

	mu   sync.Mutex
	all  int
	open map[netip.Addr]int // by host
}

// Accept waits for a connection that may stay.
func (l *limitedListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if counted, ok := l.admit(c); ok {
			return counted, nil
		}
		l.refused.Add(1)
		c.Close()
	}
}

func (l *limitedListener) admit(c net.Conn) (net.Conn, bool) {
	var host netip.Addr
	if addr, ok := c.RemoteAddr().(*net.TCPAddr); ok {
		host = addr.AddrPort().Addr().Unmap()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all >= maxTCP || l.open[host] >= maxTCPPerHost {
		return nil, false
	}
	l.all++
	l.open[host]++
	return &countedConn{Conn: c, listener: l, host: host}, true
}

func (l *limitedListener) release(host netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all--
	if l.open[host]--; l.open[host] == 0 {
		delete(l.open, host)
	}
}

// countedConn gives its place back when it is closed.
type countedConn struct {
	net.Conn
	listener *limitedListener
	host     netip.Addr
	once     sync.Once
}

// Close closes the connection.
func (c *countedConn) Close() error {
	c.once.Do(func() { c.listener.release(c.host) })
	return c.Conn.Close()
}
