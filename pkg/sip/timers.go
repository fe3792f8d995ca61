package sip

import "time"

// Timers are the base values of RFC 3261 §17.1.1.1; all others are multiples of them. Zero fields take the RFC's defaults.
type Timers struct {
	T1 time.Duration // round-trip estimate, 500 ms
	T2 time.Duration // longest interval between retransmissions of non-INVITE requests and INVITE responses, 4 s
	T4 time.Duration // longest time a message stays in the network, 5 s
}

func (t Timers) withDefaults() Timers {
	t.T1 = or(t.T1, 500*time.Millisecond)
	t.T2 = or(t.T2, 4*time.Second)
	t.T4 = or(t.T4, 5*time.Second)
	return t
}

// giveUp is 64*T1: Timers B, F, H, J, L and M, and the wait for the ACK of a 2xx.
func (t Timers) giveUp() time.Duration { return 64 * t.T1 }

// timerD is the wait for retransmitted final responses: "at least 32 seconds" (RFC 3261 §17.1.1.2).
func (t Timers) timerD() time.Duration { return max(32*time.Second, t.giveUp()) }

// slower doubles a retransmission interval up to T2.
func (t Timers) slower(interval time.Duration) time.Duration { return min(2*interval, t.T2) }

func or[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}
