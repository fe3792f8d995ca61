package sip

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// packetSocket stands between a UDP socket and sipgo. It shows sipgo one peer only, itself, because sipgo remembers every address that ever sent
// something, for as long as the socket lives. Who really sent a message is asked with peer() while the message is handled, which happens on the
// reading goroutine.
type packetSocket struct {
	net.PacketConn
	label   string
	address netip.AddrPort
	ua      *UserAgent

	// Owned by the reading goroutine.
	sender  netip.AddrPort
	pending []byte // the datagram sipgo is looking at; nil once it came out as a message
	once    sync.Once
	done    atomic.Bool
}

// linkAddr is a name that passes for an address in sipgo's pool.
type linkAddr string

func (a linkAddr) Network() string { return "sip" }
func (a linkAddr) String() string  { return string(a) }

func (p *packetSocket) name() string          { return p.label }
func (p *packetSocket) transport() string     { return "UDP" }
func (p *packetSocket) local() netip.AddrPort { return p.address }
func (p *packetSocket) peer() netip.AddrPort  { return p.sender }
func (p *packetSocket) took()                 { p.pending = nil }
func (p *packetSocket) usable() bool          { return !p.done.Load() }

func (p *packetSocket) write(data []byte, to netip.AddrPort) error {
	_, err := p.PacketConn.WriteTo(data, net.UDPAddrFromAddrPort(to))
	return err
}

// ReadFrom gives sipgo the next datagram that looks like SIP. Junk is counted and dropped before sipgo learns of it; a datagram that sipgo was
// given and did not understand is answered here, when it asks for the next one.
func (p *packetSocket) ReadFrom(buffer []byte) (int, net.Addr, error) {
	p.refuse()
	for {
		n, from, err := p.PacketConn.ReadFrom(buffer)
		switch {
		case err != nil && p.over(err):
			return 0, nil, net.ErrClosed
		case err != nil:
			p.ua.stats.readErrors.Add(1)
			time.Sleep(time.Millisecond) // an error that stays must not spin
		case isKeepAlive(buffer[:n]):
			p.pong(buffer[:n], from)
		case !looksLikeSIP(buffer[:n]):
			p.ua.stats.junk.Add(1)
		default:
			p.sender, p.pending = addrPort(from), buffer[:n]
			return n, linkAddr(p.label), nil
		}
	}
}

func (p *packetSocket) over(err error) bool {
	return errors.Is(err, net.ErrClosed) || p.ua.isClosed()
}

// pong answers a keep-alive of two line ends by one (RFC 5626 §3.5.1 has it for connections; some phones do it over UDP). One line end and
// empty datagrams only hold a NAT binding open.
func (p *packetSocket) pong(ping []byte, from net.Addr) {
	p.ua.stats.keepAlives.Add(1)
	if len(ping) == 4 && ping[0] == '\r' {
		p.PacketConn.WriteTo([]byte("\r\n"), from)
	}
}

func (p *packetSocket) refuse() {
	if p.pending == nil {
		return
	}
	p.ua.stats.malformed.Add(1)
	if answer := answerMalformed(p.pending, p.sender); answer != nil && p.ua.mayAnswer(flow{p, p.sender}) {
		p.write(answer, p.sender)
	}
	p.pending = nil
}

func (p *packetSocket) shut() { p.Close() }

// Close is called by us and by sipgo.
func (p *packetSocket) Close() (err error) {
	p.once.Do(func() {
		p.done.Store(true)
		err = p.PacketConn.Close()
	})
	return err
}
