package badnet

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxPeers bounds who is relayed at once; datagrams of others are dropped.
	maxPeers = 256
	datagram = 65536 // octets, at most
)

// Relay is a UDP port that leads to another address: what comes from anybody goes there through Up, each sender having a socket of its own, and
// what comes back goes back to that sender through Down. A nil link does nothing.
type Relay struct {
	Up, Down *Link

	conn    *net.UDPConn
	to      netip.AddrPort
	reading sync.WaitGroup
	refused atomic.Uint64

	mu     sync.Mutex
	closed bool
	peers  map[netip.AddrPort]*net.UDPConn
}

// Serve begins to relay between a port of addr, 0 is any, and to.
func (r *Relay) Serve(addr, to netip.AddrPort) error {
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(addr))
	if err != nil {
		return err
	}
	r.conn, r.to, r.peers = conn, to, make(map[netip.AddrPort]*net.UDPConn)
	r.reading.Go(r.readUp)
	return nil
}

// Addr is where datagrams are taken.
func (r *Relay) Addr() netip.AddrPort { return r.conn.LocalAddr().(*net.UDPAddr).AddrPort() }

// Refused counts datagrams of senders beyond the 256th.
func (r *Relay) Refused() uint64 { return r.refused.Load() }

func (r *Relay) readUp() {
	buffer := make([]byte, datagram)
	for {
		n, from, err := r.conn.ReadFromUDPAddrPort(buffer)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if peer, flow := r.peer(from); peer != nil && err == nil {
			r.pass(r.Up, flow, buffer[:n], func(data []byte) { _, _ = peer.Write(data) })
		}
	}
}

// peer is the socket of a sender.
func (r *Relay) peer(from netip.AddrPort) (peer *net.UDPConn, flow int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if peer = r.peers[from]; peer != nil || r.closed {
		return peer, int(from.Port())
	}
	if len(r.peers) == maxPeers {
		r.refused.Add(1)
		return nil, 0
	}
	peer, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(r.to))
	if err != nil {
		return nil, 0
	}
	r.peers[from] = peer
	r.reading.Go(func() { r.readDown(peer, from) })
	return peer, int(from.Port())
}

func (r *Relay) readDown(peer *net.UDPConn, to netip.AddrPort) {
	buffer := make([]byte, datagram)
	for {
		n, err := peer.Read(buffer)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil { // an ICMP error is none of ours
			r.pass(r.Down, int(to.Port()), buffer[:n], func(data []byte) { _, _ = r.conn.WriteToUDPAddrPort(data, to) })
		}
	}
}

// pass sends a datagram when the link says.
func (r *Relay) pass(l *Link, flow int, data []byte, send func([]byte)) {
	if l == nil {
		send(data)
		return
	}
	now := time.Now()
	if arrives, ok := l.Pass(now, flow, len(data)); ok {
		kept := append([]byte{}, data...)
		time.AfterFunc(arrives.Sub(now), func() { send(kept) })
	}
}

// Close ends the relay; what is on its way is lost.
func (r *Relay) Close() {
	r.mu.Lock()
	r.closed = true
	for _, peer := range r.peers {
		peer.Close()
	}
	r.mu.Unlock()
	r.conn.Close()
	r.reading.Wait()
}
