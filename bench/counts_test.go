package main

import (
	"testing"
	"time"
)

func TestCountsOfAStream(t *testing.T) {
	start := time.Now()
	ms := func(n int) time.Time { return start.Add(time.Duration(n) * time.Millisecond) }
	for _, tt := range []struct {
		name             string
		packets          []packet
		expected, frames int
		reordered        int
	}{
		{"nothing", nil, 0, 0, 0},
		{"in order, over the end of both numbers", []packet{
			{65534, 1<<32 - 160, ms(0)}, {65535, 0, ms(20)}, {0, 160, ms(40)}, {1, 320, ms(60)}}, 4, 4, 0},
		{"one lost", []packet{{1, 160, ms(0)}, {3, 480, ms(40)}}, 3, 3, 0},
		{"one never sent: the server was late", []packet{{1, 160, ms(0)}, {2, 480, ms(40)}}, 2, 3, 0},
		{"two overtaken", []packet{{1, 160, ms(0)}, {3, 480, ms(40)}, {2, 320, ms(41)}, {4, 640, ms(60)}}, 4, 4, 1},
		{"one twice", []packet{{1, 160, ms(0)}, {1, 160, ms(1)}, {2, 320, ms(20)}}, 2, 2, 1},
	} {
		var c counts
		h := new(histogram)
		for _, p := range tt.packets {
			c.add(p, 160, h)
		}
		if c.received != len(tt.packets) || c.expected() != tt.expected || c.frames(160) != tt.frames || c.reordered != tt.reordered {
			t.Errorf("%s: %d received, %d expected, %d frames, %d reordered", tt.name, c.received, c.expected(), c.frames(160), c.reordered)
		}
	}
}

func TestJitterIsTheDistanceFromTheTimestamps(t *testing.T) {
	start := time.Now()
	var c counts
	h := new(histogram)
	at := start
	for n := range 101 {
		late := time.Duration(0)
		if n == 50 {
			late = 7 * time.Millisecond // and the packet after it is 7 ms too close
		}
		c.add(packet{uint16(n), uint32(160 * n), at.Add(late)}, 160, h)
		at = at.Add(frameDuration)
	}
	if q := h.quantile(0.97); q > bin {
		t.Errorf("97 of 100 are on time, but that quantile is %v", q)
	}
	if q := h.quantile(0.99); q < 7*time.Millisecond || q > 7*time.Millisecond+bin {
		t.Errorf("p99 %v, want 7 ms", q)
	}
	if h.total != 100 {
		t.Errorf("%d distances", h.total)
	}
	h.add(time.Hour) // beyond the last bin
	if q := h.quantile(1); q != time.Duration(len(h.bins))*bin {
		t.Errorf("an hour is counted as %v", q)
	}
}
