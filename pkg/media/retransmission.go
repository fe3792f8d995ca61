package media

import (
	"math/rand/v2"

	"github.com/seed-f3cefc8c/focus/pkg/rtp"
	"github.com/seed-f3cefc8c/focus/pkg/srtp"
)

// retransmission is the stream of its own in which packets are sent again (RFC 4588 §4).
type retransmission struct {
	payloadType uint8 // 0: there is none
	ssrc        uint32
	sequence    uint16
	buffer      []byte // nil until there is one
}

// set begins a stream, with an SSRC and sequence numbers of its own, or ends it.
func (r *retransmission) set(payloadType uint8) {
	if payloadType == r.payloadType {
		return
	}
	r.payloadType = payloadType
	if r.buffer == nil {
		r.ssrc, r.sequence = rand.Uint32(), uint16(rand.Uint32())
		r.buffer = make([]byte, 0, rtpHeader+2+maxPayload+srtp.MaxOverhead)
	}
}

// again sends a packet of the history once more. Without a retransmission stream it goes out bit by bit as before.
func (s *AudioSender) again(packet []byte) bool {
	r := &s.rtx
	if s.to == nil {
		return false
	}
	if r.payloadType == 0 {
		return s.socket.Send(packet, s.to) == nil
	}
	packet = rtp.AppendRTX(r.buffer[:0], packet, r.ssrc, r.payloadType, r.sequence)
	r.sequence++
	if s.seal != nil {
		var err error
		if packet, err = s.seal.Seal(packet); err != nil {
			return false
		}
	}
	return s.socket.Send(packet, s.to) == nil
}
