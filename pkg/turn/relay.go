package turn

import (
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/stun/v4"
	"github.com/pion/turn/v5"
)

// relay is the socket of an allocation. pion reads and writes it; it is closed when the allocation ends, and so ends whoever closes it.
type relay struct {
	*net.UDPConn
	gate    *gate
	client  netip.AddrPort
	port    uint16
	release func()
	once    sync.Once

	mu       sync.Mutex
	out, in  bucket // of octets
	peers    map[netip.Addr]struct{}
	channels map[uint16]struct{}
}

// What one allocation may have. A client has as many peers as the server has addresses, and tries candidates that it has heard of.
const (
	maxPeers    = 64
	maxChannels = 64
)

var (
	errNoPort = errors.New("no relay port is free")
	errFamily = errors.New("relays have another address family")
	errTCP    = errors.New("relays speak UDP")
)

// generator makes relays for the clients of a gate.
type generator struct{ gate *gate }

var _ turn.RelayAddressGenerator = generator{}

// Validate implements turn.RelayAddressGenerator.
func (generator) Validate() error { return nil }

// AllocatePacketConn opens a port for the request of now, or, without a user, tries out which even one is free (EVEN-PORT).
func (a generator) AllocatePacketConn(wanted turn.AllocateListenerConfig) (net.PacketConn, net.Addr, error) {
	g := a.gate
	if wanted.UserID == "" {
		return g.server.openPort(wanted.Network, 0, true)
	}
	if (wanted.Network == "udp6") != g.server.config.Address.Is6() {
		g.instead(stun.CodeAddrFamilyNotSupported, &g.server.stats.refused)
		return nil, nil, errFamily
	}
	conn, at, err := g.server.openPort(wanted.Network, wanted.RequestedPort, false)
	if err != nil {
		return nil, nil, err
	}
	return g.newRelay(conn, at.Port), at, nil
}

// AllocateListener refuses a relay that speaks TCP with 442 (Unsupported Transport Protocol, RFC 8656 §7.2).
func (a generator) AllocateListener(turn.AllocateListenerConfig) (net.Listener, net.Addr, error) {
	a.gate.instead(stun.CodeUnsupportedTransProto, &a.gate.server.stats.refused)
	return nil, nil, errTCP
}

// AllocateConn is for allocations that there are none of.
func (generator) AllocateConn(turn.AllocateConnConfig) (net.Conn, error) { return nil, errTCP }

// tries is how many ports are tried before there is said to be none.
const tries = 128

// openPort opens one port of the range, at random: a stranger does not guess it. The address is that which clients and peers see.
func (s *Server) openPort(network string, port int, even bool) (*net.UDPConn, *net.UDPAddr, error) {
	r := s.relays
	size := int(r.High) - int(r.Low) + 1
	start := rand.IntN(size)
	for i := range min(tries, size) {
		at := int(r.Low) + (start+i)%size
		switch {
		case port != 0 && (port < int(r.Low) || port > int(r.High)):
			return nil, nil, errNoPort
		case port != 0:
			at = port
		case even && at%2 != 0:
			continue
		}
		address := net.UDPAddrFromAddrPort(netip.AddrPortFrom(s.config.Address, uint16(at)))
		conn, err := net.ListenUDP(network, net.UDPAddrFromAddrPort(netip.AddrPortFrom(s.config.Bind, uint16(at))))
		if err == nil {
			return conn, address, nil
		}
		if port != 0 {
			break
		}
	}
	return nil, nil, errNoPort
}

func (g *gate) newRelay(conn *net.UDPConn, port int) *relay {
	r := &relay{
		UDPConn: conn, gate: g, client: g.now.from, port: uint16(port), release: g.now.claim,
		peers: map[netip.Addr]struct{}{}, channels: map[uint16]struct{}{},
	}
	g.now.claim = nil
	g.started.Add(1)
	g.server.stats.allocations.Add(1)
	g.mu.Lock()
	g.relays[r.client] = r
	g.carrier.busy(len(g.relays))
	g.mu.Unlock()
	return r
}

// Close returns no error: pion would leave the other allocations open after one.
func (r *relay) Close() error {
	r.once.Do(func() {
		r.UDPConn.Close()
		r.release()
		g := r.gate
		g.mu.Lock()
		if g.relays[r.client] == r {
			delete(g.relays, r.client)
		}
		g.carrier.busy(len(g.relays))
		g.mu.Unlock()
		g.started.Done()
	})
	return nil
}

// ReadFrom waits for a datagram of a peer that the relay speaks with.
func (r *relay) ReadFrom(buffer []byte) (int, net.Addr, error) {
	for {
		n, from, err := r.UDPConn.ReadFromUDPAddrPort(buffer)
		if err != nil {
			return 0, nil, err
		}
		if r.passes(from, n, &r.in) {
			return n, net.UDPAddrFromAddrPort(from), nil
		}
	}
}

// WriteTo sends to a peer. What may not go is lost, as datagrams are.
func (r *relay) WriteTo(data []byte, to net.Addr) (int, error) {
	peer := addrPort(to)
	if !r.passes(peer, len(data), &r.out) {
		return len(data), nil
	}
	r.gate.server.stats.toPeers.Add(1)
	return r.UDPConn.WriteToUDPAddrPort(data, peer)
}

func (r *relay) passes(peer netip.AddrPort, size int, budget *bucket) bool {
	s := r.gate.server
	if !s.policy.speaksWith(peer) {
		s.stats.badPeers.Add(1)
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !budget.take(time.Now(), float64(s.config.Limits.BytesPerSecond), float64(size)) {
		s.stats.overRate.Add(1)
		return false
	}
	return true
}

// hasRoom says whether the allocation may have one more peer, and one more channel if that is not 0; those that it has may stay.
func (r *relay) hasRoom(peer netip.Addr, channel uint16) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, known := r.peers[peer]
	_, bound := r.channels[channel]
	return (known || len(r.peers) < maxPeers) && (channel == 0 || bound || len(r.channels) < maxChannels)
}

func (r *relay) permit(peer net.IP, yes bool) {
	address, _ := netip.AddrFromSlice(peer)
	r.mu.Lock()
	defer r.mu.Unlock()
	set(r.peers, plain(address), yes)
}

func (r *relay) bind(channel uint16, yes bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	set(r.channels, channel, yes)
}

func set[K comparable](of map[K]struct{}, key K, yes bool) {
	if yes {
		of[key] = struct{}{}
	} else {
		delete(of, key)
	}
}
