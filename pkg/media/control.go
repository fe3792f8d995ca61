package media

import (
	"math/rand/v2"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/rtp"
	"github.com/seed-f3cefc8c/focus/pkg/srtp"
)

// reporter holds what the RTCP of one transport needs.
type reporter struct {
	compound rtp.Compound
	info     rtp.SenderInfo
	schedule rtp.Schedule
	told     uint32 // packets sent when the last report went out
	buffer   [rtcpMTU + srtp.MaxOverhead]byte

	control   Control
	feedback  transportFeedback
	reference uint32 // middle 32 bits of the peer's last receiver reference time; 0: none
	refTime   time.Time
	voip      [1]rtp.VoIPMetrics
	dlrr      [1]rtp.DLRR
	remote    peerView
}

func newReporter(cname string, ssrc uint32, now time.Time) reporter {
	rng := rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	return reporter{compound: rtp.Compound{SSRC: ssrc, CNAME: cname}, schedule: rtp.NewSchedule(now, rng)}
}

// report sends an SR when something was sent since the last one, else an RR (RFC 3550 §6.4).
func (t *Transport) report(now time.Time) {
	r := &t.reports
	sent := t.config.Sender.Stats(now)
	r.compound.Sender = nil
	if sent.Packets != r.told {
		r.info = rtp.SenderInfo{NTP: rtp.NTP(now), Timestamp: sent.Timestamp, Packets: sent.Packets, Octets: sent.Octets}
		r.compound.Sender, r.told = &r.info, sent.Packets
	}
	r.compound.Blocks = r.compound.Blocks[:0]
	if block, ok := t.config.Stream.Report(now); ok {
		r.compound.Blocks = append(r.compound.Blocks, block)
	}
	t.extend(now)
	t.sendControl()
}

// Bye tells the peer that the stream ends (RFC 3550 §6.6). The transport is not used afterwards.
func (t *Transport) Bye(now time.Time, reason string) {
	r := &t.reports
	r.compound.Bye, r.compound.Reason = []uint32{r.compound.SSRC}, reason
	t.report(now)
}

func (t *Transport) sendControl() {
	if packet, err := rtp.AppendCompound(t.reports.buffer[:0], &t.reports.compound); err == nil {
		t.sendRTCP(packet)
	}
}

// sendRTCP sends what lies in the buffer of reports.
func (t *Transport) sendRTCP(packet []byte) {
	multiplexed := t.muxed || t.config.RTCP == nil
	if t.shield.up {
		var err error
		_, out := t.shield.ofControl()
		if multiplexed {
			out = &t.shield.out
		}
		if packet, err = out.SealControl(packet); err != nil {
			return
		}
	}
	if multiplexed {
		if to := t.config.Sender.to; to != nil {
			_ = t.config.RTP.Send(packet, to)
		}
		return
	}
	if t.rtcp.to != nil {
		_ = t.config.RTCP.Send(packet, t.rtcp.to)
	}
}

// receiveRTCP learns the peer's clock and the round trip. A BYE only ends the stream: the call is for SIP to end.
func (t *Transport) receiveRTCP(data []byte, at time.Time) {
	c, err := rtp.ParseCompound(data)
	if err != nil {
		t.stats.Control++
		return
	}
	if c.Sender != nil {
		t.config.Stream.SenderReport(c.SSRC, c.Sender.NTP, at)
	}
	for _, block := range c.Blocks {
		if block.SSRC != t.config.Sender.SSRC() {
			continue
		}
		if trip, ok := rtp.RoundTrip(at, block); ok {
			t.stats.RoundTrip = trip
		}
		t.reports.remote.block(block, t.config.Sender)
	}
	t.extended(c, at)
	t.resend(c.Nacks, at)
}
