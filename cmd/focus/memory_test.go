package main

import (
	"testing"
	"time"
)

const mb = 1 << 20

func TestMemoryIsGivenBackAfterAStorm(t *testing.T) {
	now := time.Now()
	var k tidier
	look := func(after time.Duration, held, collections uint64, want bool) {
		t.Helper()
		now = now.Add(after)
		if got := k.due(now, held*mb, collections); got != want {
			t.Fatalf("%d MB after %d collections: %v, want %v", held, collections, got, want)
		}
	}
	look(0, 60, 1, false)
	look(15*time.Second, 60, 1, false)
	t.Log("# the storm: the runtime collects by itself")
	look(15*time.Second, 160, 9, false)
	t.Log("# it is over")
	look(15*time.Second, 160, 9, true)
	k.done(now, 160*mb, 100*mb, 10)
	look(15*time.Second, 100, 10, false)
	look(30*time.Second, 100, 10, true)
	k.done(now, 100*mb, 55*mb, 11)
	look(time.Hour, 70, 11, false)
	t.Log("# a thousand calls: the memory is in use, and left alone longer and longer")
	now = now.Add(tidyEvery)
	for _, wait := range []time.Duration{90 * time.Second, 3 * time.Minute, 6 * time.Minute, longestWait, longestWait} {
		look(0, 200, 11, true)
		k.done(now, 200*mb, 199*mb, 11)
		look(wait-time.Second, 200, 11, false)
		now = now.Add(time.Second)
	}
}

func TestMemoryHeld(t *testing.T) {
	if held, _ := memoryHeld(); held < mb || held > 1<<40 {
		t.Errorf("%d octets", held)
	}
}
