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

	t.Log("# a stranger cannot keep alice out")
	for range 100 {
		l.Failed(now, mallory, "Alice")
	}
	wantWait("alice at home", l.Allow(now, home, "alice"), 0)
	wantWait("mallory", l.Allow(now, mallory, ""), addressBlock)

	t.Log("# alice logs in: what mallory has done is not forgotten, also where both are behind one address")
	l.Succeeded(now, home, "alice")
	l.Succeeded(now, mallory, "alice")
	wantWait("mallory", l.Allow(now, mallory, "alice"), addressBlock)
	now = now.Add(userBlock)

	t.Log("# after a quiet while mallory starts anew")
	now = now.Add(addressBlock)
	l.Failed(now, mallory, "")
	wantWait("mallory", l.Allow(now, mallory, ""), 0)
}

// Many addresses guess one password: each gets one try, then waits; alice, who knows it, does not.
func TestOneUserIsGuessedFromEverywhere(t *testing.T) {
	l := NewLimiter()
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	home := netip.MustParseAddr("198.51.100.7")
	bot := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{203, 0, byte(i >> 8), byte(i)}) }
	tries := 0
	for second := range 60 {
		for i := range 1000 {
			if l.Allow(now, bot(i), "alice") == 0 {
				l.Failed(now, bot(i), "alice")
				tries++
			}
			if wait := l.Allow(now, home, "alice"); wait != 0 {
				t.Fatalf("alice waits %s in second %d", wait, second)
			}
		}
		now = now.Add(time.Second)
	}
	if tries > 1000*6+2*failureBurst { // 1, 2, 4, 8, 16 and 30 s of blocks, and what the bucket forgives
		t.Errorf("%d tries of a thousand addresses in a minute", tries)
	}

	t.Log("# alice mistypes it once while that goes on, and waits a second, not more, and only for this user")
	for i := range failureBurst {
		l.Failed(now, bot(2000+i), "alice")
	}
	l.Failed(now, home, "alice")
	if wait := l.Allow(now, home, "alice"); wait != firstBlock {
		t.Errorf("alice waits %s, want %s", wait, firstBlock)
	}
	if wait := l.Allow(now, home, "bob"); wait != 0 {
		t.Errorf("bob waits %s", wait)
	}
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
