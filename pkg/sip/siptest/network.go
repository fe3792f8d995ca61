// Package siptest is a network in memory: packet sockets, listeners and connections that block on channels only, so that programs on it can run
// in a bubble of testing/synctest with virtual time.
package siptest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
)

// Network joins sockets by address. Addresses are literal: "192.0.2.1:5060". Port 0 is replaced by a free one.
type Network struct {
	mu        sync.Mutex
	packets   map[netip.AddrPort]*packetConn
	listeners map[netip.AddrPort]*listener
	nextPort  uint16
	drop      func(from, to string, data []byte) bool
}

// NewNetwork makes an empty network. Inside of a synctest bubble it must be made there too.
func NewNetwork() *Network {
	return &Network{packets: map[netip.AddrPort]*packetConn{}, listeners: map[netip.AddrPort]*listener{}, nextPort: 49152}
}

// Drop sets what loses datagrams: those for which lose is true.
func (n *Network) Drop(lose func(from, to string, data []byte) bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.drop = lose
}

// ListenPacket opens a packet socket.
func (n *Network) ListenPacket(addr string) (net.PacketConn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	at, err := n.free(addr)
	if err != nil {
		return nil, err
	}
	if n.packets[at] != nil {
		return nil, fmt.Errorf("listening on %s: address in use", at)
	}
	c := &packetConn{network: n, local: at, in: newQueue(maxDatagrams)}
	n.packets[at] = c
	return c, nil
}

// Listen opens a listener for connections.
func (n *Network) Listen(addr string) (net.Listener, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	at, err := n.free(addr)
	if err != nil {
		return nil, err
	}
	if n.listeners[at] != nil {
		return nil, fmt.Errorf("listening on %s: address in use", at)
	}
	l := &listener{network: n, local: at, conns: make(chan net.Conn, 128), done: make(chan struct{})}
	n.listeners[at] = l
	return l, nil
}

// Dial opens a connection from an address of no importance. It fits sip.Config.Dial; network "tls" is the same as "tcp".
func (n *Network) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	return n.DialFrom(ctx, "198.51.100.1:0", addr)
}

// DialFrom opens a connection between two addresses.
func (n *Network) DialFrom(ctx context.Context, local, remote string) (net.Conn, error) {
	n.mu.Lock()
	from, err := n.free(local)
	to, err2 := netip.ParseAddrPort(remote)
	l := n.listeners[to]
	n.mu.Unlock()
	if err := errors.Join(err, err2); err != nil {
		return nil, fmt.Errorf("dialling %s: %w", remote, err)
	}
	if l == nil {
		return nil, fmt.Errorf("dialling %s: connection refused", remote)
	}
	here, there := connPair(from, to)
	select {
	case l.conns <- there:
		return here, nil
	case <-l.done:
		return nil, fmt.Errorf("dialling %s: connection refused", remote)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// free reads an address and gives it a port. Called with mu held.
func (n *Network) free(addr string) (netip.AddrPort, error) {
	at, err := netip.ParseAddrPort(addr)
	if err != nil {
		return at, err
	}
	if at.Port() == 0 {
		at = netip.AddrPortFrom(at.Addr(), n.nextPort)
		n.nextPort++
	}
	return at, nil
}

// deliver hands a datagram over, or loses it.
func (n *Network) deliver(from, to netip.AddrPort, data []byte) {
	n.mu.Lock()
	c, drop := n.packets[to], n.drop
	n.mu.Unlock()
	if c == nil || drop != nil && drop(from.String(), to.String(), data) {
		return
	}
	c.in.put(item{append([]byte(nil), data...), from})
}

type listener struct {
	network *Network
	local   netip.AddrPort
	conns   chan net.Conn
	done    chan struct{}
	once    sync.Once
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error {
	l.once.Do(func() {
		l.network.mu.Lock()
		delete(l.network.listeners, l.local)
		l.network.mu.Unlock()
		close(l.done)
	})
	return nil
}

func (l *listener) Addr() net.Addr { return net.TCPAddrFromAddrPort(l.local) }
