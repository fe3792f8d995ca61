package rtp

import (
	"encoding/binary"
	"time"

	pion "github.com/pion/rtp"
)

const (
	// BufferSize is the size of a packet's buffer: an Ethernet frame's worth, and room for an SRTP tag.
	BufferSize = 1600

	version         = 2
	fixedHeader     = 12
	maxExtension    = 256 // bytes; the ones in use together need fewer than 100
	firstRTCPType   = 192 // RFC 5761 §4: RTCP packet types are 192–223 …
	lastRTCPType    = 223
	versionShift    = 6
	paddingBit      = 0x20
	extensionBit    = 0x10
	csrcCountMask   = 0x0f
	extensionHeader = 4
)

// A Packet is one RTP packet in its own buffer. It has one owner at a time; the last one calls Release.
type Packet struct {
	Header  pion.Header
	Payload []byte    // within the buffer, padding removed
	Arrival time.Time // when the kernel received it
	// Redundant: the payload carries a copy of the packet before it. Who reads payloads says so; Parse does not.
	Redundant bool

	free bool
	pool *Pool            // nil: not from a pool
	buf  [BufferSize]byte // last: what is read of every packet lies together
}

// Buffer is where a datagram is received; Parse takes the part that was filled.
func (p *Packet) Buffer() []byte { return p.buf[:] }

// Parse reads the header of b, an RTP packet without SRTP that stays valid as long as p (usually a part of Buffer). Payload points into b.
// The error is a DropReason.
func (p *Packet) Parse(b []byte) error {
	if err := check(b); err != nil {
		return err
	}
	n, err := p.Header.Unmarshal(b)
	if err != nil {
		return DropExtension
	}
	end := len(b)
	if p.Header.Padding {
		// RFC 3550 §5.1: "The last octet of the padding contains a count of how many padding octets should be ignored, including itself."
		p.Header.PaddingSize = b[end-1]
		end -= int(p.Header.PaddingSize)
		if p.Header.PaddingSize == 0 || end < n {
			return DropPadding
		}
	}
	if end == n {
		return DropEmpty
	}
	p.Payload = b[n:end]
	return nil
}

// check finds what pion/rtp would read without a bound, and names the reason.
func check(b []byte) error {
	if len(b) < fixedHeader {
		return DropTooShort
	}
	if b[0]>>versionShift != version {
		return DropVersion
	}
	if IsRTCP(b) {
		return DropRTCP
	}
	n := fixedHeader + 4*int(b[0]&csrcCountMask)
	if n > len(b) {
		return DropCSRC
	}
	if b[0]&extensionBit != 0 {
		if n+extensionHeader > len(b) {
			return DropExtension
		}
		length := 4 * int(binary.BigEndian.Uint16(b[n+2:]))
		if length > maxExtension || n+extensionHeader+length > len(b) {
			return DropExtension
		}
		n += extensionHeader + length
	}
	if b[0]&paddingBit != 0 && n == len(b) {
		return DropPadding
	}
	return nil
}

// IsRTCP tells RTCP from RTP on one port: RFC 5761 §4, the packet type is in 192–223, where an RTP payload type with its marker bit never is.
func IsRTCP(b []byte) bool {
	return len(b) >= 2 && b[0]>>versionShift == version && b[1] >= firstRTCPType && b[1] <= lastRTCPType
}

// Release gives the packet back to its pool. Nobody may touch it afterwards. Releasing twice is a bug that would mix up conferences, so it panics.
func (p *Packet) Release() {
	if p.free {
		panic("rtp: packet released twice")
	}
	if p.pool == nil {
		return
	}
	p.free = true
	p.Payload = nil
	p.pool.put(p)
}
