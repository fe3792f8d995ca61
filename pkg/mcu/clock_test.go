package mcu

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/media"
)

// metronome counts what a clock does to it.
type metronome struct {
	at      []time.Duration // when each tick was due, from the start
	start   time.Time
	skipped int
	stall   time.Duration // how long the next tick takes
}

func (m *metronome) tick(now time.Time) {
	m.at = append(m.at, now.Sub(m.start))
	time.Sleep(m.stall)
	m.stall = 0
}

func (m *metronome) skip(frames int) { m.skipped += frames }

func testClock(t *testing.T) *Clock {
	ctx, cancel := context.WithCancel(t.Context())
	c := newClock(ctx, &media.Memory{}, nil, slog.New(slog.DiscardHandler))
	t.Cleanup(func() { cancel(); c.wait() })
	return c
}

func (c *Clock) run1(t *testing.T, f func()) {
	t.Helper()
	if err := c.call(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

func TestClockTicksEvery20ms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := testClock(t)
		m := &metronome{start: c.start}
		c.run1(t, func() { c.add(m, time.Now()) })
		time.Sleep(time.Minute + time.Millisecond)
		c.run1(t, func() { c.remove(m) })
		if len(m.at) != 3000 {
			t.Fatalf("%d ticks in a minute, want 3000", len(m.at))
		}
		for i, at := range m.at {
			if want := time.Duration(i+1) * 20 * time.Millisecond; at != want {
				t.Fatalf("tick %d was due at %v, want %v", i, at, want)
			}
		}
	})
}

// A late tick mixes up to three missed frames, then skips: and what comes after is on time again.
func TestClockCatchesUpThreeFramesAndSkipsTheRest(t *testing.T) {
	for _, tt := range []struct {
		stall         time.Duration
		ticks, skips  int
		late, skipped uint64
	}{
		{15 * time.Millisecond, 49, 0, 0, 0},  // within its frame
		{50 * time.Millisecond, 49, 0, 1, 0},  // two frames late
		{70 * time.Millisecond, 49, 0, 2, 0},  // three: all are mixed
		{130 * time.Millisecond, 46, 3, 5, 3}, // six: three are mixed, three skipped
		{500 * time.Millisecond, 27, 22, 24, 22},
	} {
		t.Run(tt.stall.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := testClock(t)
				m := &metronome{start: c.start, stall: tt.stall}
				c.run1(t, func() { c.add(m, time.Now()) })
				time.Sleep(time.Second - time.Millisecond)
				c.run1(t, func() { c.remove(m) })
				if len(m.at) != tt.ticks || m.skipped != tt.skips {
					t.Errorf("%d ticks and %d frames skipped, want %d and %d", len(m.at), m.skipped, tt.ticks, tt.skips)
				}
				if c.late.Load() != tt.late || c.skipped.Load() != tt.skipped {
					t.Errorf("counted %d late and %d skipped, want %d and %d", c.late.Load(), c.skipped.Load(), tt.late, tt.skipped)
				}
				if last := m.at[len(m.at)-1]; last != 980*time.Millisecond {
					t.Errorf("the last tick was due at %v: the clock drifted", last)
				}
			})
		})
	}
}

func TestConferencesAreStaggered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := testClock(t)
		var all [2 * phases]*metronome
		c.run1(t, func() {
			for i := range all {
				all[i] = &metronome{start: c.start}
				c.add(all[i], time.Now())
			}
		})
		time.Sleep(100 * time.Millisecond)
		moments := map[time.Duration]int{}
		c.run1(t, func() {
			for _, m := range all {
				moments[m.at[0]%(20*time.Millisecond)]++
				c.remove(m)
			}
		})
		for at, n := range moments {
			if n != 2 || len(moments) != phases {
				t.Errorf("%d conferences tick at %v in %d moments, want 2 in each of %d", n, at, len(moments), phases)
			}
		}
	})
}

// Without members there is no timer at all: synctest would otherwise see the clock wake.
func TestEmptyClockSleeps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := testClock(t)
		m := &metronome{start: c.start}
		c.run1(t, func() { c.add(m, time.Now()) })
		time.Sleep(50 * time.Millisecond)
		c.run1(t, func() { c.remove(m) })
		ticks := len(m.at)
		time.Sleep(time.Hour)
		c.run1(t, func() {
			if _, ok := c.next(); ok || len(m.at) != ticks {
				t.Errorf("the clock still ticks: %d more", len(m.at)-ticks)
			}
		})
		t.Log("# who comes back after an hour is not behind by an hour")
		c.run1(t, func() { c.add(m, time.Now()) })
		time.Sleep(time.Second)
		c.run1(t, func() { c.remove(m) })
		if m.skipped != 0 || len(m.at) != ticks+50 {
			t.Errorf("%d ticks and %d skipped, want 50 and 0", len(m.at)-ticks, m.skipped)
		}
	})
}
