package media

import "time"

// Lane is how the legs of one clock send together at the end of a tick, and receive on sockets of their own: a Ring, or a Burst where there is none.
// It belongs to the goroutine of the clock.
type Lane interface {
	// Attach makes the lane serve a socket; false: it stays with plain system calls.
	Attach(conn Conn) bool
	// Poll fetches what has arrived on the sockets that are attached; they hand it out by ReadBatch.
	Poll(now time.Time)
	// Flush sends what waits.
	Flush()
	// Close ends the lane. What waits is lost.
	Close() error

	// through is a socket that sends what s would, with what else waits on the lane; s itself where that cannot be.
	through(s *Socket) *Socket
}
