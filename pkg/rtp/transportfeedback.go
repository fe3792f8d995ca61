package rtp

import (
	"encoding/binary"
	"time"

	"github.com/pion/rtcp"
)

const (
	feedbackWindow = 256 // packets that one message tells of; a power of two
	feedbackHeader = 20  // up to the chunks
	deltaTick      = 250 * time.Microsecond
	referenceShift = 8 // the reference time counts 64 ms, which are 256 ticks
	chunkSymbols   = 7 // of two bits, in a status vector chunk

	symbolMissing = 0
	symbolSmall   = 1 // the delta is one byte
	symbolLarge   = 2 // the delta is two bytes, signed
)

// TransportFeedback notes when packets with a transport-wide sequence number arrived, and tells their sender, who estimates from it what the
// network carries (draft-holmer-rmcat-transport-wide-cc-extensions-01). The zero value has heard nothing.
type TransportFeedback struct {
	epoch   time.Time // an arrival time of 0
	started bool
	base    int64 // extended number of the first packet that was not told yet
	end     int64 // behind the last one that came
	arrived [feedbackWindow]int64
	here    [feedbackWindow]bool
	count   uint8 // of messages
}

// Receive notes a packet. One that is too far off begins anew; one that was told of before as missing is not told again.
func (f *TransportFeedback) Receive(seq uint16, at time.Time) {
	if !f.started {
		f.started, f.epoch = true, at
		f.base, f.end = int64(seq), int64(seq)
	}
	n := f.end + int64(int16(seq-uint16(f.end)))
	switch {
	case n < f.base:
		return
	case n >= f.base+feedbackWindow:
		clear(f.here[:])
		f.base, f.end = n, n
	}
	slot := n & (feedbackWindow - 1)
	f.here[slot], f.arrived[slot] = true, int64(at.Sub(f.epoch)/deltaTick)
	f.end = max(f.end, n+1)
}

// Waiting tells whether there is something to tell.
func (f *TransportFeedback) Waiting() bool { return f.end > f.base }

// Append writes a message of ssrc about the packets of media, and begins a new one. It writes nothing when nothing came.
func (f *TransportFeedback) Append(dst []byte, ssrc, media uint32) []byte {
	for f.base < f.end && !f.here[f.base&(feedbackWindow-1)] {
		f.base++ // a gap at the beginning says nothing about delay, and nobody resends
	}
	if !f.Waiting() {
		return dst
	}
	reference := f.arrived[f.base&(feedbackWindow-1)] >> referenceShift
	end := f.reach(reference)
	start := len(dst)
	dst = appendHeader(dst, formatTWCC, rtcp.TypeTransportSpecificFeedback, 0)
	dst = binary.BigEndian.AppendUint32(dst, ssrc)
	dst = binary.BigEndian.AppendUint32(dst, media)
	dst = binary.BigEndian.AppendUint16(dst, uint16(f.base))
	dst = binary.BigEndian.AppendUint16(dst, uint16(end-f.base))
	dst = binary.BigEndian.AppendUint32(dst, uint32(reference)<<8|uint32(f.count))
	dst = f.chunks(dst, end, reference)
	dst = f.deltas(dst, end, reference)
	f.advance(end)
	return finishFeedback(dst, start)
}

// reach is behind the last packet whose distance to the one before fits two bytes.
func (f *TransportFeedback) reach(reference int64) int64 {
	last := reference << referenceShift
	for n := f.base; n < f.end; n++ {
		if slot := n & (feedbackWindow - 1); f.here[slot] {
			if delta := f.arrived[slot] - last; delta != int64(int16(delta)) {
				return n
			}
			last = f.arrived[slot]
		}
	}
	return f.end
}

// chunks writes status vector chunks of two-bit symbols (§3.1.4).
func (f *TransportFeedback) chunks(dst []byte, end, reference int64) []byte {
	last := reference << referenceShift
	for n := f.base; n < end; n += chunkSymbols {
		chunk := uint16(0xc000)
		for i := range int64(chunkSymbols) {
			if n+i >= end {
				break
			}
			symbol := uint16(symbolMissing)
			if slot := (n + i) & (feedbackWindow - 1); f.here[slot] {
				symbol = symbolOf(f.arrived[slot] - last)
				last = f.arrived[slot]
			}
			chunk |= symbol << (2 * (chunkSymbols - 1 - i))
		}
		dst = binary.BigEndian.AppendUint16(dst, chunk)
	}
	return dst
}

func symbolOf(delta int64) uint16 {
	if delta >= 0 && delta <= 0xff {
		return symbolSmall
	}
	return symbolLarge
}

func (f *TransportFeedback) deltas(dst []byte, end, reference int64) []byte {
	last := reference << referenceShift
	for n := f.base; n < end; n++ {
		slot := n & (feedbackWindow - 1)
		if !f.here[slot] {
			continue
		}
		delta := f.arrived[slot] - last
		last = f.arrived[slot]
		if symbolOf(delta) == symbolSmall {
			dst = append(dst, byte(delta))
		} else {
			dst = binary.BigEndian.AppendUint16(dst, uint16(delta))
		}
	}
	return dst
}

func (f *TransportFeedback) advance(end int64) {
	for n := f.base; n < end; n++ {
		f.here[n&(feedbackWindow-1)] = false
	}
	f.base = end
	f.count++
}

// finishFeedback fills up with zeros, without the padding bit: that stands for whole words (RFC 3550 §6.4.1). It writes the length of the packet
// that begins at start.
func finishFeedback(dst []byte, start int) []byte {
	dst = pad(dst, start+(len(dst)-start+3)/4*4)
	binary.BigEndian.PutUint16(dst[start+2:], uint16((len(dst)-start)/4-1))
	return dst
}
