package mcu

import (
	"log/slog"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/media"
	"github.com/seed-f3cefc8c/focus/pkg/quality"
	"github.com/seed-f3cefc8c/focus/pkg/rtp"
	"github.com/seed-f3cefc8c/focus/pkg/sdp"
)

// qualityEvery is how often the focus is told how well a leg is heard.
const qualityEvery = 5 * time.Second

// controlOf is what was agreed on for RTCP.
func controlOf(audio *sdp.Stream) media.Control {
	return media.Control{
		Reduced: audio.RTCPRsize, NACK: audio.Feedback.NACK, RTX: audio.RTX, TransportCC: audio.Extensions.TransportCC,
		VoIPMetrics: audio.XR.VoIPMetrics, ReceiverRTT: audio.XR.ReceiverRTT,
	}
}

// heard is the quality of both directions.
func (l *Leg) heard() (local quality.Metrics, remote *quality.Metrics) {
	sends := ""
	if l.format.Codec != nil {
		sends = l.format.Codec.Name
	}
	return l.transport.Quality(l.stream.Codec().Name, sends)
}

// reportQuality tells the focus every 5 s. A leg that has no answer yet has nothing to tell.
func (l *Leg) reportQuality(now time.Time) {
	if now.Sub(l.told) < qualityEvery || l.member == nil {
		return
	}
	l.told = now
	l.tellQuality(now, false)
}

func (l *Leg) tellQuality(now time.Time, final bool) {
	local, remote := l.heard()
	l.conference.tell(&c3p.Quality{Keys: l.keys(), Final: final, Report: quality.Report{
		Interval: !final, Start: l.began, Stop: now, LocalAddr: l.address(), RemoteAddr: l.transport.Remote(),
		Codec: l.stream.Codec(), Local: &local, Remote: remote,
	}})
}

// endQuality says what the call was like: to the focus for the record of the call, and to the log.
func (l *Leg) endQuality(now time.Time) {
	l.tellQuality(now, true)
	l.logQuality(now)
}

// logQuality writes the line that an operator looks for when a call sounded bad: what came, what of it was lost or late, what was
// dropped and why. Reasons that did not occur are left out.
func (l *Leg) logQuality(now time.Time) {
	heard, sent, transport := l.stream.Stats(), l.sender.Stats(now), l.transport.Stats()
	local, remote := l.heard()
	hears := 0.0 // the peer has not said how well it hears
	if remote != nil {
		hears = remote.MOSCQ
	}
	codec := "none"
	if l.format.Codec != nil {
		codec = l.format.Codec.Name
	}
	l.log.Info("media of a leg ended", "codec", codec, "protection", l.protection,
		"received", heard.Received, "lost", heard.Lost, "late", heard.Late, "concealed", heard.Concealed,
		"jitter", heard.Jitter.Round(time.Microsecond), "delay", heard.Delay.Round(time.Microsecond), "roundTrip", transport.RoundTrip.Round(time.Microsecond),
		"mos", local.MOSCQ, "mosOfPeer", hears, "sent", sent.Packets, "unsent", sent.Dropped, droppedOf(&heard.Drops, &transport))
}

// droppedOf groups the packets that were not used by reason.
func droppedOf(heard *rtp.Drops, t *media.TransportStats) slog.Attr {
	var reasons []any
	add := func(reason string, n uint64) {
		if n > 0 {
			reasons = append(reasons, slog.Uint64(reason, n))
		}
	}
	for why := range rtp.NumDropReasons {
		add(why.String(), heard[why]+t.Malformed[why])
	}
	add("stranger", t.Stranger)
	add("unknown", t.Unknown)
	add("too_long", t.TooLong)
	add("control", t.Control)
	add("inbox", t.Overflow)
	add("crowded", t.Crowded)
	add("before_keys", t.Early)
	add("srtp_too_short", t.Protected.TooShort)
	add("srtp_malformed", t.Protected.Malformed)
	add("srtp_no_key", t.Protected.NoKey)
	add("srtp_replayed", t.Protected.Replayed)
	add("srtp_bad_tag", t.Protected.BadTag)
	add("srtp_expired", t.Protected.Expired)
	add("srtp_sources", t.Protected.Sources)
	return slog.Group("dropped", reasons...)
}
