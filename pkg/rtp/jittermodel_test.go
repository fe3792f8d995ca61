package rtp

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// bookkeeper is the slow and obvious model of what a jitter buffer may do with packets: every one is given out once and in order, or counted
// under the right reason.
type bookkeeper struct {
	waiting map[int]bool
	out     map[int]bool // given out, or refused as late
	last    int          // given out last; -1 none
	late    uint64
	double  uint64
}

func (k *bookkeeper) put(seq int) {
	switch {
	case k.waiting[seq] || k.out[seq]:
		k.double++
	case seq < k.last:
		k.late++
		k.out[seq] = true
	default:
		k.waiting[seq] = true
	}
}

func (k *bookkeeper) play(t *rapid.T, seq int) {
	for earlier := range k.waiting {
		if earlier < seq {
			t.Fatalf("%d was given out before %d", seq, earlier)
		}
	}
	if !k.waiting[seq] {
		t.Fatalf("%d was given out, which is not here", seq)
	}
	delete(k.waiting, seq)
	k.out[seq], k.last = true, seq
}

// TestAgainstBookkeeper: whatever arrives in whatever order within MaxDelay, the books agree and each step covers 20 ms.
func TestAgainstBookkeeper(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pool, now := NewPool(16), epoch
		b := NewJitterBuffer(8000, time.Second)
		books := &bookkeeper{waiting: map[int]bool{}, out: map[int]bool{}, last: -1}
		length := rapid.SampledFrom([]int{80, 160, 240, 480}).Draw(t, "units")
		base := rapid.Uint16().Draw(t, "base")
		stamp := rapid.Uint32().Draw(t, "stamp")
		newest := 0
		for range rapid.IntRange(1, 150).Draw(t, "steps") {
			for range rapid.IntRange(0, 3).Draw(t, "arrivals") {
				seq := newest + rapid.IntRange(-6, 2).Draw(t, "ahead")
				if seq < 0 || books.last < 0 && seq != newest && len(books.waiting) == 0 || b.buffered+int64(length) > b.maxDelay {
					continue
				}
				newest = max(newest, seq)
				p := pool.Get()
				p.Header.SequenceNumber, p.Header.Timestamp, p.Arrival = base+uint16(seq), stamp+uint32(seq*length), now
				books.put(seq)
				b.Put(p, length)
			}
			ahead, total, want := b.ahead, int64(0), int64(160)
			step := b.Next(now, rapid.Bool().Draw(t, "quiet"))
			for _, s := range step.Segments {
				total += int64(s.Units)
				if s.Kind == Play {
					books.play(t, int(int16(s.Packet.Header.SequenceNumber-base)))
					s.Packet.Release()
				}
			}
			if step.Accelerate {
				want = 320
			}
			if ahead+total != want+b.ahead || b.ahead < 0 {
				t.Fatalf("had %d, got %d, keeps %d", ahead, total, b.ahead)
			}
			now = now.Add(20 * ms)
		}
		d := b.Drops()
		if d[DropLate] != books.late || d[DropDuplicate] != books.double || d.Total() != books.late+books.double || b.Waiting() != len(books.waiting) {
			t.Fatalf("late %d, double %d, waiting %d; the books say %d, %d, %d; all drops %v", d[DropLate], d[DropDuplicate], b.Waiting(),
				books.late, books.double, len(books.waiting), *d)
		}
	})
}

// FuzzJitterBuffer reads bytes as a hostile sender: any sequence number, time stamp, length and arrival. It must keep its bounds, lose no
// packet and release none twice (which panics).
func FuzzJitterBuffer(f *testing.F) {
	f.Add([]byte{0, 0, 0, 0, 160, 1, 0, 1, 0, 160, 1, 0, 2, 0, 160})
	f.Fuzz(func(t *testing.T, script []byte) {
		b := NewJitterBuffer(8000, 0)
		now, taken := epoch, 0
		out := func(s *Step) {
			for _, s := range s.Segments {
				if s.Kind == Play {
					s.Packet.Release()
					taken++
				}
				if s.Units <= 0 {
					t.Fatalf("a segment of %d units", s.Units)
				}
			}
		}
		given := 0
		pool := NewPool(4)
		for ; len(script) >= 5; script = script[5:] {
			if script[0]&1 != 0 {
				now = now.Add(20 * ms)
				out(b.Next(now, script[0]&2 != 0))
			}
			p := pool.Get()
			p.Arrival = now.Add(-time.Duration(script[0]) * ms)
			p.Header.SequenceNumber = uint16(script[1])<<8 | uint16(script[2])
			p.Header.Timestamp = uint32(script[3]) << (script[0] >> 3)
			b.Put(p, int(script[4])*(1+int(script[0]>>6)))
			given++
			if b.Waiting() > MaxPackets || b.ahead > 1600 {
				t.Fatalf("%d packets wait, %d units ahead", b.Waiting(), b.ahead)
			}
		}
		b.Reset(8000)
		if b.Waiting() != 0 || taken+int(b.Drops().Total()) != given {
			t.Fatalf("%d given, %d taken, %d dropped", given, taken, b.Drops().Total())
		}
	})
}
