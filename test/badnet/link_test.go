package badnet

import (
	"math"
	"testing"
	"time"
)

var epoch = time.Unix(1e9, 0)

const ms = time.Millisecond

// send passes count datagrams of 200 octets, 20 ms apart, and returns how long each was on its way; -1 for those that were lost.
func send(l *Link, flow, count int) (delays []time.Duration) {
	for i := range count {
		now := epoch.Add(time.Duration(i) * 20 * ms)
		if at, ok := l.Pass(now, flow, 200); ok {
			delays = append(delays, at.Sub(now))
		} else {
			delays = append(delays, -1)
		}
	}
	return delays
}

func lost(delays []time.Duration) (n, runs int) {
	for i, d := range delays {
		if d < 0 {
			if n++; i == 0 || delays[i-1] >= 0 {
				runs++
			}
		}
	}
	return n, runs
}

func TestNothingHappensOnAGoodLink(t *testing.T) {
	for _, d := range send(NewLink(1, Conditions{}), 0, 100) {
		if d != 0 {
			t.Fatalf("a delay of %v", d)
		}
	}
}

// What is lost is the same whatever else is changed, and whoever else sends.
func TestTheSameSeedIsTheSameFate(t *testing.T) {
	alone := send(NewLink(7, Conditions{Loss: 0.05, Jitter: 40 * ms}), 1, 1000)
	other := NewLink(7, Conditions{Loss: 0.05, Delay: 10 * ms})
	send(other, 2, 333)
	shared := send(other, 1, 1000)
	different := send(NewLink(8, Conditions{Loss: 0.05}), 1, 1000)
	same := 0
	for i := range alone {
		if (alone[i] < 0) != (shared[i] < 0) {
			t.Fatalf("datagram %d: %v and %v", i, alone[i], shared[i])
		}
		if (alone[i] < 0) == (different[i] < 0) {
			same++
		}
	}
	if same == len(alone) {
		t.Error("another seed is the same fate")
	}
}

func TestLossIsWhatWasAskedFor(t *testing.T) {
	for _, burst := range []float64{0, 1, 3, 8} {
		n, runs := lost(send(NewLink(1, Conditions{Loss: 0.1, Burst: burst}), 0, 100_000))
		want := max(burst, 1/(1-0.1)) // by chance, too, one in ten follows another
		if share, length := float64(n)/100_000, float64(n)/float64(runs); math.Abs(share-0.1) > 0.01 || math.Abs(length-want) > want/10 {
			t.Errorf("bursts of %v: %.3f lost, %.2f in a row", burst, share, length)
		}
	}
	if n, _ := lost(send(NewLink(1, Conditions{Loss: 1}), 0, 100)); n != 100 {
		t.Errorf("%d of 100 lost, want all", n)
	}
}

func TestJitterAndOrder(t *testing.T) {
	free := NewLink(1, Conditions{Delay: 30 * ms, Jitter: 100 * ms})
	sum := time.Duration(0)
	for _, d := range send(free, 0, 1000) {
		if d < 30*ms || d > 130*ms {
			t.Fatalf("a delay of %v", d)
		}
		sum += d / 1000
	}
	if sum < 75*ms || sum > 85*ms || free.Stats().Overtaken == 0 {
		t.Errorf("mean %v, %+v", sum, free.Stats())
	}
	ordered := NewLink(1, Conditions{Delay: 30 * ms, Jitter: 100 * ms, Order: true})
	last := time.Duration(0)
	for i, d := range send(ordered, 0, 1000) {
		if arrives := time.Duration(i)*20*ms + d; arrives < last {
			t.Fatalf("datagram %d overtakes", i)
		} else {
			last = arrives
		}
	}
	early := NewLink(1, Conditions{Delay: 100 * ms, Early: 0.1})
	send(early, 0, 1000)
	if n := early.Stats().Overtaken; n < 60 || n > 140 {
		t.Errorf("%d of 1000 overtake", n)
	}
}

func TestBottleneck(t *testing.T) {
	t.Log("# 228 octets each 20 ms are 91.2 kbit/s")
	for _, row := range []struct {
		rate    int
		lost    int
		slowest time.Duration
	}{
		{182_400, 0, 10 * ms},
		{91_200, 0, 20 * ms},
		{45_600, 497, 140 * ms}, // 40 ms each, behind 100 ms of others
	} {
		delays := send(NewLink(1, Conditions{Rate: row.rate}), 0, 1000)
		slowest := time.Duration(0)
		for _, d := range delays {
			slowest = max(slowest, d)
		}
		if n, _ := lost(delays); n != row.lost || slowest != row.slowest {
			t.Errorf("%d bit/s: %d lost, slowest %v, want %d and %v", row.rate, n, slowest, row.lost, row.slowest)
		}
	}
}
