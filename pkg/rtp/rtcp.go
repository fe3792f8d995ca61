package rtp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/pion/rtcp"
)

// MaxReports is how many report blocks fit the 5-bit count of an SR or RR.
const MaxReports = 31

const (
	maxText        = 255 // an SDES item and a BYE reason count their octets in one byte
	rtcpHeader     = 4
	maxRTCPPackets = 16 // in one compound: an honest one has 2 to 5
)

// ReceptionReport is one report block of an SR or RR (RFC 3550 §6.4.1). TotalLost holds 24 signed bits; see CumulativeLost.
type ReceptionReport = rtcp.ReceptionReport

// SenderInfo is the sender's part of an SR (RFC 3550 §6.4.1).
type SenderInfo struct {
	NTP       uint64 // when the report was made
	Timestamp uint32 // the same instant in RTP units
	Packets   uint32
	Octets    uint32 // of payload
}

// A Compound is what a compound RTCP packet says about audio.
type Compound struct {
	SSRC   uint32                 // of who reports
	Sender *SenderInfo            // nil: RR
	Blocks []rtcp.ReceptionReport // at most MaxReports when built
	CNAME  string
	Bye    []uint32 // sources that leave
	Reason string   // why they leave
}

// ErrRTCP is a compound packet that breaks RFC 3550 A.2.
var ErrRTCP = errors.New("rtp: invalid RTCP")

// AppendCompound appends SR or RR, SDES with the CNAME, and BYE when c.Bye is not empty. RFC 3550 §6.1: "Each RTCP packet MUST be sent in a
// compound packet of at least two individual packets."
func AppendCompound(dst []byte, c *Compound) ([]byte, error) {
	if len(c.Blocks) > MaxReports || len(c.Bye) > MaxReports || len(c.CNAME) > maxText || len(c.Reason) > maxText || c.CNAME == "" {
		return dst, fmt.Errorf("%w: building for SSRC %#x: a list or text is out of bounds", ErrRTCP, c.SSRC)
	}
	dst = appendReport(dst, c)
	dst = appendCNAME(dst, c.SSRC, c.CNAME)
	if len(c.Bye) > 0 {
		dst = appendBye(dst, c.Bye, c.Reason)
	}
	return dst, nil
}

func appendHeader(dst []byte, count int, kind rtcp.PacketType, body int) []byte {
	return binary.BigEndian.AppendUint16(append(dst, version<<versionShift|byte(count), byte(kind)), uint16(body/4))
}

func appendReport(dst []byte, c *Compound) []byte {
	body := 4 + 24*len(c.Blocks)
	if s := c.Sender; s != nil {
		dst = appendHeader(dst, len(c.Blocks), rtcp.TypeSenderReport, body+20)
		dst = binary.BigEndian.AppendUint32(dst, c.SSRC)
		dst = binary.BigEndian.AppendUint64(dst, s.NTP)
		dst = binary.BigEndian.AppendUint32(dst, s.Timestamp)
		dst = binary.BigEndian.AppendUint32(dst, s.Packets)
		dst = binary.BigEndian.AppendUint32(dst, s.Octets)
	} else {
		dst = appendHeader(dst, len(c.Blocks), rtcp.TypeReceiverReport, body)
		dst = binary.BigEndian.AppendUint32(dst, c.SSRC)
	}
	for i := range c.Blocks {
		dst = appendBlock(dst, &c.Blocks[i])
	}
	return dst
}

func appendBlock(dst []byte, b *rtcp.ReceptionReport) []byte {
	dst = binary.BigEndian.AppendUint32(dst, b.SSRC)
	dst = binary.BigEndian.AppendUint32(dst, uint32(b.FractionLost)<<24|b.TotalLost&0xffffff)
	dst = binary.BigEndian.AppendUint32(dst, b.LastSequenceNumber)
	dst = binary.BigEndian.AppendUint32(dst, b.Jitter)
	dst = binary.BigEndian.AppendUint32(dst, b.LastSenderReport)
	return binary.BigEndian.AppendUint32(dst, b.Delay)
}

