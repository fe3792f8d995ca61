package rtp

import (
	"encoding/binary"
	"errors"
	"fmt"

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
	XR     ExtendedReport
	Nacks  []Nack // at most MaxReports when built
}

// ErrRTCP is a compound packet that breaks RFC 3550 A.2.
var ErrRTCP = errors.New("rtp: invalid RTCP")

// AppendCompound appends SR or RR, SDES with the CNAME, and of XR, NACK and BYE what there is. RFC 3550 §6.1: "Each RTCP packet MUST be sent in
// a compound packet of at least two individual packets."
func AppendCompound(dst []byte, c *Compound) ([]byte, error) {
	if len(c.Blocks) > MaxReports || len(c.CNAME) > maxText || c.CNAME == "" || !c.fits() {
		return dst, fmt.Errorf("%w: building for SSRC %#x: a list or text is out of bounds", ErrRTCP, c.SSRC)
	}
	dst = appendReport(dst, c)
	dst = appendCNAME(dst, c.SSRC, c.CNAME)
	return c.appendRest(dst), nil
}

// AppendReduced appends XR, NACK and BYE alone, for a peer that has agreed to reduced-size RTCP (RFC 5506 §4.1).
func AppendReduced(dst []byte, c *Compound) ([]byte, error) {
	if !c.fits() {
		return dst, fmt.Errorf("%w: building for SSRC %#x: a list or text is out of bounds", ErrRTCP, c.SSRC)
	}
	return c.appendRest(dst), nil
}

func (c *Compound) fits() bool {
	return len(c.Bye) <= MaxReports && len(c.Reason) <= maxText && len(c.Nacks) <= MaxReports && c.XR.fits()
}

// appendRest ends with BYE: RFC 3550 §6.1, "BYE SHOULD be the last packet sent with a given SSRC/CSRC."
func (c *Compound) appendRest(dst []byte) []byte {
	if !c.XR.empty() {
		dst = c.XR.append(dst, c.SSRC)
	}
	dst = appendNacks(dst, c.SSRC, c.Nacks)
	if len(c.Bye) > 0 {
		dst = appendBye(dst, c.Bye, c.Reason)
	}
	return dst
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
