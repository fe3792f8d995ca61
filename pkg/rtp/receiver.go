package rtp

import (
	"time"

	"github.com/pion/rtcp"
)

// RFC 3550 A.1: "MAX_DROPOUT = 3000, MAX_MISORDER = 100".
const (
	maxDropout  = 3000
	maxMisorder = 100
)

// A Receiver keeps the books of one SSRC: RFC 3550 A.1 (sequence numbers), A.3 (loss), A.8 (jitter). A new SSRC is a new Receiver.
// The zero value is not ready; see NewReceiver.
type Receiver struct {
	ssrc      uint32
	clockRate uint32

	started  bool
	base     int64 // extended sequence number of the first packet
	highest  int64 // extended: cycles << 16 + max_seq
	bad      int32 // bad_seq: the number that would confirm a restart; -1 none
	received int64

	expectedPrior, receivedPrior int64

	epoch         time.Time // the first packet's arrival; arrival times are counted from here
	transit       int64
	lastTimestamp uint32
	jitter        float64 // RTP units
	maxJitter     float64

	lastSR     uint32 // middle 32 bits of the NTP time stamp of the last SR
	lastSRTime time.Time
	restarts   uint64
}

// NewReceiver returns the state of a source that was not heard yet. clockRate is in RTP units per second.
func NewReceiver(ssrc, clockRate uint32) Receiver {
	return Receiver{ssrc: ssrc, clockRate: clockRate, bad: -1}
}

// SSRC is the source's identifier.
func (r *Receiver) SSRC() uint32 { return r.ssrc }

// Received is the number of packets counted, duplicates included (RFC 3550 §6.4.1).
func (r *Receiver) Received() int64 { return r.received }

// Restarts is how often the source began a new sequence without a new SSRC.
func (r *Receiver) Restarts() uint64 { return r.restarts }

// SetClockRate follows a change of payload type. RFC 3550 §6.4.1 leaves jitter across clock rates undefined: it starts again.
func (r *Receiver) SetClockRate(rate uint32) {
	if rate == r.clockRate {
		return
	}
	r.clockRate, r.jitter, r.maxJitter, r.transit, r.epoch = rate, 0, 0, 0, time.Time{}
}

// Receive counts p. It returns DropSuspect for the first packet after a very large jump (RFC 3550 A.1); the next in order confirms it.
func (r *Receiver) Receive(p *Packet) error {
	seq := p.Header.SequenceNumber
	switch delta := seq - uint16(r.highest); {
	case !r.started:
		r.start(seq)
	case delta < maxDropout:
		r.highest += int64(delta)
	case delta <= 1<<16-1-maxMisorder:
		// "Two sequential packets -- assume that the other side restarted without telling us so just re-sync"
		if int32(seq) != r.bad {
			r.bad = int32(seq + 1)
			return DropSuspect
		}
		r.restarts++
		r.start(seq)
	}
	r.received++
	r.updateJitter(p)
	return nil
}

func (r *Receiver) start(seq uint16) {
	*r = Receiver{ssrc: r.ssrc, clockRate: r.clockRate, started: true, base: int64(seq), highest: int64(seq), bad: -1,
		lastSR: r.lastSR, lastSRTime: r.lastSRTime, restarts: r.restarts, maxJitter: r.maxJitter}
}

// updateJitter is RFC 3550 A.8: "J += (1./16.) * ((double)d - s->jitter)". Packets that share a time stamp (telephone-event, video) do not
// leave at it, so only the first of them is measured.
func (r *Receiver) updateJitter(p *Packet) {
	first := r.epoch.IsZero()
	if first {
		r.epoch = p.Arrival
	} else if p.Header.Timestamp == r.lastTimestamp {
		return
	}
	transit := Units(p.Arrival.Sub(r.epoch), r.clockRate) - int64(p.Header.Timestamp)
	d := int64(int32(uint32(transit) - uint32(r.transit))) // modulo 2^32, as time stamps are
	r.transit, r.lastTimestamp = transit, p.Header.Timestamp
	if !first {
		r.jitter += (float64(max(d, -d)) - r.jitter) / 16
		r.maxJitter = max(r.maxJitter, r.jitter)
	}
}

// Jitter is the interarrival jitter as a time.
func (r *Receiver) Jitter() time.Duration { return r.duration(r.jitter) }

// MaxJitter is the most that Jitter has been.
func (r *Receiver) MaxJitter() time.Duration { return r.duration(r.maxJitter) }

func (r *Receiver) duration(units float64) time.Duration {
	if r.clockRate == 0 {
		return 0
	}
	return time.Duration(units * float64(time.Second) / float64(r.clockRate))
}

// Lost is the cumulative number of packets lost: expected minus received, negative when more were doubled than lost (RFC 3550 A.3).
func (r *Receiver) Lost() int64 { return r.expected() - r.received }

func (r *Receiver) expected() int64 {
	if !r.started {
		return 0
	}
	return r.highest - r.base + 1
}

// SenderReport notes the NTP time stamp of an SR of this source, for LSR and DLSR.
func (r *Receiver) SenderReport(ntp uint64, now time.Time) {
	r.lastSR, r.lastSRTime = MiddleNTP(ntp), now
}

// Report makes the reception report block and begins the next interval of "fraction lost".
func (r *Receiver) Report(now time.Time) rtcp.ReceptionReport {
	b := rtcp.ReceptionReport{
		SSRC:               r.ssrc,
		FractionLost:       r.fractionLost(),
		TotalLost:          uint32(clampLost(r.Lost())) & 0xffffff,
		LastSequenceNumber: uint32(r.highest),
		Jitter:             uint32(r.jitter),
		LastSenderReport:   r.lastSR,
	}
	if r.lastSR != 0 {
		// "expressed in units of 1/65536 seconds, between receiving the last SR packet from source SSRC_n and sending this reception report block"
		b.Delay = uint32(Units(now.Sub(r.lastSRTime), 1<<16))
	}
	return b
}

// fractionLost is RFC 3550 A.3: "fraction = (lost_interval << 8) / expected_interval".
func (r *Receiver) fractionLost() uint8 {
	expected := r.expected()
	interval := expected - r.expectedPrior
	lost := interval - (r.received - r.receivedPrior)
	r.expectedPrior, r.receivedPrior = expected, r.received
	if interval <= 0 || lost <= 0 {
		return 0
	}
	return uint8(min(lost<<8/interval, 255))
}

// clampLost is RFC 3550 A.3: "Since this signed number is carried in 24 bits, it should be clamped at 0x7fffff for positive loss or 0x800000
// for negative loss rather than wrapping around."
func clampLost(lost int64) int64 { return min(max(lost, -0x800000), 0x7fffff) }

// CumulativeLost reads the signed 24 bits of a received block.
func CumulativeLost(b rtcp.ReceptionReport) int32 { return int32(b.TotalLost<<8) >> 8 }

// Units is d in units of 1/rate s, rounded down, without overflow for any d.
func Units(d time.Duration, rate uint32) int64 {
	return int64(d/time.Second)*int64(rate) + int64(d%time.Second)*int64(rate)/int64(time.Second)
}
