package rtp

import (
	"math"
	"time"
)

// # The model
//
// A JitterBuffer puts packets in order and says, each 20 ms, what to play. It thinks in RTP units on one line, the sender's time:
//
//	        delivered ──┐        ┌── head: the earliest packet here
//	  played │  ahead   │ filler │ units │
//	─────────┼──────────┼────────┼───────┼──────────→ time stamps
//
//	delivered   the end of the last packet given out; the next packet in order begins there
//	ahead       given out but not yet consumed: what a 30 ms packet leaves of a 20 ms step
//	filler      how long something else was played since delivered, because nothing was there
//	gap         from delivered + filler to the head
//
// A step gives out segments until 20 ms are covered:
//
//	head, gap ≤ 0                        Play
//	head, gap > 0, sequence numbers miss Lost: conceal the gap; the head may hold a copy of what is missing (FEC)
//	head, gap > 0, none missing          Silence: the sender paused (DTX), no packet is missing
//	no head, for less than 200 ms        Hold: conceal, for the packet may still come
//	no head, longer                      Idle
//
// The delay is not computed, it happens. A packet that is there at its step is played in it, so on a clean network the only delay is the
// time to the next tick. A packet that comes late after a Hold finds gap < 0: it is played all the same, and everything behind it waits 20 ms
// longer from now on. That is the only way to grow, save one: packets that come after their place was given up as Lost cannot be played,
// but three of them in five seconds ask for a Hold as well.
//
// To shrink, each packet's slack is watched: the time from its arrival to its step. When the least slack of a whole window (2 s) is above
// 20 ms, then a step may be dropped and no packet of that window would have been late; what is above 60 ms may go after a quarter. It goes in silence if there is some within a second,
// else by merging 40 ms into 20 (Step.Accelerate). When a packet is late soon after such a drop, the window doubles, up to 6 s; after 30
// good seconds it is 2 s again. Clock drift needs nothing of its own: it is slack that grows, or lateness.
//
// A packet that carries a copy of the one before it (Redundant) is of use for that only when it is here at the other's step. Three losses in five
// seconds whose copy came too late ask for a Hold, until a packet more waits than otherwise: the reserve, which is no slack to give away. It
// goes back four seconds after the last loss.
//
// Arrival times are compared with one another and with Next's now, nothing is taken from the sender's clock but differences. A time stamp
// that runs ahead of the arrivals by more than MaxDelay, or backwards, is a jump, and playing goes on at the new place without a pause.
const (
	ringSize  = 128 // packets; a power of two
	stepTime  = 20 * time.Millisecond
	idleAfter = 200 * time.Millisecond
	maxPacket = 200 * time.Millisecond // longer ones are refused; ptime goes up to 120 ms

	// DefaultMaxDelay bounds the audio that waits. Beyond it the oldest is dropped.
	DefaultMaxDelay = 240 * time.Millisecond

	// MaxPackets bounds the packets that wait, however short they are.
	MaxPackets = ringSize

	suspectLife = time.Second
	never       = math.MinInt64
)

// Kind is what a Segment is made of.
type Kind uint8

const (
	Idle    Kind = iota // the stream has stopped, or has not begun: silence
	Play                // decode Packet
	Lost                // conceal; Next, if not nil, is the packet behind the lost one
	Silence             // the sender sent nothing on purpose: silence or comfort noise
	Hold                // conceal, the packet may still come
)

// String names the kind.
func (k Kind) String() string { return [...]string{"idle", "play", "lost", "silence", "hold"}[k] }

// A Segment is a stretch of sound of one kind.
type Segment struct {
	Kind   Kind
	Units  int     // length in RTP units
	Packet *Packet // of Play; the caller owns it now and releases it
	Next   *Packet // of Lost: still the buffer's, valid until Next is called again; nil when the packet behind is missing too
}

const maxSegments = 16

