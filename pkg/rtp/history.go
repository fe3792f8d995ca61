package rtp

import (
	"encoding/binary"
	"time"
)

const (
	historySize  = 64                    // packets: 1.28 s of 20 ms; a power of two
	resendPause  = 20 * time.Millisecond // a packet is not sent again sooner: two NACKs of one loss are answered once
	resendCredit = 16                    // packets that may be sent again in a row; each packet that is sent for the first time earns one
)

// A History is the last packets of a stream that was sent, for those that its receiver asks for again (RFC 4585 §6.2.1). What is sent again can
// be no more than what was sent, whatever is asked for. Buffers are kept: after the first second nothing allocates.
type History struct {
	slots  [historySize]sentPacket
	credit int
}

type sentPacket struct {
	seq    uint16
	packet []byte // empty: none
	resent time.Time
}

// Put copies a packet, without SRTP, that is being sent.
func (h *History) Put(packet []byte) {
	if len(packet) < fixedHeader {
		return
	}
	seq := binary.BigEndian.Uint16(packet[2:])
	s := &h.slots[seq&(historySize-1)]
	s.seq, s.packet, s.resent = seq, append(s.packet[:0], packet...), time.Time{}
	h.credit = min(h.credit+1, resendCredit)
}

// Again is the packet with the sequence number seq if it may be sent again now, else nil. It is valid until Put is called.
func (h *History) Again(seq uint16, now time.Time) []byte {
	s := &h.slots[seq&(historySize-1)]
	if h.credit == 0 || s.seq != seq || len(s.packet) == 0 || now.Sub(s.resent) < resendPause {
		return nil
	}
	h.credit--
	s.resent = now
	return s.packet
}

// AppendRTX writes a packet as the retransmission stream carries it: with that stream's SSRC, payload type and sequence number, and before the
// payload the original sequence number (RFC 4588 §4). packet is one that Again returned.
func AppendRTX(dst, packet []byte, ssrc uint32, payloadType uint8, seq uint16) []byte {
	n := headerLength(packet)
	if n < 0 {
		return dst
	}
	at := len(dst)
	dst = append(dst, packet[:n]...)
	dst[at+1] = packet[1]&0x80 | payloadType&0x7f
	binary.BigEndian.PutUint16(dst[at+2:], seq)
	binary.BigEndian.PutUint32(dst[at+8:], ssrc)
	return append(append(dst, packet[2], packet[3]), packet[n:]...)
}

// headerLength is how long the header of an RTP packet is, with contributing sources and extension; -1 when it is longer than the packet.
func headerLength(packet []byte) int {
	if len(packet) < fixedHeader {
		return -1
	}
	n := fixedHeader + 4*int(packet[0]&csrcCountMask)
	if packet[0]&extensionBit != 0 && n+extensionHeader <= len(packet) {
		n += extensionHeader + 4*int(binary.BigEndian.Uint16(packet[n+2:]))
	}
	if n > len(packet) {
		return -1
	}
	return n
}
