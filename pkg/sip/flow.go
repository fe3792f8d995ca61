package sip

import (
	"bytes"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
)

// A link is one of our sockets: a packet socket, or one connection.
type link interface {
	name() string                               // the key under which the links table knows it, and the FlowID of a connection
	transport() string                          // "UDP", "TCP", "TLS", "WS" or "WSS"
	local() netip.AddrPort                      // may be unspecified for a packet socket
	write(data []byte, to netip.AddrPort) error // never blocks on the peer
	usable() bool
	shut() // ends reading and writing
}

// A flow is the way back: a link and who is at its other end.
type flow struct {
	link   link
	remote netip.AddrPort
}

func (f flow) usable() bool   { return f.link != nil && f.link.usable() }
func (f flow) reliable() bool { return f.link.transport() != "UDP" }

func (f flow) send(m Message) ([]byte, error) {
	data := encode(m)
	if !isSound(m, data) {
		return nil, fmt.Errorf("%w: %s", ErrLineBreak, f.remote)
	}
	return data, f.write(data)
}

func (f flow) write(data []byte) error {
	if err := f.link.write(data, f.remote); err != nil {
		return fmt.Errorf("%w: %s to %s: %w", ErrTransport, f.link.transport(), f.remote, err)
	}
	return nil
}

func encode(m Message) []byte {
	var b bytes.Buffer
	b.Grow(1024)
	m.StringWrite(&b)
	return b.Bytes()
}

// isSound tells if what is written is what was meant: one line for each header, and no others. A line break in a reason phrase, a display name or
// a URI would be a header, or a whole message, of somebody else's choice.
func isSound(m Message, data []byte) bool {
	lines, i := 0, 0
	for {
		n := bytes.IndexByte(data[i:], '\n')
		if n < 1 || data[i+n-1] != '\r' || bytes.IndexByte(data[i:i+n-1], '\r') >= 0 {
			return false
		}
		if i += n + 1; n == 1 {
			return lines == 1+len(headersOf(m)) && len(data)-i == len(m.Body())
		}
		lines++
	}
}

// links are the open sockets, by name, and the connections also by who is at their other end.
type links struct {
	mu      sync.Mutex
	byName  map[string]link
	streams map[streamKey]*stream
	perHost map[netip.Addr]int // streams
	packets []*packetSocket    // in the order in which they were served
}

type streamKey struct {
	transport string
	remote    netip.AddrPort
}

func newLinks() *links {
	return &links{byName: map[string]link{}, streams: map[streamKey]*stream{}, perHost: map[netip.Addr]int{}}
}

func (l *links) find(name string) link {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.byName[name]
}

func (l *links) addPackets(p *packetSocket) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.byName[p.name()] = p
	l.packets = append(l.packets, p)
}

func (l *links) removePackets(p *packetSocket) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.byName, p.name())
	for i := range l.packets {
		if l.packets[i] == p {
			l.packets = append(l.packets[:i:i], l.packets[i+1:]...)
			return
		}
	}
}

// addStream admits a connection unless there are too many of them, in all or from its address.
func (l *links) addStream(s *stream, maxAll, maxPerAddress int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if host := s.remote.Addr(); len(l.streams) >= maxAll || l.perHost[host] >= maxPerAddress {
		return fmt.Errorf("connection of %s: %w", s.remote, ErrOverload)
	}
	l.perHost[s.remote.Addr()]++
	l.byName[s.name()] = s
	l.streams[streamKey{s.transport(), s.remote}] = s
	return nil
}

// full tells if addStream would refuse.
func (l *links) full(host netip.Addr, maxAll, maxPerAddress int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.streams) >= maxAll || l.perHost[host] >= maxPerAddress
}

func (l *links) removeStream(s *stream) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.byName[s.name()]; !ok {
		return
	}
	delete(l.byName, s.name())
	if key := (streamKey{s.transport(), s.remote}); l.streams[key] == s {
		delete(l.streams, key)
	}
	if l.streams[s.alias] == s {
		delete(l.streams, s.alias)
	}
	host := s.remote.Addr()
	if l.perHost[host]--; l.perHost[host] == 0 {
		delete(l.perHost, host)
	}
}

func (l *links) stream(transport string, remote netip.AddrPort) *stream {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.streams[streamKey{transport, remote}]
}

// streamFor is an open connection to a server.
func (l *links) streamFor(t Target) *stream {
	if s := l.stream(t.Transport, t.Addr); s != nil && s.serves(t) {
		return s
	}
	return nil
}

// packetsFor is a packet socket that can reach an address of that family.
func (l *links) packetsFor(remote netip.Addr) *packetSocket {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range l.packets {
		if local := p.local().Addr(); local.Is4() == remote.Is4() || local == netip.IPv6Unspecified() {
			return p
		}
	}
	return nil
}

func (l *links) packetAddresses() (all []netip.AddrPort) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range l.packets {
		all = append(all, p.local())
	}
	return all
}

func (l *links) all() []link {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Collect(maps.Values(l.byName))
}

// addrPort reads any address of ours or of a peer; addresses that are no IP are the zero value.
func addrPort(addr net.Addr) netip.AddrPort {
	switch a := addr.(type) {
	case *net.UDPAddr:
		return unmap(a.AddrPort())
	case *net.TCPAddr:
		return unmap(a.AddrPort())
	case nil:
		return netip.AddrPort{}
	}
	parsed, _ := netip.ParseAddrPort(strings.TrimSpace(addr.String()))
	return unmap(parsed)
}

func unmap(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }
