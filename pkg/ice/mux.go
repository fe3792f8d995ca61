package ice

// One STUN message, in the order of the functions below, on the goroutine that reads the socket:
//
//	1  Receive    is it a Binding message at all?
//	2  request    the agent of its username, if there is one and the message knows its password
//	   response   the check it answers, if we have sent that check there
//	3  admit      the address is a valid one of that agent from now on (Config.Validated)
//	4  conn.put   into the queue of the agent, whose own goroutine does the rest

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
)

// ErrClosed is returned when the multiplexer has been closed.
var ErrClosed = errors.New("ice: closed")

// Port is one UDP socket that legs share.
type Port struct {
	Component int            // 1: RTP, or everything; 2: RTCP of peers that do not multiplex
	Announced netip.AddrPort // how peers reach it; behind a 1:1 NAT that is not where it is bound
	// Send writes a datagram. It is called from several goroutines, does not block and does not keep data.
	Send func(data []byte, to netip.AddrPort) error
}

// Mux hands the STUN messages of shared ports to the agents they are for. A message for nobody costs a look into a map and leaves
// nothing behind.
type Mux struct {
	ports []Port
	tcp   *tcpDoor // nil: no TCP

	mu      sync.RWMutex
	entries map[string]*entry // by local ufrag
	closed  bool

	pendingMu sync.Mutex
	pending   map[transaction]check // requests of ours without an answer

	buffers sync.Pool // of *[maxMessage]byte
	stats   struct{ malformed, unknown, unauthenticated, unanswerable, overflow, indications atomic.Uint64 }
}

// MuxStats counts STUN messages that led nowhere.
type MuxStats struct {
	Malformed       uint64 // not a Binding message
	Unknown         uint64 // requests with the ufrag of no agent
	Unauthenticated uint64 // … whose MESSAGE-INTEGRITY is wrong, or missing
	Unanswerable    uint64 // responses to nothing that was asked there
	Overflow        uint64 // the agent's queue was full
	Indications     uint64 // keepalives, which need no answer
	TCPRefused      uint64 // connections beyond the bounds of TCP
}

// entry is an agent as the multiplexer sees it.
type entry struct {
	local     Credentials
	remote    atomic.Pointer[string] // the peer's password, once it is known
	conns     []*conn                // by port; nil: not of the agent's components
	validated func(component int, port int, from netip.AddrPort)
}

// check is a request that was sent.
type check struct {
	conn *conn
	to   netip.AddrPort
}

// NewMux serves agents on ports, and on a TCP listener if there is one, which it takes over.
func NewMux(ports []Port, tcp *TCP) *Mux {
	m := &Mux{ports: ports, entries: make(map[string]*entry), pending: make(map[transaction]check)}
	m.buffers.New = func() any { return new([maxMessage]byte) }
	if tcp != nil {
		m.tcp = newTCPDoor(tcp)
	}
	return m
}

// Close ends the TCP listener and its connections; agents are closed by their owners, before this.
func (m *Mux) Close() error {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	if m.tcp != nil {
		return m.tcp.Close()
	}
	return nil
}

// Stats are the counters so far.
func (m *Mux) Stats() MuxStats {
	s := MuxStats{
		Malformed: m.stats.malformed.Load(), Unknown: m.stats.unknown.Load(), Unauthenticated: m.stats.unauthenticated.Load(),
		Unanswerable: m.stats.unanswerable.Load(), Overflow: m.stats.overflow.Load(), Indications: m.stats.indications.Load(),
	}
	if m.tcp != nil {
		s.TCPRefused = m.tcp.refused.Load()
	}
	return s
}

// Receive takes a datagram whose first byte is 0 to 3 (RFC 7983) from the port with that index. It never blocks and does not keep data. It
// reports whether that was an indication, by which old ICE keeps a path open (RFC 5245 §10): anybody can send one.
func (m *Mux) Receive(port int, data []byte, from netip.AddrPort) (keepalive bool) {
	msg, ok := parse(data)
	switch {
	case !ok:
		m.stats.malformed.Add(1)
	case msg.class == request:
		m.request(port, &msg, from)
	case msg.class == indication:
		m.stats.indications.Add(1)
		return true
	default:
		m.response(port, &msg, from)
	}
	return false
}

// request is a check of a peer. One without the right password gets no answer: a flood with guessed names is not worth a packet each.
func (m *Mux) request(port int, msg *message, from netip.AddrPort) {
	e := m.find(msg.localUfrag())
	if e == nil || e.conns[port] == nil {
		m.stats.unknown.Add(1)
		return
	}
	if !msg.authentic(e.local.Password) {
		m.stats.unauthenticated.Add(1)
		return
	}
	m.admit(e, port, msg, from)
}

// response is an answer to a check of ours. RFC 8445 §7.2.5.2.1: the addresses of a response must be those of its request, the other way
// round.
func (m *Mux) response(port int, msg *message, from netip.AddrPort) {
	sent, ok := m.sent(msg.transaction)
	if !ok || sent.conn.port != port || sent.to != from {
		m.stats.unanswerable.Add(1)
		return
	}
	e := sent.conn.entry
	password := e.remote.Load()
	if password == nil || !msg.authentic(*password) {
		m.stats.unauthenticated.Add(1)
		return
	}
	m.answered(msg.transaction)
	if msg.class == success {
		m.admit(e, port, msg, from)
		return
	}
	m.hand(e.conns[port], msg, from)
}

func (m *Mux) admit(e *entry, port int, msg *message, from netip.AddrPort) {
	e.validated(m.ports[port].Component, port, from)
	m.hand(e.conns[port], msg, from)
}

func (m *Mux) hand(c *conn, msg *message, from netip.AddrPort) {
	if !c.put(msg.data, from) {
		m.stats.overflow.Add(1)
	}
}

func (m *Mux) find(ufrag []byte) *entry {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.entries[string(ufrag)]
}

// register makes an agent known under credentials that nobody else has.
func (m *Mux) register(components int, validated func(component, port int, from netip.AddrPort)) (*entry, error) {
	e := &entry{local: newCredentials(), conns: make([]*conn, len(m.ports)), validated: validated}
	for i, port := range m.ports {
		if port.Component <= components {
			e.conns[i] = newConn(m, e, i)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, ErrClosed
	}
	for m.entries[e.local.Ufrag] != nil {
		e.local = newCredentials()
	}
	m.entries[e.local.Ufrag] = e
	return e, nil
}

// remove forgets an agent; what comes for it afterwards is for nobody.
func (m *Mux) remove(e *entry) {
	m.mu.Lock()
	delete(m.entries, e.local.Ufrag)
	m.mu.Unlock()
	for _, c := range e.conns {
		if c != nil {
			_ = c.Close()
		}
	}
}

func (m *Mux) sent(id transaction) (check, bool) {
	m.pendingMu.Lock()
	defer m.pendingMu.Unlock()
	c, ok := m.pending[id]
	return c, ok
}

func (m *Mux) answered(id transaction) {
	m.pendingMu.Lock()
	defer m.pendingMu.Unlock()
	delete(m.pending, id)
}

// udpAddr is an address as package net has it.
func udpAddr(addr netip.AddrPort) *net.UDPAddr { return net.UDPAddrFromAddrPort(addr) }
