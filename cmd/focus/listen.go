package main

import (
	"errors"
	"fmt"
	"net"
	"syscall"
)

// sockets is what the server listens on. A nil one was not asked for.
type sockets struct {
	udp                         net.PacketConn
	tcp, tls, https, ws, http01 net.Listener // the last for ACME
	turnUDP                     *net.UDPConn
	turnTCP, turnTLS            net.Listener
}

// listen opens all sockets, or none.
func listen(o *options) (_ *sockets, err error) {
	s := &sockets{}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if o.sip != "" {
		if s.udp, err = net.ListenPacket("udp", o.sip); err != nil {
			return nil, listenError(err, "--sip", o.sip)
		}
		if s.tcp, err = net.Listen("tcp", o.sip); err != nil {
			return nil, listenError(err, "--sip", o.sip)
		}
	}
	if o.sips != "" {
		if s.tls, err = net.Listen("tcp", o.sips); err != nil {
			return nil, listenError(err, "--sips", o.sips)
		}
	}
	if s.https, err = net.Listen("tcp", o.https); err != nil {
		return nil, listenError(err, "--https", o.https)
	}
	if o.ws != "" {
		if s.ws, err = net.Listen("tcp", o.ws); err != nil {
			return nil, listenError(err, "--ws", o.ws)
		}
	}
	if o.acmeHTTP != "" {
		if s.http01, err = net.Listen("tcp", o.acmeHTTP); err != nil {
			return nil, listenError(err, "--acme-http", o.acmeHTTP)
		}
	}
	return s, s.listenTURN(o)
}

func (s *sockets) listenTURN(o *options) (err error) {
	if at := o.turn.plain; at != "" {
		socket, err := net.ListenPacket("udp", at)
		if err != nil {
			return listenError(err, "--turn", at)
		}
		s.turnUDP = socket.(*net.UDPConn) // as that of "udp" is
		if s.turnTCP, err = net.Listen("tcp", at); err != nil {
			return listenError(err, "--turn", at)
		}
	}
	if at := o.turn.secure; at != "" {
		if s.turnTLS, err = net.Listen("tcp", at); err != nil {
			return listenError(err, "--turns", at)
		}
	}
	return nil
}

// close closes those that nobody serves.
func (s *sockets) close() {
	if s.udp != nil {
		s.udp.Close()
	}
	if s.turnUDP != nil {
		s.turnUDP.Close()
	}
	for _, l := range []net.Listener{s.tcp, s.tls, s.https, s.ws, s.http01, s.turnTCP, s.turnTLS} {
		if l != nil {
			l.Close()
		}
	}
}

// listenError says what to do.
func listenError(err error, flag, address string) error {
	_, port, _ := net.SplitHostPort(address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("port %s is taken by another program: stop it or choose another with %s", port, flag)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("port %s is not for every user: choose one above 1023 with %s, or give the program CAP_NET_BIND_SERVICE", port, flag)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("%s is not an address of this machine: choose one that is with %s", address, flag)
	}
	return fmt.Errorf("listening on %s (%s): %w", address, flag, err)
}
