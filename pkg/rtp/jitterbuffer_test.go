package rtp

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

const ms = time.Millisecond

// A network delivers a stream of PCMU to a jitter buffer whose clock ticks every 20 ms.
type network struct {
	t      *testing.T
	buffer *JitterBuffer
	pool   *Pool
	flying []datagram // by arrival
	quiet  bool
	phase  time.Duration // of the ticks

	seen  map[Kind]time.Duration
	slack []time.Duration
	order []uint16 // sequence numbers as played
	merge int
	now   time.Time
	tick  int

	redundant bool // packets carry a copy of the one before them
	copies    int  // of lost ones that were there in time
}

type datagram struct {
	seq       uint16
	timestamp uint32
	arrival   time.Time
	units     int
}

func newNetwork(t *testing.T) *network {
	return &network{t: t, buffer: NewJitterBuffer(8000, 0), pool: NewPool(8), phase: 10 * ms, seen: map[Kind]time.Duration{}}
}

// send adds a packet that was sent at the given time and travelled for delay.
func (n *network) send(seq int, timestamp uint32, at, delay, length time.Duration) {
	n.flying = append(n.flying, datagram{uint16(seq), timestamp, epoch.Add(at + delay), int(Units(length, 8000))})
}

// talk sends count packets of the given length with delays from delay; a negative one is lost.
func (n *network) talk(from, count int, length time.Duration, delay func(i int) time.Duration) {
	for i := from; i < from+count; i++ {
		if d := delay(i); d >= 0 {
			n.send(i, uint32(Units(length, 8000))*uint32(i), time.Duration(i)*length, d, length)
		}
	}
}

// run lets d of time pass.
func (n *network) run(d time.Duration) *network {
	slices.SortStableFunc(n.flying, func(a, b datagram) int { return a.arrival.Compare(b.arrival) })
	for end := n.tick + int(d/(20*ms)); n.tick < end; n.tick++ {
		n.now = epoch.Add(time.Duration(n.tick)*20*ms + n.phase)
		for len(n.flying) > 0 && !n.flying[0].arrival.After(n.now) {
			d := n.flying[0]
			p := n.pool.Get()
			p.Arrival, p.Header.SequenceNumber, p.Header.Timestamp, p.Redundant = d.arrival, d.seq, d.timestamp, n.redundant
			n.buffer.Put(p, d.units)
			n.flying = n.flying[1:]
		}
		n.step()
	}
	return n
}

func (n *network) step() {
	ahead := n.buffer.ahead
	s := n.buffer.Next(n.now, n.quiet)
	total := int64(0)
	for _, segment := range s.Segments {
		total += int64(segment.Units)
		n.seen[segment.Kind] += time.Duration(segment.Units) * time.Second / 8000
		if segment.Kind == Lost && segment.Next != nil {
			n.copies++
		}
		if segment.Kind == Play {
			n.slack = append(n.slack, n.now.Sub(segment.Packet.Arrival))
			n.order = append(n.order, segment.Packet.Header.SequenceNumber)
			segment.Packet.Release()
		}
	}
	want := int64(160)
	if s.Accelerate {
		n.merge++
		want = 320
	}
	if ahead+total != want+n.buffer.ahead {
		n.t.Fatalf("tick %d: had %d, got %d, keeps %d units", n.tick, ahead, total, n.buffer.ahead)
	}
}

// since forgets what was seen.
func (n *network) since() {
	n.slack, n.order, n.merge, n.copies = nil, nil, 0, 0
	clear(n.seen)
}

func (n *network) wants(kind Kind, d time.Duration) {
	n.t.Helper()
	if n.seen[kind] != d {
		n.t.Errorf("%v of %v, want %v", n.seen[kind], kind, d)
	}
}

func (n *network) wantsOrder() {
	n.t.Helper()
	for i := 1; i < len(n.order); i++ {
		if int16(n.order[i]-n.order[i-1]) <= 0 {
			n.t.Errorf("packet %d played after %d", n.order[i], n.order[i-1])
		}
	}
}

func steady(d time.Duration) func(int) time.Duration { return func(int) time.Duration { return d } }

// stall holds back the packets from a and delivers them together with packet b.
func stall(a, b int) func(int) time.Duration {
	return func(i int) time.Duration {
		if i >= a && i < b {
			return time.Duration(b-i) * 20 * ms
		}
		return 0
	}
}

