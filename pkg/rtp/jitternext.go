package rtp

import "time"

// Next says what to play in the 20 ms that begin now; see the model in jitterbuffer.go. quiet tells whether nobody spoke in the last step: then
// nobody hears when a step is left out or put in. The Step is valid until the next call.
func (b *JitterBuffer) Next(now time.Time, quiet bool) *Step {
	b.out = Step{Segments: b.space[:0]}
	b.pace.step()
	b.bound()
	if b.holds(quiet) {
		b.add(Segment{Kind: Hold, Units: int(b.stepLen)})
		b.out.Ahead = int(b.ahead)
		return &b.out
	}
	need := b.stepLen - b.ahead
	if b.accelerates(need, quiet) {
		b.out.Accelerate = true
		need += b.stepLen
	}
	for need > 0 && len(b.out.Segments) < maxSegments {
		need -= b.segment(now, need)
	}
	b.ahead = max(-need, 0)
	b.out.Ahead = int(b.ahead)
	return &b.out
}

func (b *JitterBuffer) add(s Segment) int64 {
	b.out.Segments = append(b.out.Segments, s)
	return int64(s.Units)
}

// segment gives out the next stretch, of need units unless it is a whole packet, and returns its length.
func (b *JitterBuffer) segment(now time.Time, need int64) int64 {
	head := b.head()
	if head == nil {
		return b.starve(need)
	}
	gap := b.gap(head)
	switch {
	case gap <= 0, b.resumes(head, gap):
		return b.play(head, now)
	case head.seq == b.next || b.filler >= b.idleLen:
		return b.fill(Segment{Kind: Silence, Units: int(min(gap, need))})
	case gap > head.units:
		return b.fill(Segment{Kind: Lost, Units: int(min(gap-head.units, need))})
	}
	b.copied = gap == head.units // half of a copy cannot be had
	return b.fill(Segment{Kind: Lost, Units: int(gap), Next: head.packet})
}

// head is the earliest packet. Those that only pass by are let go, together with what was missing before them.
func (b *JitterBuffer) head() *slot {
	for b.count > 0 {
		seq := b.next
		for b.ring[seq&(ringSize-1)].packet == nil {
			seq++
		}
		s := &b.ring[seq&(ringSize-1)]
		if s.units > 0 {
			return s
		}
		b.take(s).Release()
		b.bursts.Received(1)
	}
	return nil
}

// gap is how much is still to be filled before the head; not positive when it is due. A jump of its time stamp is followed.
func (b *JitterBuffer) gap(head *slot) int64 {
	gap := b.extend(head.packet) - b.delivered
	if !b.playing {
		return 0
	}
	elapsed := Units(head.packet.Arrival.Sub(b.lastArrival), b.rate)
	if gap < 0 || gap > max(elapsed, 0)+b.maxDelay {
		b.delivered, b.filler = b.extend(head.packet), 0
		return 0
	}
	return gap - b.filler
}

// resumes tells whether sound after a pause begins a fraction of a step early, which nobody hears, instead of a fraction late, which lasts. A
// buffer that has learnt to wait keeps the exact distance.
func (b *JitterBuffer) resumes(head *slot, gap int64) bool {
	return head.seq == b.next && gap < b.stepLen && b.pace.mean < stepTime
}

func (b *JitterBuffer) play(head *slot, now time.Time) int64 {
	at := b.extend(head.packet)
	if b.playing && b.filler > at-b.delivered && b.filler < b.idleLen {
		b.pace.late()
	}
	if head.packet.Redundant && b.playing && head.seq > b.next {
		b.pace.lost(b.copied, (head.units+b.stepLen-1)/b.stepLen)
	}
	units := head.units
	b.copied = false
	p := b.take(head)
	b.bursts.Received(1)
	b.delivered, b.filler, b.lastArrival, b.playing = at+units, 0, p.Arrival, true
	b.pace.observe(now.Sub(p.Arrival))
	return b.add(Segment{Kind: Play, Units: int(units), Packet: p})
}

func (b *JitterBuffer) fill(s Segment) int64 {
	b.filler += int64(s.Units)
	return b.add(s)
}

// starve is for when nothing is here: hope for a while, then the stream is idle.
func (b *JitterBuffer) starve(need int64) int64 {
	switch {
	case !b.playing:
		return b.add(Segment{Kind: Idle, Units: int(need)})
	case b.filler < b.idleLen:
		return b.fill(Segment{Kind: Hold, Units: int(need)})
	}
	b.pace.restart()
	return b.fill(Segment{Kind: Idle, Units: int(need)})
}

// bound drops the oldest until no more than MaxDelay waits.
func (b *JitterBuffer) bound() {
	for b.buffered > b.maxDelay && b.count > 1 {
		head := b.head()
		b.delivered, b.filler = b.extend(head.packet)+head.units, 0
		b.lastArrival = head.packet.Arrival
		b.drop(b.take(head), DropOverflow)
		b.bursts.Discarded()
		b.out.Break = true
	}
}

// holds tells whether this step is put in, to wait longer from now on.
func (b *JitterBuffer) holds(quiet bool) bool {
	return b.playing && b.filler == 0 && b.buffered+b.stepLen <= b.maxDelay && b.pace.grow(quiet)
}

// accelerates tells whether a step is left out: there is slack to give away, and sound without a gap to make one step out of two.
func (b *JitterBuffer) accelerates(need int64, quiet bool) bool {
	return b.pace.drops > 0 && b.filler == 0 && b.contiguous(need+b.stepLen) && b.pace.shrink(quiet)
}

// contiguous tells whether the next units are here without a gap.
func (b *JitterBuffer) contiguous(units int64) bool {
	at := b.delivered
	for seq := b.next; units > 0; seq++ {
		s := &b.ring[seq&(ringSize-1)]
		if s.packet == nil || s.seq != seq || b.extend(s.packet) != at {
			return false
		}
		at += s.units
		units -= s.units
	}
	return true
}
