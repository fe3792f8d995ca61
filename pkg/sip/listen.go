package sip

import "net"

// ListenUDP reads SIP from a packet socket until it or the user agent is closed, and owns it from now on. Unlike `go ua.ServeUDP(conn)`, it
// promises that a request sent after it returned leaves from this socket. The error is [ErrClosed].
func (ua *UserAgent) ListenUDP(conn net.PacketConn) error {
	p, err := ua.addPackets(conn)
	if err == nil && !ua.spawn(func() { ua.servePackets(p) }) {
		return ua.dropPackets(p)
	}
	return err
}

// ListenTCP takes connections until the listener or the user agent is closed. Via and Contact name its port as soon as it returns.
func (ua *UserAgent) ListenTCP(l net.Listener) error { return ua.listenStreams(l, "TCP") }

// ListenTLS does the same with a listener of crypto/tls. The handshake happens under Config.HandshakeTimeout.
func (ua *UserAgent) ListenTLS(l net.Listener) error { return ua.listenStreams(l, "TLS") }

// ServeUDP is ListenUDP for a goroutine of the caller's: it returns net.ErrClosed when the socket or the user agent is closed.
func (ua *UserAgent) ServeUDP(conn net.PacketConn) error {
	p, err := ua.addPackets(conn)
	if err != nil {
		return net.ErrClosed
	}
	return ua.servePackets(p)
}

// ServeTCP is ListenTCP for a goroutine of the caller's: it returns net.ErrClosed when the listener or the user agent is closed.
func (ua *UserAgent) ServeTCP(l net.Listener) error { return ua.takeStreams(l, "TCP") }

// ServeTLS is ListenTLS for a goroutine of the caller's.
func (ua *UserAgent) ServeTLS(l net.Listener) error { return ua.takeStreams(l, "TLS") }

func (ua *UserAgent) takeStreams(l net.Listener, transport string) error {
	if !ua.addListener(l, transport) {
		l.Close()
		return net.ErrClosed
	}
	return ua.serveStreams(l, transport)
}

// addPackets makes a packet socket one of ours.
func (ua *UserAgent) addPackets(conn net.PacketConn) (*packetSocket, error) {
	p := &packetSocket{PacketConn: conn, label: ua.newName("udp"), address: addrPort(conn.LocalAddr()), ua: ua}
	p.udp, _ = conn.(*net.UDPConn)
	if c, ok := conn.(interface{ SetReadBuffer(int) error }); ok {
		_ = c.SetReadBuffer(receiveBuffer) // the system gives what it allows
	}
	if !ua.enter() {
		p.Close()
		return nil, ErrClosed
	}
	ua.links.addPackets(p)
	if ua.isClosed() { // Close may have looked before it could see p
		return nil, ua.dropPackets(p)
	}
	return p, nil
}

func (ua *UserAgent) dropPackets(p *packetSocket) error {
	p.Close()
	ua.links.removePackets(p)
	ua.leave()
	return ErrClosed
}

func (ua *UserAgent) servePackets(p *packetSocket) error {
	defer ua.dropPackets(p)
	p.serve()
	return net.ErrClosed
}

func (ua *UserAgent) listenStreams(l net.Listener, transport string) error {
	if !ua.addListener(l, transport) {
		l.Close()
		return ErrClosed
	}
	if !ua.spawn(func() { ua.serveStreams(l, transport) }) {
		ua.removeListener(l)
		return ErrClosed
	}
	return nil
}
