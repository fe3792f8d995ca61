package media

import (
	"encoding/binary"
	"math/rand/v2"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/rtp"
	"github.com/seed-f3cefc8c/focus/pkg/srtp"
)

// rtpHeader is the length of an RTP header without contributing sources or extensions, in octets (RFC 3550 §5.1).
const rtpHeader = 12

// rtcpMTU is more than any compound RTCP packet that is sent here.
const rtcpMTU = 1024

// maxPayload is the largest payload sent in one packet: 60 ms of the widest codec fit, and so does an Ethernet frame.
const maxPayload = 1400

// AudioSender is the outbound RTP stream of a leg: it is what the mixer writes encoded audio to. It belongs to the clock.
type AudioSender struct {
	socket      *Socket
	to          *Destination
	ssrc        uint32
	payloadType uint8
	sequence    uint16
	timestamp   uint32
	clockRate   uint32
	talking     bool   // the packet before this one was sent: no marker
	silenced    bool   // the peer does not want to hear: time passes, nothing is sent
	event       uint32 // timestamp of the telephone-event being sent
	sent        SenderStats
	history     *rtp.History   // nil: the peer does not ask for packets again
	rtx         retransmission // of those
	seal        *srtp.Outbound // nil: in the clear
	buffer      [rtpHeader + maxPayload + srtp.MaxOverhead]byte
}

// SenderStats are the counters of a sender report (RFC 3550 §6.4.1). Octets are those of payloads.
type SenderStats struct {
	Packets, Octets uint32
	// Dropped counts packets that the kernel did not take or that had no destination.
	Dropped uint64
	// Timestamp is the RTP timestamp of the moment Time.
	Timestamp uint32
	Time      time.Time
}

// NewAudioSender makes the stream; sequence number and timestamp start at random (RFC 3550 §5.1).
func NewAudioSender(socket *Socket, ssrc uint32) *AudioSender {
	return &AudioSender{socket: socket, ssrc: ssrc, sequence: uint16(rand.Uint32()), timestamp: rand.Uint32(), clockRate: 8000}
}

// SSRC identifies the stream.
func (s *AudioSender) SSRC() uint32 { return s.ssrc }

// SetFormat changes the payload type and its clock from the next packet on.
func (s *AudioSender) SetFormat(payloadType uint8, clockRate uint32) {
	s.payloadType, s.clockRate = payloadType&0x7f, clockRate
	s.talking = false
}

// SetDestination changes where packets go; nil sends nothing.
func (s *AudioSender) SetDestination(to *Destination) { s.to = to }

// SetSilenced stops or resumes sending while the timestamps go on, as a=recvonly, sendonly and inactive ask.
func (s *AudioSender) SetSilenced(silenced bool) { s.silenced = silenced }

// WritePayload sends one packet of duration RTP clock units. A nil payload is silence: "The timestamp … increments … even if
// the source is silent" and the packet after it carries the marker of a talkspurt (RFC 3551 §4.1).
func (s *AudioSender) WritePayload(payload []byte, duration uint32) {
	if payload == nil || s.silenced || len(payload) > maxPayload {
		s.talking = false
		s.timestamp += duration
		return
	}
	n := s.header()
	n += copy(s.buffer[n:], payload)
	s.send(n)
	s.timestamp += duration
	s.talking = true
}

// WriteEvent sends one packet of a telephone-event in the place of duration RTP clock units of audio. All packets of an event
// carry the timestamp of its beginning, and the first has the marker bit (RFC 4733 §2.5.1.2).
func (s *AudioSender) WriteEvent(payloadType uint8, payload []byte, begins bool, duration uint32) {
	if begins {
		s.event = s.timestamp
	}
	if !s.silenced && len(payload) <= maxPayload {
		n := s.headerOf(payloadType&0x7f, begins, s.event)
		s.send(n + copy(s.buffer[n:], payload))
	}
	s.timestamp += duration
	s.talking = false
}

func (s *AudioSender) header() int { return s.headerOf(s.payloadType, !s.talking, s.timestamp) }

func (s *AudioSender) headerOf(payloadType uint8, marker bool, timestamp uint32) int {
	s.buffer[0] = 2 << 6
	s.buffer[1] = payloadType
	if marker {
		s.buffer[1] |= 0x80
	}
	binary.BigEndian.PutUint16(s.buffer[2:], s.sequence)
	binary.BigEndian.PutUint32(s.buffer[4:], timestamp)
	binary.BigEndian.PutUint32(s.buffer[8:], s.ssrc)
	return rtpHeader
}

func (s *AudioSender) send(n int) {
	packet := s.buffer[:n]
	if s.history != nil && s.rtx.payloadType != 0 {
		s.history.Put(packet)
	}
	if s.to == nil || s.seal != nil && !s.sealed(&packet) || s.socket.Send(packet, s.to) != nil {
		s.sent.Dropped++
		return
	}
	if s.seal == nil {
		s.sequence++
	}
	if s.history != nil && s.rtx.payloadType == 0 {
		s.history.Put(packet) // as it went out: nothing may be sealed twice
	}
	s.sent.Packets++
	s.sent.Octets += uint32(n - rtpHeader)
}

// sealed protects a packet. Its sequence number is used up, whether it is sent or not: no two packets may be sealed with one.
func (s *AudioSender) sealed(packet *[]byte) bool {
	out, err := s.seal.Seal(*packet)
	if err != nil {
		return false
	}
	*packet = out
	s.sequence++
	return true
}

// Stats are the counters as of now, which is a tick: the next packet's timestamp belongs to it.
func (s *AudioSender) Stats(now time.Time) SenderStats {
	stats := s.sent
	stats.Timestamp, stats.Time = s.timestamp, now
	return stats
}
