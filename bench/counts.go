package main

import "time"

// packet is an RTP packet as far as it is counted.
type packet struct {
	sequence  uint16
	timestamp uint32
	at        time.Time // when the kernel had it
}

// counts are what one caller received while it was measured.
type counts struct {
	received  int
	first     uint16
	highest   int64 // sequence numbers since the first, however often they wrapped
	origin    uint32
	newest    uint32
	last      packet
	reordered int
}

// add counts one packet. units are the RTP clock units of 20 ms.
func (c *counts) add(p packet, units uint32, jitter *histogram) {
	c.received++
	if c.received == 1 {
		c.first, c.origin, c.newest, c.last = p.sequence, p.timestamp, p.timestamp, p
		return
	}
	ahead := int64(int16(p.sequence - c.last.sequence))
	if ahead <= 0 {
		c.reordered++
		return
	}
	c.highest += ahead
	c.newest = p.timestamp
	due := time.Duration(p.timestamp-c.last.timestamp) * frameDuration / time.Duration(units)
	jitter.add((p.at.Sub(c.last.at) - due).Abs())
	c.last = p
}

// expected is how many packets the sequence numbers say there were.
func (c *counts) expected() int {
	if c.received == 0 {
		return 0
	}
	return int(c.highest) + 1
}

// frames is how many packets of 20 ms the timestamps have room for: what the sender skipped, because it was late, has no
// sequence number, and is not heard either.
func (c *counts) frames(units uint32) int {
	if c.received == 0 {
		return 0
	}
	return int((c.newest-c.origin)/units) + 1
}

// histogram counts durations in steps of a tenth of a millisecond, up to half a second.
type histogram struct {
	bins  [5000]uint32
	total int
}

const bin = 100 * time.Microsecond

func (h *histogram) add(d time.Duration) {
	h.bins[min(int(d/bin), len(h.bins)-1)]++
	h.total++
}

func (h *histogram) merge(o *histogram) {
	for i, n := range o.bins {
		h.bins[i] += n
	}
	h.total += o.total
}

// quantile is the upper edge of the bin that holds quantile q; 0 when nothing was counted.
func (h *histogram) quantile(q float64) time.Duration {
	need := q * float64(h.total)
	sum := 0.0
	for i, n := range h.bins {
		if sum += float64(n); n > 0 && sum >= need {
			return time.Duration(i+1) * bin
		}
	}
	return 0
}
