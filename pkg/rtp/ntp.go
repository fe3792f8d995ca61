package rtp

import (
	"time"

	"github.com/pion/rtcp"
)

// ntpEpoch is 1 January 1970 in NTP seconds (RFC 868).
const ntpEpoch = 2208988800

// NTP is t as a 64-bit NTP time stamp: "the integer part … in the first 32 bits and the fractional part in the last 32 bits" (RFC 3550 §4).
func NTP(t time.Time) uint64 {
	return uint64(t.Unix()+ntpEpoch)<<32 | uint64(t.Nanosecond())<<32/uint64(time.Second)
}

// NTPTime is the inverse of NTP, within era 0 (until 2036) and within one nanosecond.
func NTPTime(ntp uint64) time.Time {
	return time.Unix(int64(ntp>>32)-ntpEpoch, int64((ntp&0xffffffff)*uint64(time.Second)>>32))
}

// MiddleNTP is "the middle 32 bits out of 64 in the NTP timestamp" (RFC 3550 §6.4.1).
func MiddleNTP(ntp uint64) uint32 { return uint32(ntp >> 16) }

// maxRoundTrip is longer than any call is bearable; a block that claims more is wrong or hostile.
const maxRoundTrip = 30 * time.Second

// RoundTrip is the time to the peer and back, from a block about us that arrived now: RFC 3550 §6.4.1, "A − LSR − DLSR". It is false when the
// peer has seen no sender report of ours, or when the figures make no sense.
func RoundTrip(now time.Time, b rtcp.ReceptionReport) (time.Duration, bool) {
	if b.LastSenderReport == 0 {
		return 0, false
	}
	delta := int32(MiddleNTP(NTP(now)) - b.LastSenderReport - b.Delay)
	rtt := time.Duration(delta) * time.Second >> 16
	if rtt < 0 && rtt > -time.Millisecond {
		return 0, true // rounding of two clocks on one link
	}
	return rtt, rtt >= 0 && rtt < maxRoundTrip
}
