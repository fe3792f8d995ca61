package rtp

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/pion/rtcp"
)

// ParseCompound reads a compound packet and skips the kinds that say nothing about audio. It obeys RFC 3550 A.2: version 2 throughout, padding
// on the last packet only, "The length fields of the individual RTCP packets must add up to the overall length". That an SR or RR comes first
// is not asked for: reduced-size packets (RFC 5506) begin with anything, and OCS clients send SDES and BYE alone. Nothing in the result points
// into b.
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
	words := padding%4 == 0 || packet[1] == byte(rtcp.TypeTransportSpecificFeedback) // browsers pad their feedback by single bytes
	if len(rest) > 0 || padding == 0 || !words || padding > n-rtcpHeader {
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
		// Behind the blocks may come extensions of a profile (RFC 3550 §6.4.3), as OCS has them: nothing here depends on them.
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
	case rtcp.TypeTransportSpecificFeedback:
		c.reporter(packet)
		return c.readFeedback(packet)
	case rtcp.TypeExtendedReport:
		c.reporter(packet)
		return c.XR.read(packet)
	}
	return nil
}

// reporter is who sends a packet that is no SR or RR.
func (c *Compound) reporter(packet []byte) {
	if c.SSRC == 0 && len(packet) >= 8 {
		c.SSRC = word(packet, 1)
	}
}

// readSDES wants the CNAME. What other items hold is not looked at, PRIV without its prefix neither.
func (c *Compound) readSDES(packet []byte) error {
	var p rtcp.SourceDescription
	if err := p.Unmarshal(packet); err != nil {
		return err
	}
	for _, chunk := range p.Chunks {
		for _, item := range chunk.Items {
			if item.Type == rtcp.SDESCNAME && c.CNAME == "" {
				c.CNAME = strings.TrimRight(item.Text, "\x00") // OCS ends texts with one
			}
		}
	}
	return nil
}
