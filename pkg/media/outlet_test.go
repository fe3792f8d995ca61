package media

import (
	"errors"
	"fmt"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"
)

// listenShared is a socket that no ring reads.
func listenShared(t *testing.T) *Socket {
	t.Helper()
	conn, err := UDP{}.Listen(addr("127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	return newIdleSocket(conn)
}

// failing is a Lane that counts what the kernel refused.
type failing interface {
	Lane
	Failed() uint64
}

// onLanes runs a test on each kind of lane.
func onLanes(t *testing.T, f func(t *testing.T, l failing)) {
	t.Run("ring", func(t *testing.T) { f(t, newRing(t)) })
	t.Run("burst", func(t *testing.T) {
		b := NewBurst()
		defer b.Close()
		f(t, b)
	})
}

// outletsOf are those that a lane has.
func outletsOf(l Lane) []*outlet {
	if r, ok := l.(*Ring); ok {
		return r.all
	}
	return l.(*Burst).all
}

func TestAnOutletSendsWithTheLane(t *testing.T) { onLanes(t, testAnOutlet) }

func testAnOutlet(t *testing.T, r failing) {
	bob, b := listen(t, UDP{}, "127.0.0.1:0"), NewBatch()
	shared := listenShared(t)
	defer shared.Close()
	to := NewDestination(bob.LocalAddr())
	out := r.through(shared)
	if out == shared || r.through(shared) != out || out.LocalAddr() != shared.LocalAddr() {
		t.Fatal("not one outlet for the socket")
	}
	for round := range 3 {
		for n := range 3 {
			if err := out.Send([]byte(fmt.Sprint(round, n)), to); err != nil {
				t.Fatal(err)
			}
		}
		if n := bob.ReadBatch(b, time.Now()); n != 0 {
			t.Fatalf("%d datagrams before the end of the tick", n)
		}
		r.Flush()
		if n := bob.ReadBatch(b, time.Now()); n != 3 || string(b.Datagrams[2].Data) != fmt.Sprint(round, 2) || b.Datagrams[2].From != shared.LocalAddr() {
			t.Fatalf("round %d: %d datagrams, the last %q from %v", round, n, b.Datagrams[2].Data, b.Datagrams[2].From)
		}
	}
	for range 3 * ringEntries { // the queue is full at times
		if err := out.Send([]byte("x"), to); err != nil {
			t.Fatal(err)
		}
	}
	r.Flush()
	if n := r.Failed(); n != 0 || shared.conn.(*udpConn).users.Load() != 1 {
		t.Errorf("%d sends failed, %d hold the socket", n, shared.conn.(*udpConn).users.Load())
	}
}

func TestStreamsStayAsTheyAre(t *testing.T) {
	onLanes(t, func(t *testing.T, l failing) {
		if stream := newIdleSocket(streamConn{}); l.through(stream) != stream {
			t.Error("another socket where there are no datagrams")
		}
	})
}

// The kernel gives the number of a closed socket to the next file. A packet that waited for the end of the tick must not go out there.
func TestASharedSocketClosesWhilePacketsWait(t *testing.T) { onLanes(t, testClosesWhilePacketsWait) }

func testClosesWhilePacketsWait(t *testing.T, r failing) {
	bob, b := listen(t, UDP{}, "127.0.0.1:0"), NewBatch()
	for range 20 {
		shared := listenShared(t)
		out, to := r.through(shared), NewDestination(bob.LocalAddr())
		if err := out.Send([]byte("hello"), to); err != nil {
			t.Fatal(err)
		}
		shared.Close()
		other := listen(t, UDP{}, "127.0.0.1:0")
		if err := out.Send([]byte("hello"), to); err != nil {
			t.Fatal(err)
		}
		r.Flush()
		for _, d := range b.Datagrams[:bob.ReadBatch(b, time.Now())] {
			if d.From != shared.LocalAddr() {
				t.Fatalf("a packet left from %v, the socket %v is closed, and %v is somebody else's", d.From, shared.LocalAddr(), other.LocalAddr())
			}
		}
		if err := out.Send([]byte("hello"), to); !errors.Is(err, net.ErrClosed) {
			t.Fatalf("sending after that: %v", err)
		}
		if err := shared.Send([]byte("hello"), to); !errors.Is(err, net.ErrClosed) {
			t.Fatalf("sending without a ring after that: %v", err)
		}
		again, err := UDP{}.Listen(shared.LocalAddr())
		if err != nil {
			t.Fatalf("the port is not free: %v", err)
		}
		again.Close()
	}
	if r.through(listenShared(t)); len(outletsOf(r)) != 1 {
		t.Errorf("%d outlets, want that of the open socket alone", len(outletsOf(r)))
	}
}

// A lane that ends with packets in its queue lets go of their socket.
func TestALaneEndsWhilePacketsWait(t *testing.T) {
	t.Run("burst", func(t *testing.T) { testEndsWhilePacketsWait(t, NewBurst()) })
	t.Run("ring", func(t *testing.T) {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		r, err := NewRing()
		if err != nil {
			t.Skip(err)
		}
		testEndsWhilePacketsWait(t, r)
	})
}

func testEndsWhilePacketsWait(t *testing.T, l Lane) {
	shared := listenShared(t)
	_ = l.through(shared).Send([]byte("hello"), NewDestination(shared.LocalAddr()))
	l.Close()
	shared.Close()
	again, err := UDP{}.Listen(shared.LocalAddr())
	if err != nil {
		t.Fatalf("the port is not free: %v", err)
	}
	again.Close()
}

// Clocks with lanes, and handshakes without, send on one socket while it is closed.
func TestSeveralClocksShareASocket(t *testing.T) {
	t.Run("burst", func(t *testing.T) {
		testSeveralClocks(t, func() (Lane, error) { return NewBurst(), nil })
	})
	t.Run("ring", func(t *testing.T) {
		newRing(t) // or skip
		testSeveralClocks(t, func() (Lane, error) { return NewRing() })
	})
}

func testSeveralClocks(t *testing.T, lane func() (Lane, error)) {
	const rounds = 1000
	shared, bob := listenShared(t), listen(t, UDP{}, "127.0.0.1:0")
	var wait sync.WaitGroup
	for range 3 {
		wait.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			r, err := lane()
			if err != nil {
				t.Error(err)
				return
			}
			defer r.Close()
			to := NewDestination(bob.LocalAddr())
			for n := 0; err == nil && n < rounds; n++ {
				for range 5 {
					err = r.through(shared).Send([]byte("hello"), to)
				}
				r.Flush()
				runtime.Gosched()
			}
		})
		wait.Go(func() {
			to := NewDestination(bob.LocalAddr())
			for n := 0; n < rounds && shared.Send([]byte("hello"), to) != net.ErrClosed; n++ {
				runtime.Gosched()
			}
		})
	}
	receive(t, bob, NewBatch())
	shared.Close()
	wait.Wait()
	if n := shared.conn.(*udpConn).users.Load(); n != 0 {
		t.Errorf("%d still hold the socket", n)
	}
}

