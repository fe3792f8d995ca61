package rtp

import (
	"math"
	"math/rand/v2"
	"testing"
)

// markov is RFC 3611 A.2 as it stands there, save that nothing is counted before the first loss and that the end of the stream ends a burst.
func markov(lost []bool) (c11, c13, c14, c22, c23, c33 float64) {
	pkt, run := 0.0, 0.0
	end := func() {
		switch {
		case run == 1:
			c14++
		case run > 1:
			c13++
		}
	}
	for _, gone := range lost {
		switch {
		case !gone:
			pkt++
			continue
		case pkt >= DefaultGmin || run == 0:
			end()
			run, c11 = 1, c11+pkt
		case pkt == 0:
			run, c33 = run+1, c33+1
		default:
			run, c23, c22 = run+1, c23+1, c22+pkt-1
		}
		pkt = 0
	}
	end()
	return c11 + pkt, c13, c14, c22, c23, c33
}

func TestBurstsAreThoseOfTheMarkovChain(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 611))
	for range 500 {
		var b Bursts
		lost := make([]bool, rng.IntN(400)+1)
		enter, leave := rng.Float64()*0.1, 0.05+rng.Float64()
		bad := false
		for i := range lost {
			bad = bad && rng.Float64() > leave || !bad && rng.Float64() < enter
			if lost[i] = bad; !bad {
				b.Received(1)
			} else if rng.IntN(3) == 0 {
				b.Discarded()
			} else {
				b.Lost(1)
			}
		}
		c11, c13, c14, c22, c23, c33 := markov(lost)
		got := b.Stats()
		p32, p23 := ratio(c23, c13+c23+c33), 1-ratio(c22, c22+c23)
		if c13 > 0 && c23 > 0 && math.Abs(got.BurstDensity-p23/(p23+p32)) > 1e-9 {
			t.Fatalf("burst density %v, want %v", got.BurstDensity, p23/(p23+p32))
		}
		if math.Abs(got.GapDensity-ratio(c14, c11+c14)) > 1e-9 || float64(got.Bursts) != c13 || got.Expected != uint64(len(lost)) {
			t.Fatalf("%+v, want gap density %v and %v bursts", got, ratio(c14, c11+c14), c13)
		}
		if length := ratio(c13+2*c23+c33+c22, c13); math.Abs(got.BurstLength-length) > 1e-9 {
			t.Fatalf("bursts of %v packets, want %v", got.BurstLength, length)
		}
	}
}

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

func TestBurstsOfAStory(t *testing.T) {
	var b Bursts
	t.Log("# 100 packets come, one is lost, 50 come, then 5 are lost, 3 come, 5 are lost of which one comes late, 100 come")
	b.Received(100)
	b.Lost(1)
	b.Received(50)
	b.Lost(5)
	b.Received(3)
	b.Lost(5)
	b.CameLate()
	b.Received(100)
	s := b.Stats()
	want := BurstStats{
		Expected: 264, Lost: 10, Discarded: 1, LossRate: 10. / 264, DiscardRate: 1. / 264, BurstDensity: 10. / 13, GapDensity: 1. / 251,
		BurstLength: 13, GapLength: 251. / 2, Bursts: 1, Ratio: 11. / 3 * (1 - 11./264),
	}
	if s != want {
		t.Errorf("%+v\nwant %+v", s, want)
	}
	t.Log("# asking changes nothing")
	if again := b.Stats(); again != want {
		t.Errorf("%+v", again)
	}
}

func TestBurstRatioOfChanceIsOne(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 107))
	var b Bursts
	for range 200_000 {
		if rng.Float64() < 0.05 {
			b.Lost(1)
		} else {
			b.Received(1)
		}
	}
	if s := b.Stats(); math.Abs(s.Ratio-1) > 0.02 || math.Abs(s.LossRate-0.05) > 0.003 {
		t.Errorf("ratio %.3f, loss %.4f", s.Ratio, s.LossRate)
	}
}