func TestCleanNetworkAddsNothing(t *testing.T) {
	for _, length := range []time.Duration{10 * ms, 20 * ms, 30 * ms, 40 * ms, 60 * ms, 120 * ms} {
		n := newNetwork(t)
		n.talk(0, int(10*time.Second/length), length, steady(5*ms))
		n.run(9 * time.Second)
		if n.seen[Hold] > 10*ms { // the first tick finds half a step of 10 ms packets, the second one half of 30 ms packets
			t.Errorf("%v packets: held %v", length, n.seen[Hold])
		}
		n.wants(Lost, 0)
		n.wantsOrder()
		if worst := slices.Max(n.slack); worst > 20*ms {
			t.Errorf("%v packets: one waited %v", length, worst)
		}
	}
}

func TestReorderedPackets(t *testing.T) {
	n := newNetwork(t)
	t.Log("# 60 ms of delay have been learnt; neighbours then change places")
	n.talk(0, 10, 20*ms, stall(5, 9))
	n.talk(10, 80, 20*ms, func(i int) time.Duration { return time.Duration(i%2) * 25 * ms })
	n.run(400 * ms)
	n.since()
	n.run(1200 * ms)
	n.wants(Hold, 0)
	n.wantsOrder()
	n.wants(Lost, 0)
}

func TestDoubledPackets(t *testing.T) {
	n := newNetwork(t)
	n.talk(0, 100, 20*ms, steady(0))
	n.talk(0, 100, 20*ms, steady(45*ms))
	n.run(1900 * ms)
	n.wantsOrder()
	n.wants(Hold, 0)
	if got := n.buffer.Drops()[DropDuplicate]; got < 90 {
		t.Errorf("%d doubles seen", got)
	}
	if got := n.buffer.Drops()[DropLate]; got != 0 {
		t.Errorf("%d doubles taken for latecomers", got)
	}
}

func TestLossIsNotLateness(t *testing.T) {
	n := newNetwork(t)
	n.talk(0, 1000, 20*ms, func(i int) time.Duration {
		if i%10 == 5 {
			return -1
		}
		return 0
	})
	n.run(19 * time.Second)
	n.wantsOrder()
	if worst := slices.Max(n.slack); worst > 20*ms {
		t.Errorf("losses made a packet wait %v", worst)
	}
	if got := n.buffer.Lost(); got != 95 {
		t.Errorf("%d lost, want 95", got)
	}
}

// With delay learnt, the packet behind a lost one is there in time to lend its copy.
func TestLostPacketIsRecoverable(t *testing.T) {
	n := newNetwork(t)
	n.talk(0, 30, 20*ms, stall(5, 9))
	n.talk(31, 10, 20*ms, steady(0))
	n.run(400 * ms)
	for range 20 {
		before := n.buffer.Lost()
		n.run(20 * ms)
		for _, s := range n.buffer.out.Segments {
			if s.Kind != Lost {
				continue
			}
			if s.Next == nil || s.Next.Header.SequenceNumber != 31 || s.Units != 160 || before != 0 {
				t.Errorf("lost: %+v", s)
			}
			return
		}
	}
	t.Error("no loss seen")
}

// TestBadMinute: jitter of 0–40 ms for a minute, then a clean network. The delay grows once, holds, and goes away again.
func TestBadMinute(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	n := newNetwork(t)
	n.quiet = true
	n.talk(0, 3000, 20*ms, func(int) time.Duration { return time.Duration(rng.Int64N(int64(40 * ms))) })
	n.talk(3000, 3000, 20*ms, steady(0))
	n.run(10 * time.Second)
	n.since()
	n.run(49 * time.Second)
	if held := n.seen[Hold] + n.seen[Lost]; held > 500*ms {
		t.Errorf("%v concealed in 49 s of jitter, after 10 s to learn it", held)
	}
	if worst := slices.Max(n.slack); worst > 85*ms {
		t.Errorf("a packet waited %v for a jitter of 40 ms", worst)
	}
	n.run(20 * time.Second)
	n.since()
	n.run(39 * time.Second)
	if worst := slices.Max(n.slack); worst > 25*ms {
		t.Errorf("a packet waited %v after the bad minute was over", worst)
	}
	n.wantsOrder()
}