// A Step is what one call of Next gives out. Together with what earlier steps gave too much, the segments cover 20 ms, or 40 when Accelerate.
type Step struct {
	Segments []Segment
	// Accelerate asks to make 20 ms out of the 40 that are there now, unnoticed.
	Accelerate bool
	// Break says that sound is missing before the first segment: it does not continue what was played.
	Break bool
	// Ahead is how much, in RTP units, is left for the next step.
	Ahead int
}

type slot struct {
	packet *Packet
	seq    int64
	units  int64 // 0: passed by, not played
}

// A JitterBuffer holds the packets of one SSRC. Use NewJitterBuffer. It owns the packets it is given until it gives them out.
type JitterBuffer struct {
	rate     uint32
	stepLen  int64 // 20 ms, idleAfter, MaxDelay in RTP units
	idleLen  int64
	maxDelay int64

	ring     [ringSize]slot
	gone     [ringSize]int64 // the extended sequence number that left each slot last, to tell doubles from latecomers
	count    int
	buffered int64 // units in the ring

	started, playing bool
	next             int64 // extended sequence number of the packet that begins at delivered
	highest          int64
	suspect          *Packet
	suspectUnits     int
	copied           bool // what is being filled is made out of the head's copy

	delivered, ahead, filler int64
	lastArrival              time.Time // of the packet that ended at delivered

	pace   pace
	drops  Drops
	lost   uint64
	bursts Bursts
	out    Step
	space  [maxSegments]Segment
}

// NewJitterBuffer returns an empty buffer for a clock rate in RTP units per second. maxDelay of 0 is DefaultMaxDelay.
func NewJitterBuffer(clockRate uint32, maxDelay time.Duration) *JitterBuffer {
	if maxDelay <= 0 {
		maxDelay = DefaultMaxDelay
	}
	b := &JitterBuffer{
		rate: clockRate, stepLen: Units(stepTime, clockRate), idleLen: Units(idleAfter, clockRate), maxDelay: Units(maxDelay, clockRate),
		pace: newPace(),
	}
	b.forgetGone()
	return b
}

// Drops counts what was not given out, by reason.
func (b *JitterBuffer) Drops() *Drops { return &b.drops }

// Lost is how many packets were missing when their turn came; latecomers among them count under DropLate too.
func (b *JitterBuffer) Lost() uint64 { return b.lost }

// Bursts is how what was missing when its turn came, or came and was not played, is spread over the stream.
func (b *JitterBuffer) Bursts() BurstStats { return b.bursts.Stats() }

// MaxDelay is the most audio that may wait.
func (b *JitterBuffer) MaxDelay() time.Duration {
	return time.Duration(b.maxDelay * int64(time.Second) / int64(b.rate))
}

// Delay is the mean time the last packets waited between their arrival and their step.
func (b *JitterBuffer) Delay() time.Duration { return b.pace.mean }

// Waiting is the number of packets in the buffer.
func (b *JitterBuffer) Waiting() int { return b.count }

// Put takes p, whose payload lasts units, and owns it.
func (b *JitterBuffer) Put(p *Packet, units int) {
	if units <= 0 || int64(units) > Units(maxPacket, b.rate) {
		b.drop(p, DropPayload)
		return
	}
	if !b.started {
		b.start(p)
	}
	delta := p.Header.SequenceNumber - uint16(b.highest)
	if delta >= maxDropout && delta <= 1<<16-1-maxMisorder {
		b.farOff(p, units)
		return
	}
	b.insert(p, b.highest+int64(int16(delta)), units)
}

// Pass notes a packet of the same stream that is not for playing, such as a telephone-event: its sequence number is not missing. It owns p.
func (b *JitterBuffer) Pass(p *Packet) {
	delta := p.Header.SequenceNumber - uint16(b.highest)
	if !b.started || delta >= maxDropout && delta <= 1<<16-1-maxMisorder {
		p.Release()
		return
	}
	b.insert(p, b.highest+int64(int16(delta)), 0)
}

