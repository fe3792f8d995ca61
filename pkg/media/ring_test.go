package media

import (
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"testing"
	"time"
)

// newRing skips where the kernel has none: everything works without, only dearer.
func newRing(t testing.TB) *Ring {
	t.Helper()
	runtime.LockOSThread()
	t.Cleanup(runtime.UnlockOSThread)
	r, err := NewRing()
	if errors.Is(err, ErrNoRing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func TestRingCarriesDatagrams(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "[::1]"} {
		t.Run(host, func(t *testing.T) {
			r := newRing(t)
			alice, bob := listen(t, UDP{}, host+":0"), listen(t, UDP{}, host+":0")
			if !r.Attach(alice) || !r.Attach(bob) {
				t.Fatal("not attached")
			}
			to, b := NewDestination(bob.LocalAddr()), NewBatch()
			for round := range 5000 { // more than there are buffers and entries
				want := fmt.Sprint("packet ", round)
				if err := alice.WriteTo([]byte(want), to); err != nil {
					t.Fatal(err)
				}
				n := 0
				for start := time.Now(); n == 0 && time.Since(start) < 5*time.Second; { // a busy kernel delivers later
					r.Poll(time.Now())
					n = bob.ReadBatch(b, time.Now())
				}
				if n != 1 || string(b.Datagrams[0].Data) != want || b.Datagrams[0].From != alice.LocalAddr() {
					t.Fatalf("round %d: %d datagrams, the first %q from %s", round, n, b.Datagrams[0].Data, b.Datagrams[0].From)
				}
				if age := time.Since(b.Datagrams[0].At); age < 0 || age > 5*time.Second {
					t.Fatalf("arrived %v ago", age)
				}
			}
			if r.Failed() != 0 {
				t.Errorf("%d sends failed", r.Failed())
			}
		})
	}
}

// Sockets come and go, and a flood takes more buffers than there are: nothing is stuck afterwards.
func TestRingSurvivesFloodsAndHangups(t *testing.T) {
	r := newRing(t)
	b := NewBatch()
	for round := range 3 {
		alice, bob, carol := listen(t, UDP{}, "127.0.0.1:0"), listen(t, UDP{}, "127.0.0.1:0"), listen(t, UDP{}, "127.0.0.1:0")
		r.Attach(bob)
		r.Attach(carol)
		r.Flush()
		for range 3000 {
			_ = alice.WriteTo(make([]byte, 172), NewDestination(bob.LocalAddr()))
			_ = alice.WriteTo(make([]byte, 60000), NewDestination(bob.LocalAddr()))
		}
		for range 50 {
			r.Poll(time.Now())
			for bob.ReadBatch(b, time.Now()) > 0 {
			}
		}
		if bob.(*udpConn).Crowded() == 0 {
			t.Errorf("round %d: what was too much is not counted", round)
		}
		_ = alice.WriteTo([]byte("still there?"), NewDestination(carol.LocalAddr()))
		_ = alice.WriteTo([]byte("still there?"), NewDestination(bob.LocalAddr()))
		r.Poll(time.Now())
		for _, c := range []Conn{bob, carol} {
			if n := c.ReadBatch(b, time.Now()); n != 1 || string(b.Datagrams[0].Data) != "still there?" {
				t.Fatalf("round %d: %s got %d datagrams after the flood", round, c.LocalAddr(), n)
			}
			_ = alice.WriteTo([]byte("unread"), NewDestination(c.LocalAddr()))
			r.Poll(time.Now())
			c.Close()
		}
		alice.Close()
	}
}

// Calls end with packets read and not given back, unread, or too long: the ring has all its buffers afterwards, however many calls.
func TestRingGetsItsBuffersBack(t *testing.T) {
	r := newRing(t)
	alice, b := listen(t, UDP{}, "127.0.0.1:0"), NewBatch()
	for call := range 2 * ringBuffers {
		bob, err := UDP{}.Listen(netip.MustParseAddrPort("127.0.0.1:0"))
		if err != nil {
			t.Fatal(err)
		}
		r.Attach(bob)
		r.Flush()
		for _, size := range []int{172, 172, ringBuffer} {
			_ = alice.WriteTo(make([]byte, size), NewDestination(bob.LocalAddr()))
		}
		r.Poll(time.Now())
		if n := bob.ReadBatch(b, time.Now()); n != 3 {
			t.Fatalf("call %d: %d datagrams, want 3", call, n)
		}
		if len(b.Datagrams[1].Data) != 172 || b.Datagrams[2].Data != nil {
			t.Fatalf("call %d: %d and %d octets, want 172 and what is too long as nil", call, len(b.Datagrams[1].Data), len(b.Datagrams[2].Data))
		}
		_ = alice.WriteTo([]byte("unread"), NewDestination(bob.LocalAddr()))
		r.Poll(time.Now())
		bob.Close()
	}
}

// A socket is gone when Close returns: its port is free, also while the clock has nothing to do.
func TestRingLetsGoOfSockets(t *testing.T) {
	r := newRing(t)
	for range 20 {
		bob, err := UDP{}.Listen(netip.MustParseAddrPort("127.0.0.1:0"))
		if err != nil {
			t.Fatal(err)
		}
		r.Attach(bob)
		r.Poll(time.Now())
		bob.Close()
		again, err := UDP{}.Listen(bob.LocalAddr())
		if err != nil {
			t.Fatalf("after Close: %v", err)
		}
		again.Close()
	}
}

// BenchmarkSockets is the bare I/O of one tick of 100 legs: a packet in and a packet out each.
func BenchmarkSockets(b *testing.B) {
	const legs = 100
	for _, ringed := range []bool{false, true} {
		b.Run(map[bool]string{false: "polled", true: "ring"}[ringed], func(b *testing.B) {
			var r *Ring
			if ringed {
				r = newRing(b)
			}
			var ours, theirs [legs]Conn
			var out, in [legs]*Destination
			for i := range legs {
				ours[i], _ = UDP{}.Listen(netip.MustParseAddrPort("127.0.0.1:0"))
				theirs[i], _ = UDP{}.Listen(netip.MustParseAddrPort("127.0.0.1:0"))
				out[i], in[i] = NewDestination(theirs[i].LocalAddr()), NewDestination(ours[i].LocalAddr())
				if r != nil {
					r.Attach(ours[i])
				}
				defer ours[i].Close()
				defer theirs[i].Close()
			}
			batch, packet := NewBatch(), make([]byte, 172)
			got := 0
			for b.Loop() {
				b.StopTimer()
				for i := range legs {
					theirs[i].ReadBatch(batch, time.Now())
					_ = theirs[i].WriteTo(packet, in[i])
				}
				b.StartTimer()
				now := time.Now()
				if r != nil {
					r.Poll(now)
				}
				for i := range legs {
					got += ours[i].ReadBatch(batch, now)
					_ = ours[i].WriteTo(packet, out[i])
				}
				if r != nil {
					r.Flush()
				}
			}
			if got < b.N*legs*9/10 {
				b.Errorf("%d of %d packets", got, b.N*legs)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/legs, "ns/leg")
		})
	}
}

// The kernel runs 20 receives at a time, however many are due; a poll asks until there are no more.
func TestRingFetchesFromAllSockets(t *testing.T) {
	const legs = 300
	r := newRing(t)
	sender := listen(t, UDP{}, "127.0.0.1:0")
	var ours [legs]Conn
	for i := range ours {
		ours[i] = listen(t, UDP{}, "127.0.0.1:0")
		r.Attach(ours[i])
	}
	r.Poll(time.Now())
	b := NewBatch()
	for round := range 20 {
		for _, c := range ours {
			if err := sender.WriteTo([]byte("hello"), NewDestination(c.LocalAddr())); err != nil {
				t.Fatal(err)
			}
		}
		r.Poll(time.Now())
		got := 0
		for _, c := range ours {
			got += c.ReadBatch(b, time.Now())
		}
		if got != legs {
			t.Fatalf("round %d: %d of %d packets that had arrived were fetched", round, got, legs)
		}
		if len(r.lent) != legs {
			t.Fatalf("round %d: %d buffers are lent, want those of this round, %d", round, len(r.lent), legs)
		}
	}
}
