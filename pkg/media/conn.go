package media

import (
	"net/netip"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/rtp"
)

// MaxDatagram is the largest datagram read, in octets; of what is longer only its arrival is told.
const MaxDatagram = rtp.BufferSize

// BatchSize is how many datagrams one read takes from a socket. A leg sends one packet a tick; four let a burst after a
// network stall in, without asking the kernel again.
const BatchSize = 4

// Datagram is one datagram as it arrived. Data belongs to the Batch it came in, until the next read into that Batch.
type Datagram struct {
	Data []byte // nil: too long to be anything that is wanted
	From netip.AddrPort
	At   time.Time // when the kernel had it, not when it was read
}

// Conn is a non-blocking datagram socket.
type Conn interface {
	// ReadBatch takes what has arrived into b, and says how many; 0 when there is nothing.
	ReadBatch(b *Batch, now time.Time) int
	// WriteTo sends one datagram. It never blocks: a full send buffer is an error, and the packet is lost.
	WriteTo(data []byte, to *Destination) error
	LocalAddr() netip.AddrPort
	Close() error
}

// Network makes Conns: the operating system's, or a test's.
type Network interface {
	// Listen binds a datagram socket to addr; port 0 takes any.
	Listen(addr netip.AddrPort) (Conn, error)
}

// RingNetwork is a Network whose Conns can be served by a Ring.
type RingNetwork interface {
	// NewRing makes a ring for the calling thread; nil when there is none to be had, which is no error.
	NewRing() (*Ring, error)
}
