package mcu

import (
	"log/slog"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/media"
	"github.com/seed-f3cefc8c/focus/pkg/rtp"
)

// logQuality writes the line that an operator looks for when a call sounded bad: what came, what of it was lost or late, what was
// dropped and why. Reasons that did not occur are left out.
func (l *Leg) logQuality(now time.Time) {
	heard, sent, transport := l.stream.Stats(), l.sender.Stats(now), l.transport.Stats()
	codec := "none"
	if l.format.Codec != nil {
		codec = l.format.Codec.Name
	}
	l.log.Info("media of a leg ended", "codec", codec, "protection", l.protection,
		"received", heard.Received, "lost", heard.Lost, "late", heard.Late, "concealed", heard.Concealed,
		"jitter", heard.Jitter.Round(time.Microsecond), "delay", heard.Delay.Round(time.Microsecond), "roundTrip", transport.RoundTrip.Round(time.Microsecond),
		"sent", sent.Packets, "unsent", sent.Dropped, droppedOf(&heard.Drops, &transport))
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
