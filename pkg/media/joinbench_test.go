package media

import (
	"fmt"
	"net/netip"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/ice"
)

// BenchmarkICEJoin is a caller with a full agent on sockets of the kernel who joins a lite server on its shared port, 16 at a time, and leaves.
// cpu-ms/join is of both ends.
func BenchmarkICEJoin(b *testing.B) {
	for name, lite := range map[string]bool{"lite": true, "full": false} {
		b.Run(name, func(b *testing.B) { benchmarkJoin(b, lite) })
	}
}

func benchmarkJoin(b *testing.B, lite bool) {
	server, err := NewShared(SharedConfig{Network: UDP{}, Addresses: []netip.AddrPort{addr("127.0.0.1:0")}})
	if err != nil {
		b.Fatal(err)
	}
	defer server.Close()
	var mu sync.Mutex
	var slowest time.Duration
	before := spent()
	var wait sync.WaitGroup
	next := make(chan struct{})
	for range 16 {
		wait.Go(func() {
			for range next {
				took, err := join(server, lite)
				mu.Lock()
				if slowest = max(slowest, took); err != nil {
					b.Error(err)
				}
				mu.Unlock()
			}
		})
	}
	n := 0
	for b.Loop() {
		next <- struct{}{}
		n++
	}
	close(next)
	wait.Wait()
	b.ReportMetric(float64((spent()-before).Microseconds())/1000/float64(n), "cpu-ms/join")
	b.ReportMetric(float64(slowest.Microseconds())/1000, "slowest-ms")
}

// join brings one caller in and out again, and says how long it took until both had a path.
func join(server *Shared, lite bool) (time.Duration, error) {
	phone, err := NewShared(SharedConfig{Network: UDP{}, Addresses: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")}})
	if err != nil {
		return 0, err
	}
	defer phone.Close()
	leg, caller := server.NewSeat(1), phone.NewSeat(1)
	defer leg.Close()
	defer caller.Close()
	began := time.Now()
	offer, err1 := caller.Begin(false)
	answer, err2 := leg.Begin(lite)
	if err1 != nil || err2 != nil {
		return 0, fmt.Errorf("%v, %v", err1, err2)
	}
	if err := leg.Start(ice.Remote{Credentials: offer.Credentials, Candidates: offer.Candidates, Multiplexed: true}, false); err != nil {
		return 0, err
	}
	if err := caller.Start(ice.Remote{Credentials: answer.Credentials, Candidates: answer.Candidates, Lite: lite, Multiplexed: true}, true); err != nil {
		return 0, err
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !leg.Selected() || !caller.Selected() {
		if <-tick.C; time.Since(began) > 10*time.Second {
			return 0, fmt.Errorf("no path after 10 s")
		}
	}
	return time.Since(began), nil
}

// spent is the processor time of this process.
func spent() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // cannot fail
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