// A network that stands still for half a second and then delivers everything at once.
func TestStall(t *testing.T) {
	n := newNetwork(t)
	n.talk(0, 500, 20*ms, stall(50, 75))
	n.run(3 * time.Second)
	if worst := slices.Max(n.slack); worst > 520*ms {
		t.Errorf("waited %v", worst)
	}
	if n.buffer.Drops()[DropOverflow] == 0 {
		t.Error("nothing was given up for a delay below the bound")
	}
	n.run(6 * time.Second)
	n.since()
	n.run(time.Second)
	if worst := slices.Max(n.slack); worst > 25*ms {
		t.Errorf("still %v of delay eight seconds after the stall", worst)
	}
	n.wantsOrder()
}

func TestDTX(t *testing.T) {
	n := newNetwork(t)
	t.Log("# ten talkspurts of 1 s; pauses of 1 s without packets or missing sequence numbers")
	for spurt := range 10 {
		for i := range 50 {
			n.send(spurt*50+i, uint32(spurt*16000+i*160), time.Duration(spurt)*2*time.Second+time.Duration(i)*20*ms, 0, 20*ms)
		}
	}
	n.run(19 * time.Second)
	n.wants(Lost, 0)
	n.wantsOrder()
	if n.buffer.Lost() != 0 || len(n.order) != 500 {
		t.Errorf("played %d of 500, %d lost", len(n.order), n.buffer.Lost())
	}
	if worst := slices.Max(n.slack); worst > 20*ms {
		t.Errorf("a packet waited %v", worst)
	}
}

func TestRestartAndJumps(t *testing.T) {
	n := newNetwork(t)
	n.talk(0, 50, 20*ms, steady(0))
	t.Log("# the sender restarts its sequence numbers and time stamps")
	for i := range 50 {
		n.send(40000+i, uint32(7e8+i*160), time.Duration(50+i)*20*ms, 0, 20*ms)
	}
	t.Log("# then only the time stamp jumps, ahead and back")
	for i := range 50 {
		n.send(40050+i, uint32(3e8+i*160), time.Duration(100+i)*20*ms, 0, 20*ms)
	}
	for i := range 50 {
		n.send(40100+i, uint32(3.1e8+i*160), time.Duration(150+i)*20*ms, 0, 20*ms)
	}
	n.run(3980 * ms)
	if len(n.order) != 198 { // the restart is believed a packet later
		t.Errorf("%d packets played, want all 198 that were due", len(n.order))
	}
	if n.seen[Hold] > 20*ms {
		t.Errorf("%v held", n.seen[Hold])
	}
	t.Log("# a stray packet is dropped")
	n.send(9, 9, 4*time.Second, 0, 20*ms)
	n.send(999, 9, 4*time.Second, 0, 20*ms)
	n.run(time.Second)
	if n.buffer.Drops()[DropSuspect] != 1 || n.buffer.Waiting() != 0 {
		t.Errorf("suspects: %d dropped, %d waiting", n.buffer.Drops()[DropSuspect], n.buffer.Waiting())
	}
}

// An hour with a sender whose clock is 200 ppm off: 720 ms, 36 steps put in or left out, and no delay.
func TestDrift(t *testing.T) {
	for _, ppm := range []int{-200, 200} {
		rng := rand.New(rand.NewPCG(1, 1))
		n := newNetwork(t)
		for i := range 3600 * 50 {
			at := time.Duration(i) * 20 * ms
			n.send(i, uint32(i*160), at+at*time.Duration(ppm)/1e6, time.Duration(rng.Int64N(int64(2*ms))), 20*ms)
		}
		n.run(time.Hour - time.Second)
		worst := slices.Max(n.slack)
		t.Logf("%+d ppm: held %v, lost %v, merged %d, slack at most %v", ppm, n.seen[Hold], n.seen[Lost], n.merge, worst)
		if worst > 30*ms || n.seen[Hold] > 900*ms || n.merge > 40 || n.buffer.Drops().Total() != 0 {
			t.Errorf("%+d ppm: held %v, merged %d, slack at most %v, drops %v", ppm, n.seen[Hold], n.merge, worst, *n.buffer.Drops())
		}
		n.wantsOrder()
	}
}

