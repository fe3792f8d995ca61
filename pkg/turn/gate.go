package turn

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/stun/v4"
	"github.com/pion/turn/v5"
)

// A message of a client passes here in these steps:
//
//  1. the carrier reads it from its socket or connection (datagrams.go, stream.go);
//  2. admit looks at it before pion does: what is no good request ends here, counted;
//  3. pion decodes it and asks us what it cannot know (handlers.go);
//  4. what pion answers passes WriteTo, where answers.go puts right what RFC 8656 wants otherwise;
//  5. when pion wants the next message, settle answers what it has left without an answer.
//
// What peers send comes from the goroutine of a relay (relay.go) straight to step 4, and is no answer.

// carrier moves messages to and from clients.
type carrier interface {
	// receive waits for a message, and writes it into the buffer. An error is the end.
	receive(buffer []byte) (n int, from netip.AddrPort, err error)
	// send never waits for the client.
	send(message []byte, to netip.AddrPort)
	// busy says how many relays the carrier has got now: with one, a client may be silent for long.
	busy(relays int)
	close() error
}

// gate stands between a carrier and a server of pion's. It is the net.PacketConn that pion reads; what has no comment on its lock belongs to the
// goroutine that reads.
type gate struct {
	server  *Server
	carrier carrier
	proved  bool // the address of a client has been proved by a handshake
	local   net.Addr
	message stun.Message // that is being looked at
	now     *request     // the last one that got through; nil: it was no request

	mu      sync.Mutex
	relays  map[netip.AddrPort]*relay // by client
	started sync.WaitGroup            // relays, until they are closed
	ended   chan struct{}             // closed when pion has been told that there is nothing more
	end     sync.Once
}

// request is one that pion is answering.
type request struct {
	message  *stun.Message
	from     netip.AddrPort
	user     string
	key      []byte         // signs the answer; nil: the client has not shown good credentials
	instead  stun.ErrorCode // of the code that pion would answer
	answered bool
	claim    func() // gives back the share of a relay that does not exist yet; nil: none
}

// inboundMTU is more than a datagram has on the Internet. pion drops what fills its buffer.
const inboundMTU = 1600

// serve lets clients through until the carrier ends, and waits for their relays.
func (s *Server) serve(c carrier, proved bool) error {
	g := &gate{server: s, carrier: c, proved: proved, relays: map[netip.AddrPort]*relay{}, ended: make(chan struct{})}
	g.local = net.UDPAddrFromAddrPort(netip.AddrPortFrom(s.config.Address, 1)) // its family is that of relays, unless a client asks for another
	_, err := turn.NewServer(turn.ServerConfig{
		Realm: s.config.Realm, LoggerFactory: silent(), InboundMTU: inboundMTU,
		AuthHandler: g.authenticate, QuotaHandler: g.mayAllocate,
		EventHandler: turn.EventHandler{
			OnAuth: g.signed, OnPermissionCreated: g.permitted, OnPermissionDeleted: g.unpermitted, OnChannelCreated: g.bound, OnChannelDeleted: g.unbound,
		},
		PacketConnConfigs: []turn.PacketConnConfig{{PacketConn: g, RelayAddressGenerator: generator{g}, PermissionHandler: g.mayPermit}},
	})
	if err != nil {
		c.close()
		return err
	}
	<-g.ended
	g.started.Wait()
	return net.ErrClosed
}

// ReadFrom gives pion the next message that is worth its time.
func (g *gate) ReadFrom(buffer []byte) (int, net.Addr, error) {
	g.settle()
	for {
		n, from, err := g.carrier.receive(buffer)
		if err != nil {
			g.end.Do(func() { close(g.ended) })
			return 0, nil, err
		}
		if g.admit(buffer[:n], from) {
			return n, net.UDPAddrFromAddrPort(from), nil
		}
	}
}

