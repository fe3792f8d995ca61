package sip

import (
	"math/rand/v2"
	"net/netip"
	"runtime"
	"strconv"
	"testing"
	"testing/synctest"
	"time"
)

// TestLimiterAgainstAModel compares the limiter, which forgets, with one that remembers every token that was taken.
func TestLimiterAgainstAModel(t *testing.T) {
	const perSource, inAll = 5, 20
	random := rand.New(rand.NewPCG(1, 2))
	now := time.Now()
	l := newLimiter(perSource, inAll)
	model := map[source]*bucket{{}: {last: now}}
	l.all.last = now
	has := func(b *bucket, rate float64) bool {
		b.missing = max(0, b.missing-rate*now.Sub(b.last).Seconds())
		b.last = now
		return b.missing+1 <= rate
	}
	var taken, refused int
	for range 20000 {
		now = now.Add(time.Duration(random.ExpFloat64() * float64(40*time.Millisecond)))
		if random.IntN(500) == 0 {
			now = now.Add(time.Duration(random.IntN(30)) * time.Second)
		}
		s := source(netip.AddrFrom4([4]byte{192, 0, 2, byte(1 + random.IntN(8))}))
		if model[s] == nil {
			model[s] = &bucket{last: now}
		}
		want := has(model[s], perSource) && has(model[source{}], inAll)
		if want {
			model[s].missing++
			model[source{}].missing++
			taken++
		} else {
			refused++
		}
		if got := l.take(now, s); got != want {
			t.Fatalf("after %d and %d: got %v, want %v", taken, refused, got, want)
		}
	}
	if taken < 1000 || refused < 1000 {
		t.Errorf("%d taken, %d refused: that shows little", taken, refused)
	}
}

func TestLimiterForgets(t *testing.T) {
	now := time.Now()
	l := newLimiter(2, -1)
	for n := range 3 * maxSources {
		l.take(now, source(netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)})))
	}
	if n := len(l.young); n != maxSources {
		t.Errorf("%d sources are told apart, want %d", n, maxSources)
	}
	if l.take(now, source(netip.MustParseAddr("192.0.2.1"))) {
		t.Error("one more than there may be has a bucket of its own")
	}
	now = now.Add(2 * forgetAfter)
	if !l.take(now, source(netip.MustParseAddr("192.0.2.1"))) || len(l.young)+len(l.old) != 1 {
		t.Errorf("%d and %d sources are left", len(l.young), len(l.old))
	}
}

func TestSourceOf(t *testing.T) {
	for _, row := range []struct{ address, want string }{
		{"192.0.2.1", "192.0.2.1"}, {"::ffff:192.0.2.1", "192.0.2.1"}, {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"}, {"fe80::1%eth0", "fe80::"},
	} {
		if got := netip.Addr(sourceOf(netip.MustParseAddr(row.address))).String(); got != row.want {
			t.Errorf("%s counts for %s, want %s", row.address, got, row.want)
		}
	}
}

func TestRememberedIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRemembered(32*time.Second, 1<<20)
		defer r.close()
		for n := range 10000 {
			r.add(serverKey{branch: strconv.Itoa(n)}, &echo{wire: make([]byte, 400)}, 32*time.Second)
			time.Sleep(time.Millisecond)
		}
		if r.octets > 1<<20 || r.len() < 1000 {
			t.Errorf("%d octets for %d echoes", r.octets, r.len())
		}
		if r.find(serverKey{branch: "9999"}) == nil || r.find(serverKey{branch: "0"}) != nil {
			t.Error("the newest must be there, the oldest not")
		}
		time.Sleep(37 * time.Second)
		synctest.Wait()
		if len(r.generations) != 0 || r.octets != 0 || r.sweeping != nil {
			t.Errorf("%d generations, %d octets are left", len(r.generations), r.octets)
		}
	})
}

// TestMemoryOfAFinishedTransaction: 3.9 KB for each, for 32 s, is what a flood of 5,000 requests a second must not cost.
func TestMemoryOfAFinishedTransaction(t *testing.T) {
	ua := New(Config{Handler: HandlerFunc(func(tx *ServerTransaction) { tx.Reply(200) }), MaxRatePerSource: -1, MaxRate: -1})
	defer ua.Close()
	ask := func(n int) {
		ua.Inject([]byte("OPTIONS sip:conf@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.3:5060;branch=z9hG4bK" + strconv.Itoa(n) +
			"\r\nMax-Forwards: 70\r\nFrom: <sip:bob@example.com>;tag=b0b\r\nTo: <sip:conf@example.com>\r\nCall-ID: " + strconv.Itoa(n) +
			"@192.0.2.3\r\nCSeq: 1 OPTIONS\r\nContact: <sip:bob@192.0.2.3>\r\nContent-Length: 0\r\n\r\n"))
	}
	const many = 20000
	settled := func(n int) uint64 {
		for ua.finished.len() < n {
			runtime.Gosched()
		}
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	ask(0)
	before := settled(1)
	for n := range many {
		ask(1 + n)
	}
	each := int(settled(1+many)-before) / many
	response := len(ua.LastAnswer())
	t.Logf("%d octets for a finished transaction, %d of them the response", each, response)
	if each > response+512 {
		t.Errorf("%d octets for a finished transaction whose response has %d", each, response)
	}
}
