package rtp

import (
	"slices"
	"testing"
	"time"
)

// A copy is in the packet behind: where packets get lost, one more of them waits, as long as that is of use.
func TestLossMakesAReserveForCopies(t *testing.T) {
	for _, length := range []time.Duration{20 * ms, 40 * ms, 60 * ms} {
		n := newNetwork(t)
		n.redundant = true
		perSecond := int(time.Second / length)
		n.talk(0, 60*perSecond, length, func(i int) time.Duration {
			if i < 20*perSecond && i%10 == 5 {
				return -1
			}
			return 0
		})
		n.run(10 * time.Second)
		n.since()
		n.run(10 * time.Second)
		if lost := perSecond; n.copies < lost-1 || n.seen[Hold] > 0 {
			t.Errorf("%v packets: %d copies for %d losses, %v of holding", length, n.copies, lost, n.seen[Hold])
		}
		t.Logf("# %v packets: nothing is lost any more", length)
		n.since()
		n.run(10 * time.Second)
		n.since()
		n.run(10 * time.Second)
		if most := slices.Max(n.slack); most > 20*ms {
			t.Errorf("%v packets: %v of delay 10 s after the last loss", length, most)
		}
		n.wantsOrder()
	}
}

func TestNoReserveWithoutNeed(t *testing.T) {
	for _, row := range []struct {
		name      string
		redundant bool
		every     int // packet that is lost; 0 none
	}{
		{"nothing is lost", true, 0},
		{"no copies", false, 10},
		{"a loss every four seconds", true, 200},
	} {
		n := newNetwork(t)
		n.redundant = row.redundant
		n.talk(0, 1500, 20*ms, func(i int) time.Duration {
			if row.every > 0 && i%row.every == 5 {
				return -1
			}
			return 0
		})
		n.run(29 * time.Second)
		if most := slices.Max(n.slack); most > 20*ms {
			t.Errorf("%s: %v of delay", row.name, most)
		}
	}
}

// Whatever a network has done, 10 s after it has stopped doing so the delay is what it was.
func TestDelayReturnsWithinTenSeconds(t *testing.T) {
	for _, row := range []struct {
		name  string
		delay func(i int) time.Duration
	}{
		{"a spike every three seconds", func(i int) time.Duration { return max(0, time.Duration(10-i%150)*20*ms) }},
		{"a spike every five seconds", func(i int) time.Duration { return max(0, time.Duration(10-i%250)*20*ms) }},
		{"a spike every seven seconds", func(i int) time.Duration { return max(0, time.Duration(8-i%350)*20*ms) }},
		{"every other packet 100 ms late", func(i int) time.Duration { return time.Duration(i%2) * 100 * ms }},
	} {
		for _, quiet := range []bool{false, true} {
			n := newNetwork(t)
			n.quiet = quiet
			n.talk(0, 6000, 20*ms, func(i int) time.Duration {
				if i < 3000 {
					return row.delay(i)
				}
				return 0
			})
			n.run(70 * time.Second)
			n.since()
			n.run(10 * time.Second)
			if most := slices.Max(n.slack); most > 20*ms {
				t.Errorf("%s, quiet %v: %v of delay", row.name, quiet, most)
			}
		}
	}
}
