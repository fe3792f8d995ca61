package sip

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// maxDatagram is more than UDP can carry.
const maxDatagram = 65535

// receiveBuffer holds half a second of a flood of 5,000 requests a second: a good call must not get lost among them when the reader has to wait
// for a core.
const receiveBuffer = 4 << 20

// packetSocket is a UDP socket. A datagram is one message: "If there are additional bytes in the transport packet beyond the end of the body, they
// MUST be discarded. If the transport packet ends before the end of the message body, this is considered an error" (RFC 3261 §18.3).
type packetSocket struct {
	net.PacketConn
	udp     *net.UDPConn // the same, if it is one
	label   string
	address netip.AddrPort
	ua      *UserAgent
	once    sync.Once
	done    atomic.Bool
}

func (p *packetSocket) name() string          { return p.label }
func (p *packetSocket) transport() string     { return "UDP" }
func (p *packetSocket) local() netip.AddrPort { return p.address }
func (p *packetSocket) usable() bool          { return !p.done.Load() }

func (p *packetSocket) write(data []byte, to netip.AddrPort) error {
	if p.udp != nil {
		_, err := p.udp.WriteToUDPAddrPort(data, to)
		return err
	}
	_, err := p.PacketConn.WriteTo(data, net.UDPAddrFromAddrPort(to))
	return err
}

func (p *packetSocket) read(buffer []byte) (n int, from netip.AddrPort, err error) {
	if p.udp != nil {
		n, from, err = p.udp.ReadFromUDPAddrPort(buffer)
		return n, unmap(from), err
	}
	n, addr, err := p.PacketConn.ReadFrom(buffer)
	return n, addrPort(addr), err
}

// serve reads datagrams until the socket is closed. Junk is counted and dropped before anybody looks closer at it.
func (p *packetSocket) serve() {
	buffer := make([]byte, maxDatagram)
	for {
		n, from, err := p.read(buffer)
		switch {
		case err != nil && p.over(err):
			return
		case err != nil:
			p.ua.stats.readErrors.Add(1)
			time.Sleep(time.Millisecond) // an error that stays must not spin
		case isKeepAlive(buffer[:n]):
			p.pong(buffer[:n], from)
		case isSTUN(buffer[:n]) && p.stun(buffer[:n], from):
		case !looksLikeSIP(buffer[:n]):
			p.ua.stats.junk.Add(1)
		default:
			p.ua.receive(buffer[:n], flow{p, from})
		}
	}
}

func (p *packetSocket) over(err error) bool {
	return errors.Is(err, net.ErrClosed) || p.ua.isClosed()
}

// pong answers a keep-alive of two line ends by one (RFC 5626 §3.5.1 has it for connections; some phones do it over UDP). One line end and
// empty datagrams only hold a NAT binding open.
func (p *packetSocket) pong(ping []byte, from netip.AddrPort) {
	p.ua.stats.keepAlives.Add(1)
	if len(ping) == 4 && ping[0] == '\r' {
		_ = p.write([]byte("\r\n"), from)
	}
}

// stun answers a keep-alive; false for what is none.
func (p *packetSocket) stun(request []byte, from netip.AddrPort) bool {
	answer := answerSTUN(request, from)
	if answer != nil {
		p.ua.stats.keepAlives.Add(1)
		_ = p.write(answer, from)
	}
	return answer != nil
}

func (p *packetSocket) shut() { p.Close() }

func (p *packetSocket) Close() (err error) {
	p.once.Do(func() {
		p.done.Store(true)
		err = p.PacketConn.Close()
	})
	return err
}
