package media

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"sync/atomic"
)

// ErrNoPort is returned when every port of the range is taken.
var ErrNoPort = errors.New("no media port is free: widen the port range or end calls")

// Ports hands out pairs of ports of a range: an even one for RTP and the odd one above it for RTCP (RFC 3550 §11).
type Ports struct {
	network   Network
	addr      netip.Addr
	low, high uint16

	mu   sync.Mutex
	next uint16
	used []atomic.Bool // by pair, from low
}

// NewPorts serves pairs between low and high, both included, on addr. It starts at a random place, so that a stranger
// cannot guess the next call's port from the last one's.
func NewPorts(network Network, addr netip.Addr, low, high uint16) (*Ports, error) {
	if low%2 == 1 && low < high {
		low++
	}
	if high <= low {
		return nil, fmt.Errorf("media ports %d-%d: the range holds no pair of ports", low, high)
	}
	pairs := (int(high) - int(low) + 1) / 2
	return &Ports{network: network, addr: addr, low: low, high: high, next: low + 2*uint16(rand.IntN(pairs)), used: make([]atomic.Bool, pairs)}, nil
}

// Own reports whether an address is one that is handed out. Nobody calls from there: packets that come from it are those of another leg,
// which a peer has named as its own address by mistake, or so that the two keep each other alive.
func (p *Ports) Own(addr netip.AddrPort) bool {
	port := addr.Port()
	return port >= p.low && int(port-p.low)/2 < len(p.used) && addr.Addr() == p.addr && p.used[(port-p.low)/2].Load()
}

// Release says that the pair whose RTP port this is has been closed.
func (p *Ports) Release(port uint16) { p.used[(port-p.low)/2].Store(false) }

// Pair binds the next free pair; Release it when both are closed.
func (p *Ports) Pair() (rtp, rtcp Conn, err error) {
	for range (int(p.high) - int(p.low) + 1) / 2 {
		port := p.advance()
		if rtp, err = p.network.Listen(netip.AddrPortFrom(p.addr, port)); err != nil {
			continue
		}
		if rtcp, err = p.network.Listen(netip.AddrPortFrom(p.addr, port+1)); err != nil {
			rtp.Close()
			continue
		}
		p.used[(port-p.low)/2].Store(true)
		return rtp, rtcp, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%w (last try: %w)", ErrNoPort, err)
	}
	return nil, nil, ErrNoPort
}

func (p *Ports) advance() uint16 {
	p.mu.Lock()
	defer p.mu.Unlock()
	port := p.next
	p.next += 2
	if p.next < p.low || p.next >= p.high { // the first also when 65535 wraps
		p.next = p.low
	}
	return port
}