// callOn is a leg on the shared port whose clock has that lane, and the caller.
func callOn(t *testing.T, r Lane) (leg, alice *party, end func()) {
	server, phones := newShared(t, UDP{}, "127.0.0.1:0"), newShared(t, UDP{}, "127.0.0.1:0")
	leg, alice = server.party(t, true, 1), phones.party(t, false, 1)
	leg.transport.Ride(r)
	alice.call(leg, true)
	for n := 0; leg.transport.config.Sender.to == nil || alice.transport.config.Sender.to == nil; n++ {
		if n == 5000 {
			t.Fatal("no path")
		}
		leg.transport.Poll(leg.batch, time.Now())
		alice.transport.Poll(alice.batch, time.Now())
		time.Sleep(time.Millisecond)
	}
	return leg, alice, func() {
		leg.end()
		alice.end()
		server.Close()
		phones.Close()
	}
}

func TestALegOnTheSharedPortSendsWithTheLane(t *testing.T) { onLanes(t, testALegOnTheSharedPort) }

func testALegOnTheSharedPort(t *testing.T, r failing) {
	leg, alice, end := callOn(t, r)
	defer end()
	for range 20 {
		leg.sender.WritePayload(make([]byte, 160), 160)
	}
	if held := leg.shared.ports[0].socket.conn.(*udpConn).users.Load(); held != 2 {
		t.Errorf("%d hold the shared socket while packets wait, want its owner and the lane", held)
	}
	r.Flush()
	for n := 0; alice.stream.Stats().Received < 20; n++ {
		if n == 1000 {
			t.Fatalf("%d of 20 packets have arrived", alice.stream.Stats().Received)
		}
		alice.transport.Poll(alice.batch, time.Now())
		time.Sleep(time.Millisecond)
	}
}

func TestSendingOnTheSharedPortDoesNotAllocate(t *testing.T) { onLanes(t, testSendingDoesNotAllocate) }

func testSendingDoesNotAllocate(t *testing.T, r failing) {
	leg, _, end := callOn(t, r)
	defer end()
	payload := make([]byte, 160)
	allocs := testing.AllocsPerRun(200, func() {
		leg.transport.follow()
		leg.sender.WritePayload(payload, 160)
		r.Flush()
	})
	if allocs != 0 {
		t.Errorf("%v allocations per packet, want 0", allocs)
	}
}
