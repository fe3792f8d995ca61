package cluster

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
)

func TestGuesserIsSlowedDown(t *testing.T) {
	l := NewLimiter()
	mallory, home := netip.MustParseAddr("203.0.113.66"), netip.MustParseAddr("198.51.100.7")
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	wantWait := func(what string, got, want time.Duration) {
		t.Helper()
		if got != want {
			t.Errorf("%s: wait %s, want %s", what, got, want)
		}
	}

	t.Log("# mallory guesses alice's password ten times")
	for range failureBurst {
		wantWait("mallory", l.Allow(now, mallory, "alice"), 0)
		l.Failed(now, mallory, "alice")
	}
	t.Log("# then each further guess costs twice as long")
	for _, block := range []time.Duration{1, 2, 4, 8} {
		wantWait("before", l.Allow(now, mallory, "carol"), 0)
		l.Failed(now, mallory, "alice")
		wantWait("mallory at carol's", l.Allow(now, mallory, "carol"), block*time.Second)
		wantWait("mallory, mapped", l.Allow(now, netip.MustParseAddr("::ffff:203.0.113.66"), ""), block*time.Second)
		now = now.Add(block * time.Second)
	}
	wantWait("bob, elsewhere", l.Allow(now, home, "bob"), 0)

	t.Log("# a stranger cannot keep alice out for more than 30 s")
	for range 100 {
		l.Failed(now, mallory, "Alice")
	}
	wantWait("alice at home", l.Allow(now, home, "alice"), userBlock)
	wantWait("mallory", l.Allow(now, mallory, ""), addressBlock)

	t.Log("# alice logs in at last: her failures are forgotten, mallory's are not")
	now = now.Add(userBlock)
	l.Succeeded(now, mallory, "alice")
	wantWait("alice at home", l.Allow(now, home, "alice"), 0)
	wantWait("mallory", l.Allow(now, mallory, "alice"), addressBlock-userBlock)

	t.Log("# after a quiet while mallory starts anew")
	now = now.Add(addressBlock)
	l.Failed(now, mallory, "")
	wantWait("mallory", l.Allow(now, mallory, ""), 0)
}

func TestLimiterTakesA64ForOneCustomer(t *testing.T) {
	l := NewLimiter()
	now := time.Now()
	for i := range 2 * failureBurst {
		l.Failed(now, netip.MustParseAddr(fmt.Sprintf("2001:db8:0:1::%x", i+1)), "")
	}
	if l.Allow(now, netip.MustParseAddr("2001:db8:0:1:ffff::1"), "") == 0 {
		t.Error("another address of the same /64 may go on")
	}
	if l.Allow(now, netip.MustParseAddr("2001:db8:0:2::1"), "") != 0 {
		t.Error("the next /64 is blocked")
	}
	if l.Allow(now, netip.Addr{}, "") != 0 {
		t.Error("nobody is blocked")
	}
}

func TestLimiterIsBounded(t *testing.T) {
	l := NewLimiter()
	now := time.Now()
	mallory := netip.MustParseAddr("203.0.113.66")
	for range 2 * failureBurst {
		l.Failed(now, mallory, "")
	}
	for i := range 2 * limiterShards * maxLimiterKeys {
		l.Failed(now, netip.Addr{}, fmt.Sprint("user", i))
	}
	keys := 0
	for i := range l.shards {
		keys += len(l.shards[i].keys)
	}
	if keys > limiterShards*maxLimiterKeys {
		t.Errorf("%d keys, want at most %d", keys, limiterShards*maxLimiterKeys)
	}
	if l.Allow(now, mallory, "") == 0 {
		t.Error("a flood of others made mallory forgotten")
	}
}