// appendCNAME obeys RFC 3550 §6.5: "The list of items in each chunk MUST be terminated by one or more null octets … to pad until the next
// 32-bit boundary."
func appendCNAME(dst []byte, ssrc uint32, cname string) []byte {
	body := (4+2+len(cname))/4*4 + 4
	end := len(dst) + rtcpHeader + body
	dst = appendHeader(dst, 1, rtcp.TypeSourceDescription, body)
	dst = binary.BigEndian.AppendUint32(dst, ssrc)
	dst = append(append(dst, byte(rtcp.SDESCNAME), byte(len(cname))), cname...)
	return pad(dst, end)
}

func appendBye(dst []byte, sources []uint32, reason string) []byte {
	body := 4 * len(sources)
	if reason != "" {
		body += (1 + len(reason) + 3) / 4 * 4
	}
	end := len(dst) + rtcpHeader + body
	dst = appendHeader(dst, len(sources), rtcp.TypeGoodbye, body)
	for _, ssrc := range sources {
		dst = binary.BigEndian.AppendUint32(dst, ssrc)
	}
	if reason != "" {
		dst = append(append(dst, byte(len(reason))), reason...)
	}
	return pad(dst, end)
}

func pad(dst []byte, end int) []byte {
	for len(dst) < end {
		dst = append(dst, 0)
	}
	return dst
}

// ParseCompound reads a compound packet, reduced-size ones (RFC 5506) too, and skips the kinds that say nothing about audio. It obeys
// RFC 3550 A.2: version 2 throughout, padding on the last packet only, "The length fields of the individual RTCP packets must add up to the
// overall length". Nothing in the result points into b.
func ParseCompound(b []byte) (*Compound, error) {
	c := &Compound{}
	for n := 0; len(b) > 0; n++ {
		packet, rest, err := nextRTCP(b)
		if err != nil || n == maxRTCPPackets {
			return nil, fmt.Errorf("reading packet %d of a compound: %w", n, ErrRTCP)
		}
		if err := c.read(packet); err != nil {
			return nil, fmt.Errorf("reading packet %d of a compound: %w: %w", n, ErrRTCP, err)
		}
		b = rest
	}
	return c, nil
}

// nextRTCP cuts one packet off b.
func nextRTCP(b []byte) (packet, rest []byte, err error) {
	if len(b) < rtcpHeader || !IsRTCP(b) {
		return nil, nil, ErrRTCP
	}
	n := rtcpHeader + 4*int(binary.BigEndian.Uint16(b[2:]))
	if n > len(b) {
		return nil, nil, ErrRTCP
	}
	packet, rest = b[:n], b[n:]
	if b[0]&paddingBit == 0 {
		return packet, rest, nil
	}
	padding := int(packet[n-1])
	if len(rest) > 0 || padding == 0 || padding%4 != 0 || padding > n-rtcpHeader {
		return nil, nil, ErrRTCP
	}
	return packet[:n-padding], rest, nil
}

// read adds one packet, whose padding is cut off, to what the compound says.
func (c *Compound) read(packet []byte) error {
	switch rtcp.PacketType(packet[1]) {
	case rtcp.TypeSenderReport:
		var p rtcp.SenderReport
		if err := p.Unmarshal(packet); err != nil {
			return err
		}
		c.SSRC, c.Blocks = p.SSRC, append(c.Blocks, p.Reports...)
		c.Sender = &SenderInfo{NTP: p.NTPTime, Timestamp: p.RTPTime, Packets: p.PacketCount, Octets: p.OctetCount}
	case rtcp.TypeReceiverReport:
		var p rtcp.ReceiverReport
		if err := p.Unmarshal(packet); err != nil {
			return err
		}
		c.SSRC, c.Blocks = p.SSRC, append(c.Blocks, p.Reports...)
	case rtcp.TypeSourceDescription:
		return c.readSDES(packet)
	case rtcp.TypeGoodbye:
		var p rtcp.Goodbye
		if err := p.Unmarshal(packet); err != nil {
			return err
		}
		c.Bye, c.Reason = append(c.Bye, p.Sources...), p.Reason
	}
	return nil
}

func (c *Compound) readSDES(packet []byte) error {
	var p rtcp.SourceDescription
	if err := p.Unmarshal(packet); err != nil {
		return err
	}
	for _, chunk := range p.Chunks {
		for _, item := range chunk.Items {
			if item.Type == rtcp.SDESCNAME && c.CNAME == "" {
				c.CNAME = item.Text
			}
		}
	}
	return nil
}

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
