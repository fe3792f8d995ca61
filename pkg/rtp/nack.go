package rtp

import (
	"encoding/binary"

	"github.com/pion/rtcp"
)

const (
	formatNack  = 1  // RFC 4585 §6.2.1
	formatTWCC  = 15 // draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1
	feedbackSSR = 12 // common header, SSRC of sender, SSRC of media source
	maxNacks    = 64 // entries of one compound that are kept
)

// A Nack says that packets of a source are missing at its receiver: Packet, and for bit n of Bitmask Packet+n+1 (RFC 4585 §6.2.1).
type Nack struct {
	SSRC    uint32 // of the stream that lacks them
	Packet  uint16
	Bitmask uint16
}

// Each calls f with every sequence number that n asks for.
func (n Nack) Each(f func(seq uint16)) {
	f(n.Packet)
	for i := range uint16(16) {
		if n.Bitmask>>i&1 != 0 {
			f(n.Packet + 1 + i)
		}
	}
}

// appendNacks writes generic NACK messages, one for each run of entries of the same source.
func appendNacks(dst []byte, ssrc uint32, nacks []Nack) []byte {
	for len(nacks) > 0 {
		n := 1
		for n < len(nacks) && nacks[n].SSRC == nacks[0].SSRC {
			n++
		}
		dst = appendHeader(dst, formatNack, rtcp.TypeTransportSpecificFeedback, 8+4*n)
		dst = binary.BigEndian.AppendUint32(dst, ssrc)
		dst = binary.BigEndian.AppendUint32(dst, nacks[0].SSRC)
		for _, nack := range nacks[:n] {
			dst = binary.BigEndian.AppendUint16(dst, nack.Packet)
			dst = binary.BigEndian.AppendUint16(dst, nack.Bitmask)
		}
		nacks = nacks[n:]
	}
	return dst
}

// readFeedback reads a transport layer feedback message; those that are no generic NACK say nothing to who sends audio at a constant rate.
func (c *Compound) readFeedback(packet []byte) error {
	if len(packet) < feedbackSSR {
		return ErrRTCP
	}
	if packet[0]&0x1f != formatNack {
		return nil
	}
	source := word(packet, 2)
	for b := packet[feedbackSSR:]; len(b) >= 4 && len(c.Nacks) < maxNacks; b = b[4:] {
		c.Nacks = append(c.Nacks, Nack{SSRC: source, Packet: binary.BigEndian.Uint16(b), Bitmask: binary.BigEndian.Uint16(b[2:])})
	}
	return nil
}
