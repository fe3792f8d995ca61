package turn

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
)

// recordHandshake begins a TLS connection (RFC 8446 §5.1); STUN begins with two zero bits (RFC 8489 §5).
const recordHandshake = 22

var errFirst = errors.New("neither STUN nor TLS")

// open says what a connection speaks, and does the TLS handshake. The deadline of the connection is set.
func (s *Server) open(conn net.Conn, secure bool) (net.Conn, error) {
	if secure {
		return shakeHands(conn, s.config.TLS)
	}
	var first [1]byte
	if _, err := io.ReadFull(conn, first[:]); err != nil {
		return nil, err
	}
	conn = &begun{Conn: conn, first: first[:]}
	switch {
	case first[0] == recordHandshake && s.config.TLS != nil:
		return shakeHands(conn, s.config.TLS)
	case first[0] < 4:
		return conn, nil
	}
	return nil, errFirst
}

func shakeHands(conn net.Conn, config *tls.Config) (net.Conn, error) {
	secured := tls.Server(conn, config)
	return secured, secured.Handshake()
}

// begun is a connection of which something has been read.
type begun struct {
	net.Conn
	first []byte
}

// Read gives back what has been read.
func (b *begun) Read(buffer []byte) (int, error) {
	if len(b.first) > 0 {
		n := copy(buffer, b.first)
		b.first = b.first[n:]
		return n, nil
	}
	return b.Conn.Read(buffer)
}