// While a key is pressed, telephone-events take the sequence numbers: what they leave is a pause, not a loss.
func TestTelephoneEventsPassBy(t *testing.T) {
	n := newNetwork(t)
	n.talk(0, 20, 20*ms, steady(0))
	n.run(400 * ms)
	n.talk(30, 20, 20*ms, steady(0))
	for i := 20; i < 30; i++ {
		p := n.pool.Get()
		p.Header.SequenceNumber, p.Header.Timestamp = uint16(i), 20*160
		n.buffer.Pass(p)
		n.run(20 * ms)
	}
	n.run(380 * ms)
	n.wants(Lost, 0)
	if n.buffer.Lost() != 0 || len(n.order) != 39 {
		t.Errorf("%d lost, %d played", n.buffer.Lost(), len(n.order))
	}
}

func TestHostileLengths(t *testing.T) {
	b := NewJitterBuffer(8000, 0)
	for _, units := range []int{0, -1, 1601} {
		b.Put(numbered(1, 0), units)
	}
	if b.Drops()[DropPayload] != 3 || b.Waiting() != 0 {
		t.Errorf("drops %v", *b.Drops())
	}
	t.Log("# one sample a packet, as many as fit, for a long time")
	for i := range 10000 {
		p := numbered(i, 0)
		p.Header.Timestamp = uint32(i)
		b.Put(p, 1)
		if i%100 == 0 {
			for _, s := range b.Next(epoch, false).Segments {
				if s.Packet != nil {
					s.Packet.Release()
				}
			}
		}
		if b.Waiting() > MaxPackets {
			t.Fatalf("%d packets wait", b.Waiting())
		}
	}
}

func TestJitterBufferDoesNotAllocate(t *testing.T) {
	pool, b, now, i := NewPool(16), NewJitterBuffer(8000, 0), epoch, 0
	tick := func() {
		p := pool.Get()
		p.Header.SequenceNumber, p.Header.Timestamp, p.Arrival = uint16(i), uint32(i*160), now
		b.Put(p, 160)
		now, i = now.Add(20*ms), i+1
		for _, s := range b.Next(now, false).Segments {
			s.Packet.Release()
		}
	}
	tick()
	if n := testing.AllocsPerRun(1000, tick); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}

// TestDelayGoal: streams that meet the tick at any phase, over a network that trembles by 2 ms, wait 15 ms in the median and 25 ms in 95 of 100
// cases at most.
func TestDelayGoal(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	var slack []time.Duration
	for phase := time.Duration(0); phase < 20*ms; phase += ms / 2 {
		n := newNetwork(t)
		n.phase = phase
		n.talk(0, 1500, 20*ms, func(int) time.Duration { return time.Duration(rng.Int64N(int64(2 * ms))) })
		n.run(29 * time.Second)
		slack = append(slack, n.slack...)
	}
	slices.Sort(slack)
	median, p95 := slack[len(slack)/2], slack[len(slack)*95/100]
	t.Logf("median %v, p95 %v, worst %v", median, p95, slack[len(slack)-1])
	if median > 15*ms || p95 > 25*ms {
		t.Errorf("median %v, p95 %v", median, p95)
	}
}

// A late tick calls Next three times at once; the packets of all three steps are there by then.
func TestLateTick(t *testing.T) {
	n := newNetwork(t)
	n.talk(0, 100, 20*ms, steady(0))
	n.run(400 * ms)
	n.now = n.now.Add(60 * ms)
	for len(n.flying) > 0 && !n.flying[0].arrival.After(n.now) {
		d := n.flying[0]
		p := n.pool.Get()
		p.Arrival, p.Header.SequenceNumber, p.Header.Timestamp = d.arrival, d.seq, d.timestamp
		n.buffer.Put(p, d.units)
		n.flying = n.flying[1:]
	}
	for range 3 {
		n.step()
		n.tick++
	}
	n.run(time.Second)
	n.wants(Hold, 0)
	n.wantsOrder()
}

func BenchmarkJitterBuffer(b *testing.B) {
	pool, buffer, now, i := NewPool(16), NewJitterBuffer(8000, 0), epoch, 0
	for b.Loop() {
		p := pool.Get()
		p.Header.SequenceNumber, p.Header.Timestamp, p.Arrival = uint16(i), uint32(i*160), now
		buffer.Put(p, 160)
		now, i = now.Add(20*ms), i+1
		for _, s := range buffer.Next(now, false).Segments {
			s.Packet.Release()
		}
	}
}