// admit says whether pion gets a message to see.
func (g *gate) admit(data []byte, from netip.AddrPort) bool {
	g.now = nil
	count := &g.server.stats
	switch {
	case isChannelData(data):
		if g.relayOf(from) == nil {
			count.unasked.Add(1)
			return false
		}
		return true
	case !stun.IsMessage(data) || data[0] > 3:
		count.junk.Add(1)
		return false
	}
	if !g.decode(data) {
		count.malformed.Add(1)
		return false
	}
	switch g.message.Type.Class {
	case stun.ClassIndication:
		return g.admitIndication(from)
	case stun.ClassRequest:
		return g.admitRequest(from)
	}
	count.unasked.Add(1)
	return false
}

// decode reads the message. A FINGERPRINT that is there has to be right (RFC 8489 §14.7), and the length has to be that of the whole.
func (g *gate) decode(data []byte) bool {
	m := &g.message
	m.Raw = append(m.Raw[:0], data...)
	if m.Decode() != nil || len(data) != int(m.Length)+stunHeader {
		return false
	}
	return !m.Contains(stun.AttrFingerprint) || stun.Fingerprint.Check(m) == nil
}

// admitIndication: "If the indication contains unknown comprehension-required attributes, the indication is discarded and processing ceases"
// (RFC 8489 §6.3.2). Of the others only Send means something to a server; Binding is a keep-alive, which has done its work.
func (g *gate) admitIndication(from netip.AddrPort) bool {
	for _, a := range g.message.Attributes {
		if a.Type.Required() && !a.Type.Known() {
			g.server.stats.unasked.Add(1)
			return false
		}
	}
	switch {
	case g.message.Type.Method == stun.MethodSend && g.relayOf(from) != nil:
		return true
	case g.message.Type.Method != stun.MethodBinding:
		g.server.stats.unasked.Add(1)
	}
	return false
}

func (g *gate) admitRequest(from netip.AddrPort) bool {
	switch g.message.Type.Method {
	case stun.MethodBinding, stun.MethodAllocate, stun.MethodRefresh, stun.MethodCreatePermission, stun.MethodChannelBind:
	default:
		g.server.stats.unasked.Add(1)
		return false
	}
	if !g.proved && !g.server.pace.allows(time.Now(), from.Addr()) {
		g.server.stats.overloaded.Add(1)
		return false
	}
	g.now = &request{message: &g.message, from: from}
	return true
}

// WriteTo sends what pion or a relay has for a client.
func (g *gate) WriteTo(message []byte, to net.Addr) (int, error) {
	client := addrPort(to)
	if isResponse(message) {
		g.carrier.send(g.answer(message), client)
	} else {
		g.server.stats.toClients.Add(1)
		g.carrier.send(message, client)
	}
	return len(message), nil
}

// LocalAddr implements net.PacketConn.
func (g *gate) LocalAddr() net.Addr { return g.local }

// Close implements net.PacketConn.
func (g *gate) Close() error { return g.carrier.close() }

// SetDeadline implements net.PacketConn; pion sets none.
func (g *gate) SetDeadline(time.Time) error { return errors.ErrUnsupported }

// SetReadDeadline implements net.PacketConn.
func (g *gate) SetReadDeadline(time.Time) error { return errors.ErrUnsupported }

// SetWriteDeadline implements net.PacketConn.
func (g *gate) SetWriteDeadline(time.Time) error { return errors.ErrUnsupported }

const stunHeader = 20

// isResponse is about messages that we send. The class of a STUN message is in two bits, and responses have the higher one (RFC 8489 §5).
func isResponse(message []byte) bool {
	return len(message) >= stunHeader && message[0] < 4 && message[0]&1 == 1
}

// isChannelData is by the first octet, which is that of a channel number from 0x4000 on (RFC 8656 §12).
func isChannelData(data []byte) bool { return len(data) >= channelHeader && data[0]>>6 == 1 }

func addrPort(a net.Addr) netip.AddrPort {
	if udp, ok := a.(*net.UDPAddr); ok {
		p := udp.AddrPort()
		return netip.AddrPortFrom(plain(p.Addr()), p.Port())
	}
	return netip.AddrPort{}
}
