package locate_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/seed-f3cefc8c/focus/pkg/sip/locate"
)

// TestWeights: how often each server is first follows its weight; who has none has "a very small chance" (RFC 2782), and priority stands above
// all.
func TestWeights(t *testing.T) {
	source := rand.New(rand.NewPCG(1, 2))
	r, _ := resolver(t, locate.Config{Rand: source.IntN})
	records := []locate.Server{
		locate.NewServer(20, 100, 1, "backup"), locate.NewServer(10, 60, 1, "sixty"), locate.NewServer(10, 0, 1, "none"),
		locate.NewServer(10, 30, 1, "thirty"), locate.NewServer(10, 10, 1, "ten"),
	}
	const rounds = 20000
	first := map[string]int{}
	for range rounds {
		ordered := r.Order(records)
		if len(ordered) != len(records) || ordered[len(ordered)-1].Target() != "backup" {
			t.Fatalf("order %v", ordered)
		}
		first[ordered[0].Target()]++
	}
	for target, share := range map[string]float64{"sixty": .6, "thirty": .3, "ten": .1, "none": .01} {
		if got := float64(first[target]) / rounds; math.Abs(got-share) > .015 {
			t.Errorf("%s is first in %.3f of all cases, want %.2f", target, got, share)
		}
	}
}

// TestOrderIsTheModel compares with RFC 2782 done slowly: draw lots, as many as the weight, within each priority.
func TestOrderIsTheModel(t *testing.T) {
	for seed := range uint64(300) {
		source := rand.New(rand.NewPCG(seed, 0))
		records := make([]locate.Server, source.IntN(6))
		for i := range records {
			records[i] = locate.NewServer(source.IntN(3), source.IntN(4), i, string(rune('a'+i)))
		}
		r, _ := resolver(t, locate.Config{Rand: source.IntN})
		ordered := r.Order(records)
		seen := map[string]bool{}
		for i, s := range ordered {
			seen[s.Target()] = true
			if i > 0 && s.Priority() < ordered[i-1].Priority() {
				t.Fatalf("%v: priority %d after %d", records, s.Priority(), ordered[i-1].Priority())
			}
		}
		if len(seen) != len(records) || len(ordered) != len(records) {
			t.Fatalf("%v became %v", records, ordered)
		}
	}
}