// farOff obeys RFC 3550 A.1: a jump is believed when the second packet follows it. The first waits so that nothing is missing then.
func (b *JitterBuffer) farOff(p *Packet, units int) {
	s := b.suspect
	if s == nil || p.Header.SequenceNumber != s.Header.SequenceNumber+1 || p.Arrival.Sub(s.Arrival) > suspectLife {
		b.dropSuspect()
		b.suspect, b.suspectUnits = p, units
		return
	}
	b.suspect = nil
	b.flush(DropFlushed)
	b.start(s)
	b.insert(s, b.highest, b.suspectUnits)
	b.insert(p, b.highest+1, units)
}

func (b *JitterBuffer) start(p *Packet) {
	b.started, b.playing = true, false
	b.next, b.highest = int64(p.Header.SequenceNumber), int64(p.Header.SequenceNumber)
	b.delivered, b.filler = int64(p.Header.Timestamp), 0
	b.forgetGone()
}

func (b *JitterBuffer) insert(p *Packet, seq int64, units int) {
	switch {
	case seq < b.next && units == 0:
		p.Release()
		return
	case seq < b.next && !b.playing && b.next-seq < maxMisorder && b.highest-seq < ringSize:
		b.next, b.delivered = seq, b.extend(p) // the first packets came in disorder
	case seq < b.next:
		b.dropOld(p, seq, units)
		return
	case seq >= b.next+ringSize:
		b.flush(DropOverflow) // everything between is lost for more than a second
		b.miss(seq)
		b.next = seq
	}
	s := &b.ring[seq&(ringSize-1)]
	if s.packet != nil {
		b.drop(p, DropDuplicate)
		return
	}
	*s = slot{packet: p, seq: seq, units: int64(units)}
	b.count++
	b.buffered += int64(units)
	b.highest = max(b.highest, seq)
}

// dropOld refuses a packet whose place is behind us: played already, or given up.
func (b *JitterBuffer) dropOld(p *Packet, seq int64, units int) {
	if b.gone[seq&(ringSize-1)] == seq {
		b.drop(p, DropDuplicate)
		return
	}
	b.gone[seq&(ringSize-1)] = seq
	b.bursts.CameLate()
	if (b.next-seq)*int64(units) <= b.maxDelay {
		b.pace.tooLate()
	}
	b.drop(p, DropLate)
}

func (b *JitterBuffer) drop(p *Packet, why DropReason) {
	b.drops[why]++
	p.Release()
}

func (b *JitterBuffer) dropSuspect() {
	if b.suspect != nil {
		b.drop(b.suspect, DropSuspect)
		b.suspect = nil
	}
}

// take removes the packet of a slot; the caller owns it.
func (b *JitterBuffer) take(s *slot) *Packet {
	p := s.packet
	b.gone[s.seq&(ringSize-1)] = s.seq
	b.count--
	b.buffered -= s.units
	b.miss(s.seq)
	b.next = s.seq + 1
	s.packet = nil
	return p
}

// miss counts what is not here between the last packet that had its turn and seq.
func (b *JitterBuffer) miss(seq int64) {
	b.lost += uint64(seq - b.next)
	b.bursts.Lost(uint64(seq - b.next))
}

func (b *JitterBuffer) flush(why DropReason) {
	for i := range b.ring {
		if p := b.ring[i].packet; p != nil {
			b.bursts.Discarded()
			b.drop(p, why)
			b.ring[i].packet = nil
		}
	}
	b.count, b.buffered = 0, 0
}

func (b *JitterBuffer) forgetGone() {
	for i := range b.gone {
		b.gone[i] = never
	}
}

// Reset releases everything and waits for a new stream, whose clock runs at clockRate.
func (b *JitterBuffer) Reset(clockRate uint32) {
	b.dropSuspect()
	b.flush(DropFlushed)
	drops, lost, bursts := b.drops, b.lost, b.bursts
	*b = *NewJitterBuffer(clockRate, b.MaxDelay())
	b.drops, b.lost, b.bursts = drops, lost, bursts
}

// extend puts the time stamp of p on the line, at the place nearest to delivered.
func (b *JitterBuffer) extend(p *Packet) int64 {
	return b.delivered + int64(int32(p.Header.Timestamp-uint32(b.delivered)))
}
