package rtp

// A DropReason says why a packet was not used. It is an error, a metric's name and an index into Drops.
type DropReason uint8

const (
	DropTooShort    DropReason = iota // shorter than the fixed header
	DropVersion                       // not RTP version 2
	DropRTCP                          // RTCP where RTP belongs (RFC 5761 §4)
	DropCSRC                          // CSRC list longer than the packet
	DropExtension                     // header extension longer than the packet, longer than we read, or malformed
	DropPadding                       // padding of 0 bytes or longer than the packet
	DropEmpty                         // no payload: a keep-alive (RFC 6263)
	DropPayloadType                   // payload type that was not negotiated
	DropPayload                       // payload the codec cannot make sense of
	DropCollision                     // carries our own SSRC: a collision or a loop (RFC 3550 §8.2)
	DropSource                        // an SSRC we did not switch to
	DropSuspect                       // a far-off sequence number nobody followed (RFC 3550 A.1)
	DropDuplicate                     // seen before
	DropLate                          // its turn to be played is over
	DropOverflow                      // the jitter buffer's bound was reached, the oldest goes
	DropFlushed                       // left in the jitter buffer when the stream restarted
	NumDropReasons
)

var dropNames = [NumDropReasons]string{
	"too_short", "version", "rtcp", "csrc", "extension", "padding", "empty", "payload_type", "payload", "collision", "source",
	"suspect", "duplicate", "late", "overflow", "flushed",
}

// String is the reason as a metric label.
func (r DropReason) String() string {
	if r >= NumDropReasons {
		return "unknown"
	}
	return dropNames[r]
}

// Error implements error.
func (r DropReason) Error() string { return "rtp packet dropped: " + r.String() }

// Drops counts packets by reason.
type Drops [NumDropReasons]uint64

// Count adds one for err, which is a DropReason, and nothing otherwise.
func (d *Drops) Count(err error) {
	if r, ok := err.(DropReason); ok && r < NumDropReasons {
		d[r]++
	}
}

// Total is the number of packets dropped for any reason.
func (d *Drops) Total() (n uint64) {
	for _, c := range d {
		n += c
	}
	return n
}
