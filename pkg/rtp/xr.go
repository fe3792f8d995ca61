package rtp

import (
	"encoding/binary"

	"github.com/pion/rtcp"
)

// Types of the report blocks that are read or sent here (RFC 3611 §4). Others are skipped by their length.
const (
	blockReferenceTime = 4
	blockDLRR          = 5
	blockSummary       = 6
	blockVoIPMetrics   = 7

	blockHeader     = 4
	voipLength      = 36 // whole blocks, in bytes
	referenceLength = 12
	dlrrLength      = 12 // a sub-block
	summaryLength   = 40
	maxBlocks       = 32 // of each kind that are kept from one packet
)

// Unavailable is what a level, an R factor or a MOS of VoIPMetrics has when it is not known (RFC 3611 §4.7).
const Unavailable = 127

// Bits of VoIPMetrics.Config (RFC 3611 §4.7.6): how losses are concealed, and whether the jitter buffer adapts.
const (
	PLCDisabled    = 1 << 6
	PLCEnhanced    = 2 << 6
	PLCStandard    = 3 << 6
	BufferFixed    = 2 << 4
	BufferAdaptive = 3 << 4
)

// VoIPMetrics is the block of that name (RFC 3611 §4.7). Rates and densities are fractions of 256, durations and delays milliseconds, levels
// dBm0, MOS ten times the score.
type VoIPMetrics struct {
	SSRC                                              uint32
	LossRate, DiscardRate, BurstDensity, GapDensity   uint8
	BurstDuration, GapDuration                        uint16
	RoundTrip, EndSystem                              uint16
	Signal, Noise                                     int8
	RERL, Gmin                                        uint8
	RFactor, ExternalR, MOSLQ, MOSCQ                  uint8
	Config                                            uint8
	BufferNominal, BufferMaximum, BufferAbsoluteLimit uint16
}

// DLRR is a sub-block that answers a receiver reference time (RFC 3611 §4.5): the middle 32 bits of that time, and how long ago it came, in
// units of 1/65536 s.
type DLRR struct {
	SSRC, LastRR, Delay uint32
}

// StatisticsSummary is the block of that name (RFC 3611 §4.6). Figures whose flag is not set are 0; jitter is in RTP units.
type StatisticsSummary struct {
	SSRC                                         uint32
	Begin, End                                   uint16
	Lost, Duplicate                              uint32
	MinJitter, MaxJitter, MeanJitter, DevJitter  uint32
	HasLost, HasDuplicate, HasJitter, HasTTL     bool
	MinTTLOrHL, MaxTTLOrHL, MeanTTLOrHL, DevHops uint8
}

// ExtendedReport is what an XR packet says, as far as it is understood here.
type ExtendedReport struct {
	Reference uint64 // NTP time of a receiver reference time block (RFC 3611 §4.4); 0: none
	DLRR      []DLRR
	VoIP      []VoIPMetrics
	Summaries []StatisticsSummary // read, never sent
}

func (x *ExtendedReport) empty() bool {
	return x.Reference == 0 && len(x.DLRR) == 0 && len(x.VoIP) == 0
}

func (x *ExtendedReport) fits() bool { return len(x.DLRR) <= maxBlocks && len(x.VoIP) <= maxBlocks }

// append writes an XR packet (RFC 3611 §2) of ssrc.
func (x *ExtendedReport) append(dst []byte, ssrc uint32) []byte {
	body := 4 + voipLength*len(x.VoIP)
	if x.Reference != 0 {
		body += referenceLength
	}
	if len(x.DLRR) > 0 {
		body += blockHeader + dlrrLength*len(x.DLRR)
	}
	dst = appendHeader(dst, 0, rtcp.TypeExtendedReport, body)
	dst = binary.BigEndian.AppendUint32(dst, ssrc)
	if x.Reference != 0 {
		dst = appendBlockHeader(dst, blockReferenceTime, referenceLength)
		dst = binary.BigEndian.AppendUint64(dst, x.Reference)
	}
	if len(x.DLRR) > 0 {
		dst = appendBlockHeader(dst, blockDLRR, blockHeader+dlrrLength*len(x.DLRR))
		for _, d := range x.DLRR {
			dst = binary.BigEndian.AppendUint32(dst, d.SSRC)
			dst = binary.BigEndian.AppendUint32(dst, d.LastRR)
			dst = binary.BigEndian.AppendUint32(dst, d.Delay)
		}
	}
	for i := range x.VoIP {
		dst = x.VoIP[i].append(dst)
	}
	return dst
}

func appendBlockHeader(dst []byte, kind byte, length int) []byte {
	return binary.BigEndian.AppendUint16(append(dst, kind, 0), uint16(length/4-1))
}

