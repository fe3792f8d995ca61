package media

import (
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/rtp"
)

// feedbackEvery is how often a sender that estimates bandwidth is told when its packets came. More often brings audio nothing.
const feedbackEvery = 200 * time.Millisecond

// Control is what was agreed on for RTCP, beside the reports that every peer gets. The zero value is nothing.
type Control struct {
	Reduced     bool  // feedback may be sent without SR, RR and SDES (RFC 5506)
	NACK        bool  // the peer may ask for packets again (RFC 4585 §6.2.1)
	RTX         uint8 // payload type in which it wants them (RFC 4588); 0: as they were
	TransportCC uint8 // id of the header extension with transport-wide sequence numbers; 0: none
	VoIPMetrics bool  // the peer wants VoIP metrics (RFC 3611 §4.7)
	ReceiverRTT bool  // … and answers a receiver reference time (§4.4)
}

// SetControl changes what is sent from the next report on.
func (t *Transport) SetControl(c Control) {
	t.reports.control = c
	sender := t.config.Sender
	switch {
	case !c.NACK:
		sender.history = nil
	case sender.history == nil || sender.rtx.payloadType != c.RTX:
		sender.history = new(rtp.History) // it holds packets of one kind, sealed or not
	}
	sender.rtx.set(c.RTX)
}

// extend adds the blocks of an extended report (RFC 3611) that the peer has agreed to, or has asked for by a reference time of its own.
func (t *Transport) extend(now time.Time) {
	r := &t.reports
	r.compound.XR = rtp.ExtendedReport{}
	if r.control.ReceiverRTT {
		r.compound.XR.Reference = rtp.NTP(now)
	}
	if r.reference != 0 {
		r.dlrr[0] = rtp.DLRR{SSRC: r.remote.ssrc, LastRR: r.reference, Delay: uint32(rtp.Units(now.Sub(r.refTime), 1<<16))}
		r.compound.XR.DLRR = r.dlrr[:]
	}
	if metrics, ok := t.voipMetrics(); ok && r.control.VoIPMetrics {
		r.voip[0] = metrics
		r.compound.XR.VoIP = r.voip[:]
	}
}

// extended reads the extended reports of a compound: the peer's reference time, the answer to ours, and what it says of our stream.
func (t *Transport) extended(c *rtp.Compound, at time.Time) {
	r := &t.reports
	r.remote.ssrc = c.SSRC
	if c.XR.Reference != 0 {
		r.reference, r.refTime = rtp.MiddleNTP(c.XR.Reference), at
	}
	for _, d := range c.XR.DLRR {
		if d.SSRC != t.config.Sender.SSRC() {
			continue
		}
		if trip, ok := rtp.RoundTrip(at, rtp.ReceptionReport{LastSenderReport: d.LastRR, Delay: d.Delay}); ok {
			t.stats.RoundTrip = trip
		}
	}
	for i := range c.XR.VoIP {
		if c.XR.VoIP[i].SSRC == t.config.Sender.SSRC() {
			r.remote.metrics(&c.XR.VoIP[i])
		}
	}
}

// resend answers a NACK with the packets as they were sent. What is asked for too often, or is too old, is not sent.
func (t *Transport) resend(nacks []rtp.Nack, now time.Time) {
	sender := t.config.Sender
	if sender.history == nil {
		return
	}
	for _, nack := range nacks {
		if nack.SSRC != sender.ssrc {
			continue
		}
		nack.Each(func(seq uint16) {
			if packet := sender.history.Again(seq, now); packet != nil && sender.again(packet) {
				t.stats.Resent++
			}
		})
	}
}

// transportFeedback is when packets with a transport-wide sequence number came, and when that is told.
type transportFeedback struct {
	arrivals rtp.TransportFeedback
	next     time.Time
	media    uint32
}

func (f *transportFeedback) note(p *rtp.Packet, id uint8, at time.Time) {
	if seq := p.Header.GetExtension(id); len(seq) == 2 {
		f.media = p.Header.SSRC
		f.arrivals.Receive(uint16(seq[0])<<8|uint16(seq[1]), at)
	}
}

// feedback tells the peer when its packets came. Without reduced-size RTCP that takes a whole compound (RFC 3550 §6.1).
func (t *Transport) feedback(now time.Time) {
	r := &t.reports
	if now.Before(r.feedback.next) || !r.feedback.arrivals.Waiting() {
		return
	}
	r.feedback.next = now.Add(feedbackEvery)
	packet := r.buffer[:0]
	if !r.control.Reduced {
		var err error
		if packet, err = rtp.AppendCompound(packet, &rtp.Compound{SSRC: r.compound.SSRC, CNAME: r.compound.CNAME}); err != nil {
			return
		}
	}
	if packet = r.feedback.arrivals.Append(packet, r.compound.SSRC, r.feedback.media); len(packet) > 0 {
		t.sendRTCP(packet)
	}
}
