package api

import (
	"net"
	"net/netip"
	"sync"
)

// LimitListener accepts at most total connections at once, and perAddress from one address (one /64 of IPv6). What is more is
// closed at once, so that one peer cannot keep the others out.
func LimitListener(l net.Listener, total, perAddress int) net.Listener {
	return &limitListener{Listener: l, total: total, perAddress: perAddress, open: map[netip.Prefix]int{}}
}

type limitListener struct {
	net.Listener
	total, perAddress int

	mu   sync.Mutex // guards what is below
	all  int
	open map[netip.Prefix]int
}

// Accept implements net.Listener.
func (l *limitListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from := network(conn.RemoteAddr())
		if l.enter(from) {
			return &limitedConn{Conn: conn, leave: sync.OnceFunc(func() { l.leave(from) })}, nil
		}
		conn.Close()
	}
}

func (l *limitListener) enter(from netip.Prefix) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all >= l.total || l.open[from] >= l.perAddress {
		return false
	}
	l.all++
	l.open[from]++
	return true
}

func (l *limitListener) leave(from netip.Prefix) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all--
	if l.open[from]--; l.open[from] == 0 {
		delete(l.open, from)
	}
}

type limitedConn struct {
	net.Conn
	leave func()
}

// Close implements net.Conn.
func (c *limitedConn) Close() error {
	c.leave()
	return c.Conn.Close()
}

// network is the address of a peer, or the /64 of IPv6 that a single customer has.
func network(addr net.Addr) netip.Prefix {
	a, err := netip.ParseAddrPort(addr.String())
	if err != nil {
		return netip.Prefix{}
	}
	ip := a.Addr().Unmap()
	bits := ip.BitLen()
	if ip.Is6() {
		bits = 64
	}
	prefix, _ := ip.WithZone("").Prefix(bits)
	return prefix
}