func (v *VoIPMetrics) append(dst []byte) []byte {
	dst = appendBlockHeader(dst, blockVoIPMetrics, voipLength)
	dst = binary.BigEndian.AppendUint32(dst, v.SSRC)
	dst = append(dst, v.LossRate, v.DiscardRate, v.BurstDensity, v.GapDensity)
	for _, ms := range [...]uint16{v.BurstDuration, v.GapDuration, v.RoundTrip, v.EndSystem} {
		dst = binary.BigEndian.AppendUint16(dst, ms)
	}
	dst = append(dst, byte(v.Signal), byte(v.Noise), v.RERL, v.Gmin)
	dst = append(dst, v.RFactor, v.ExternalR, v.MOSLQ, v.MOSCQ, v.Config, 0)
	for _, ms := range [...]uint16{v.BufferNominal, v.BufferMaximum, v.BufferAbsoluteLimit} {
		dst = binary.BigEndian.AppendUint16(dst, ms)
	}
	return dst
}

// read takes an XR packet without its padding. A block that is not known, or whose length is not its kind's, is skipped; one that is longer than
// the packet makes all of it invalid.
func (x *ExtendedReport) read(packet []byte) error {
	if len(packet) < rtcpHeader+4 {
		return ErrRTCP
	}
	for b := packet[rtcpHeader+4:]; len(b) > 0; {
		if len(b) < blockHeader {
			return ErrRTCP
		}
		n := blockHeader + 4*int(binary.BigEndian.Uint16(b[2:]))
		if n > len(b) {
			return ErrRTCP
		}
		x.block(b[0], b[1], b[blockHeader:n])
		b = b[n:]
	}
	return nil
}

func (x *ExtendedReport) block(kind, flags byte, body []byte) {
	switch {
	case kind == blockReferenceTime && len(body) == referenceLength-blockHeader:
		x.Reference = binary.BigEndian.Uint64(body)
	case kind == blockDLRR && len(body)%dlrrLength == 0:
		for ; len(body) > 0 && len(x.DLRR) < maxBlocks; body = body[dlrrLength:] {
			x.DLRR = append(x.DLRR, DLRR{word(body, 0), word(body, 1), word(body, 2)})
		}
	case kind == blockSummary && len(body) == summaryLength-blockHeader && len(x.Summaries) < maxBlocks:
		x.Summaries = append(x.Summaries, readSummary(flags, body))
	case kind == blockVoIPMetrics && len(body) == voipLength-blockHeader && len(x.VoIP) < maxBlocks:
		x.VoIP = append(x.VoIP, readVoIP(body))
	}
}

// word is the nth 32-bit word of b.
func word(b []byte, n int) uint32 { return binary.BigEndian.Uint32(b[4*n:]) }

func readVoIP(b []byte) VoIPMetrics {
	half := func(at int) uint16 { return binary.BigEndian.Uint16(b[at:]) }
	return VoIPMetrics{
		SSRC: word(b, 0), LossRate: b[4], DiscardRate: b[5], BurstDensity: b[6], GapDensity: b[7],
		BurstDuration: half(8), GapDuration: half(10), RoundTrip: half(12), EndSystem: half(14),
		Signal: int8(b[16]), Noise: int8(b[17]), RERL: b[18], Gmin: b[19],
		RFactor: b[20], ExternalR: b[21], MOSLQ: b[22], MOSCQ: b[23], Config: b[24],
		BufferNominal: half(26), BufferMaximum: half(28), BufferAbsoluteLimit: half(30),
	}
}

// readSummary obeys the flags of RFC 3611 §4.6: L, D and J say which figures are there, ToH whether those are TTL or hop limits.
func readSummary(flags byte, b []byte) StatisticsSummary {
	s := StatisticsSummary{
		SSRC: word(b, 0), Begin: binary.BigEndian.Uint16(b[4:]), End: binary.BigEndian.Uint16(b[6:]),
		HasLost: flags&0x80 != 0, HasDuplicate: flags&0x40 != 0, HasJitter: flags&0x20 != 0, HasTTL: flags&0x18 != 0,
	}
	if s.HasLost {
		s.Lost = word(b, 2)
	}
	if s.HasDuplicate {
		s.Duplicate = word(b, 3)
	}
	if s.HasJitter {
		s.MinJitter, s.MaxJitter, s.MeanJitter, s.DevJitter = word(b, 4), word(b, 5), word(b, 6), word(b, 7)
	}
	if s.HasTTL {
		s.MinTTLOrHL, s.MaxTTLOrHL, s.MeanTTLOrHL, s.DevHops = b[32], b[33], b[34], b[35]
	}
	return s
}
