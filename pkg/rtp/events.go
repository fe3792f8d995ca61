package rtp

import (
	"encoding/binary"
	"time"
)

const (
	eventLength = 4 // RFC 4733 §2.3: event, E R volume, duration
	endBit      = 0x80
	volumeMask  = 0x3f
	maxDuration = 1<<16 - 1

	// eventMemory is how many events back a packet is still recognised as an old one.
	eventMemory = 8

	digits = "0123456789*#ABCD!" // RFC 4733 §3.2, table 3: 0–15; 16 is flash
)

// Flash is the digit of event 16, the hook flash.
const Flash = '!'

// A Digit is one telephone-event (RFC 4733 §3.2).
type Digit struct {
	Digit     byte   // '0'–'9', '*', '#', 'A'–'D' or Flash
	Volume    int    // dBm0, 0 to −63
	Timestamp uint32 // RTP time of its beginning
}

// Events receives telephone-events (RFC 4733) of one SSRC: each digit once, at the first of its packets that arrives, whichever that is. The
// packets of one event share its RTP time stamp, which is how they are recognised: "The RTP timestamp … event, so that all packets of the
// event have the same timestamp" (§2.2.1, §2.5.1.2).
type Events struct {
	seen  [eventMemory]uint32 // time stamps of the last events, a ring
	known int
	last  struct {
		code      byte
		timestamp uint32
		ended     bool
	}
}

// Receive reads the event of p. It is true once for each digit. An unreadable payload is DropPayload; events that are not digits are ignored.
func (e *Events) Receive(p *Packet) (Digit, bool, error) {
	if len(p.Payload) < eventLength {
		return Digit{}, false, DropPayload
	}
	code, flags := p.Payload[0], p.Payload[1]
	at := p.Header.Timestamp
	if int(code) >= len(digits) {
		return Digit{}, false, nil
	}
	known := e.remembers(at) || e.continues(code, at, p.Header.Marker)
	e.note(code, at, flags&endBit != 0, known)
	if known {
		return Digit{}, false, nil
	}
	return Digit{Digit: digits[code], Volume: -int(flags & volumeMask), Timestamp: at}, true, nil
}

func (e *Events) remembers(at uint32) bool {
	for _, t := range e.seen[:min(e.known, eventMemory)] {
		if t == at {
			return true
		}
	}
	return false
}

// continues recognises the next segment of a long event, RFC 4733 §2.5.1.3: it begins where the maximum duration of the last one ended, and
// has no marker bit.
func (e *Events) continues(code byte, at uint32, marker bool) bool {
	gap := at - e.last.timestamp
	return e.known > 0 && !marker && !e.last.ended && code == e.last.code && gap >= maxDuration/2 && gap <= maxDuration+1
}

func (e *Events) note(code byte, at uint32, end, known bool) {
	if e.known > 0 && at == e.last.timestamp {
		e.last.ended = e.last.ended || end
		return
	}
	if known && e.remembers(at) {
		return // a straggler of an older event
	}
	e.seen[e.known%eventMemory] = at
	e.known++
	if e.known == 2*eventMemory {
		e.known = eventMemory // the ring is full; its position is all that matters
	}
	e.last.code, e.last.timestamp, e.last.ended = code, at, end
}

// An EventSender makes the payloads of one digit at a time.
type EventSender struct {
	code    byte
	volume  byte
	elapsed uint32 // RTP units of the digit so far
	total   uint32
	ends    int // end packets still to be sent; 0: idle
	begun   bool
}

// endPackets obeys RFC 4733 §2.5.1.4: "the final packet … SHOULD be sent a total of three times".
const endPackets = 3

// Start begins digit at the given volume (dBm0, 0 to −63), d long at clockRate, at most the duration one segment can carry. It is false when
// there is no such digit.
func (s *EventSender) Start(digit byte, volume int, d time.Duration, clockRate uint32) bool {
	for code := range len(digits) {
		if digits[code] == digit {
			total := min(max(Units(d, clockRate), 1), maxDuration)
			*s = EventSender{code: byte(code), volume: byte(min(max(-volume, 0), volumeMask)), total: uint32(total), ends: endPackets}
			return true
		}
	}
	return false
}

// Active tells whether Next has more to say.
func (s *EventSender) Active() bool { return s.ends > 0 }

// Next appends the payload for the next step of the given length in RTP units. All packets carry the time stamp of the digit's beginning; the
// first has the marker bit. ok is false when the digit is over.
func (s *EventSender) Next(dst []byte, step uint32) (payload []byte, marker, ok bool) {
	if s.ends == 0 {
		return dst, false, false
	}
	marker, s.begun = !s.begun, true
	s.elapsed = min(s.elapsed+step, s.total)
	flags := s.volume
	if s.elapsed == s.total {
		flags |= endBit
		s.ends--
	}
	return binary.BigEndian.AppendUint16(append(dst, s.code, flags), uint16(s.elapsed)), marker, true
}
