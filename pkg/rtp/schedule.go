package rtp

import (
	"math/rand/v2"
	"time"
)

// reportInterval is RFC 3550 §6.2: "The RECOMMENDED value for a fixed minimum interval is 5 seconds." With two members, 5 % of any audio
// bandwidth allows more reports than that, so the minimum is the interval.
const reportInterval = 5 * time.Second

// A Schedule says when the next report is due.
type Schedule struct {
	rng  *rand.Rand
	next time.Time
}

// NewSchedule begins at now. RFC 3550 §6.2: "This delay MAY be set to half the minimum interval" before the first packet.
func NewSchedule(now time.Time, rng *rand.Rand) Schedule {
	s := Schedule{rng: rng}
	s.next = now.Add(s.randomised(reportInterval / 2))
	return s
}

// Due tells whether a report is to be sent now, and if so plans the next one.
func (s *Schedule) Due(now time.Time) bool {
	if now.Before(s.next) {
		return false
	}
	s.next = now.Add(s.randomised(reportInterval))
	return true
}

// randomised obeys RFC 3550 §6.2: "The interval between RTCP packets is varied randomly over the range [0.5,1.5] times the calculated interval".
func (s *Schedule) randomised(d time.Duration) time.Duration {
	return d/2 + time.Duration(s.rng.Int64N(int64(d)))
}
