package media

import (
	"math"
	"net/netip"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/pcm"
	"github.com/seed-f3cefc8c/focus/pkg/quality"
	"github.com/seed-f3cefc8c/focus/pkg/rtp"
)

const (
	// dBm0 is how much more the level in dBm0 is than in dBov: the overload point of G.711 is at 3.14 dBm0 for a sine (ITU-T G.100.1).
	dBm0 = 6
	// mixing is what the mixer adds to the delay of a packet: it mixes 20 ms at once, and who is heard is encoded in packets of as much.
	mixing = 2 * frameTime
)

// hearing sums up what a stream sounded like.
type hearing struct {
	played, concealed int64 // RTP units, heard by somebody or not
	packets, units    int64 // that came in time, and how long they are
	signal, noise     mean
}

// mean is of levels in dBov.
type mean struct{ sum, count int64 }

func (m *mean) add(dBov int) { m.sum, m.count = m.sum+int64(dBov), m.count+1 }

// level is in dBm0; 0 is "not known".
func (m *mean) level() int {
	if m.count == 0 {
		return 0
	}
	return min(int(math.Round(float64(m.sum)/float64(m.count)))+dBm0, -1)
}

func (h *hearing) note(step *rtp.Step, level pcm.Level) {
	for i := range step.Segments {
		switch s := &step.Segments[i]; s.Kind {
		case rtp.Idle:
		case rtp.Lost, rtp.Hold:
			h.concealed += int64(s.Units)
			h.played += int64(s.Units)
		case rtp.Play:
			h.packets++
			h.units += int64(s.Units)
			fallthrough
		default:
			h.played += int64(s.Units)
		}
	}
	if level.DBov <= pcm.Silence {
		return
	}
	if level.Voice {
		h.signal.add(level.DBov)
	} else {
		h.noise.add(level.DBov)
	}
}

// Quality is how the stream was received so far, without the round trip and what follows from it.
func (s *AudioStream) Quality() quality.Metrics {
	stats := s.Stats()
	m := quality.Metrics{
		SSRC: s.receiver.SSRC(), Packets: stats.Received, Duplicate: stats.Duplicate, BurstRatio: 1,
		Jitter: milliseconds(stats.Jitter), MaxJitter: milliseconds(s.receiver.MaxJitter()),
		Signal: s.hearing.signal.level(), Noise: s.hearing.noise.level(),
	}
	if s.jitter == nil {
		return m
	}
	s.spread(&m)
	m.BufferNominal, m.BufferAdaptive = milliseconds(stats.Delay), true
	m.BufferMaximum, m.BufferAbsolute = milliseconds(s.jitter.MaxDelay()), milliseconds(s.jitter.MaxDelay())
	m.EndSystem = milliseconds(stats.Delay + mixing)
	m.Concealed = share(float64(s.hearing.concealed), float64(s.hearing.played))
	m.Recovered = share(float64(stats.Recovered), float64(stats.Concealed))
	return m
}

// spread tells of losses, by the jitter buffer's books: a packet that came too late is not lost, but of no more use.
func (s *AudioStream) spread(m *quality.Metrics) {
	b := s.jitter.Bursts()
	packet := 0.0 // ms
	if s.hearing.packets > 0 {
		packet = 1000 * float64(s.hearing.units) / float64(s.hearing.packets) / float64(s.clockRate)
	}
	m.Lost, m.Discarded, m.Gmin = int64(b.Lost), b.Discarded, rtp.DefaultGmin
	m.LossRate, m.DiscardRate = share(b.LossRate, 1), share(b.DiscardRate, 1)
	m.BurstDensity, m.GapDensity = share(b.BurstDensity, 1), share(b.GapDensity, 1)
	m.BurstDuration, m.GapDuration = math.Round(b.BurstLength*packet), math.Round(b.GapLength*packet)
	m.BurstRatio = quality.Round(b.Ratio, 100)
}

// share is part of whole, to four digits.
func share(part, whole float64) float64 {
	if whole == 0 {
		return 0
	}
	return quality.Round(part/whole, 10_000)
}

// milliseconds is d, to a tenth.
func milliseconds(d time.Duration) float64 {
	return quality.Round(float64(d)/float64(time.Millisecond), 10)
}

// Quality is how well the leg is heard, and, if its peer has said so, how well it hears. codec is the encoding name of each direction.
func (t *Transport) Quality(receives, sends string) (local quality.Metrics, remote *quality.Metrics) {
	local = t.config.Stream.Quality()
	local.RoundTrip = milliseconds(t.stats.RoundTrip)
	local.Estimate(receives)
	if !t.reports.remote.known {
		return local, nil
	}
	m := t.reports.remote.Metrics
	m.SSRC, m.RoundTrip = t.config.Sender.SSRC(), local.RoundTrip
	if m.R == 0 {
		m.Estimate(sends)
	}
	return local, &m
}

// voipMetrics is the block about the stream we receive (RFC 3611 §4.7); false before there is one.
func (t *Transport) voipMetrics() (rtp.VoIPMetrics, bool) {
	m, _ := t.Quality(t.config.Stream.codecName(), "")
	if m.Packets == 0 || m.Gmin == 0 {
		return rtp.VoIPMetrics{}, false
	}
	return rtp.VoIPMetrics{
		SSRC: m.SSRC, LossRate: of256(m.LossRate), DiscardRate: of256(m.DiscardRate), BurstDensity: of256(m.BurstDensity), GapDensity: of256(m.GapDensity),
		BurstDuration: in16(m.BurstDuration), GapDuration: in16(m.GapDuration), RoundTrip: in16(m.RoundTrip), EndSystem: in16(m.EndSystem),
		Signal: levelOr127(m.Signal), Noise: levelOr127(m.Noise), RERL: rtp.Unavailable, Gmin: uint8(m.Gmin),
		RFactor: uint8(math.Round(m.R)), ExternalR: rtp.Unavailable, MOSLQ: uint8(math.Round(10 * m.MOSLQ)), MOSCQ: uint8(math.Round(10 * m.MOSCQ)),
		Config: rtp.PLCStandard | rtp.BufferAdaptive, BufferNominal: in16(m.BufferNominal), BufferMaximum: in16(m.BufferMaximum), BufferAbsoluteLimit: in16(m.BufferAbsolute),
	}, true
}

func of256(share float64) uint8 { return uint8(min(share*256, 255)) }

func in16(ms float64) uint16 { return uint16(min(max(ms, 0), math.MaxUint16)) }

func levelOr127(level int) int8 {
	if level == 0 {
		return rtp.Unavailable
	}
	return int8(max(level, -127))
}

// Remote is where the peer's media comes from, or where signalling puts it; invalid when nobody knows.
func (t *Transport) Remote() netip.AddrPort { return t.media.from }

// Codec describes the format of the last packet that was to be played; it has no name before that.
func (s *AudioStream) Codec() quality.Codec {
	f := s.player.format
	if f == nil {
		return quality.Codec{}
	}
	c := quality.Codec{Name: f.codec.Name, Rate: f.codec.ClockRate, Concealment: standardConcealment}
	if f.conceal != nil {
		c.Concealment = enhancedConcealment
	}
	for number, other := range s.formats {
		if other == f {
			c.PayloadType = uint8(number)
		}
	}
	if h := &s.hearing; h.packets > 0 {
		c.FrameDuration = max(1, math.Round(1000*float64(h.units)/float64(h.packets)/float64(f.codec.ClockRate)))
		c.FramesPerPacket, c.PacketsPerSecond = 1, quality.Round(1000/c.FrameDuration, 10)
	}
	return c
}

// Values of quality.Codec.Concealment (RFC 3611 §4.7.6).
const (
	enhancedConcealment = 2
	standardConcealment = 3
)

// codecName is that of the last packet.
func (s *AudioStream) codecName() string {
	if f := s.player.format; f != nil {
		return f.codec.Name
	}
	return ""
}

// peerView is what the peer says of the stream that it receives from us.
type peerView struct {
	quality.Metrics
	ssrc  uint32 // of the peer
	known bool
	arm   arm
}

// block takes a reception report block (RFC 3550 §6.4.1). What the peer has got is what we have sent less what it misses.
func (v *peerView) block(b rtp.ReceptionReport, sender *AudioSender) {
	v.known = true
	v.arm.report(float64(b.FractionLost) / 256)
	sent, lost := int64(sender.sent.Packets), int64(rtp.CumulativeLost(b))
	v.Lost, v.Packets = lost, uint64(max(sent-max(lost, 0), 0))
	v.LossRate = min(share(float64(max(lost, 0)), float64(sent)), 1)
	v.Jitter = quality.Round(float64(b.Jitter)*1000/float64(sender.clockRate), 10)
	v.MaxJitter = max(v.MaxJitter, v.Jitter)
}

// metrics takes a VoIP metrics block (RFC 3611 §4.7), which knows more.
func (v *peerView) metrics(x *rtp.VoIPMetrics) {
	v.known = true
	m := &v.Metrics
	m.LossRate, m.DiscardRate = share(float64(x.LossRate), 256), share(float64(x.DiscardRate), 256)
	m.BurstDensity, m.GapDensity = share(float64(x.BurstDensity), 256), share(float64(x.GapDensity), 256)
	m.BurstDuration, m.GapDuration, m.Gmin = float64(x.BurstDuration), float64(x.GapDuration), int(x.Gmin)
	m.EndSystem, m.BufferAdaptive = float64(x.EndSystem), x.Config&rtp.BufferAdaptive == rtp.BufferAdaptive
	m.BufferNominal, m.BufferMaximum, m.BufferAbsolute = float64(x.BufferNominal), float64(x.BufferMaximum), float64(x.BufferAbsoluteLimit)
	m.Signal, m.Noise = levelOf(x.Signal), levelOf(x.Noise)
	m.R, m.RLQ, m.MOSLQ, m.MOSCQ = 0, 0, 0, 0
	if x.RFactor <= 100 {
		m.R = float64(x.RFactor)
	}
	if x.MOSLQ <= 50 {
		m.MOSLQ = float64(x.MOSLQ) / 10
	}
	if x.MOSCQ <= 50 {
		m.MOSCQ = float64(x.MOSCQ) / 10
	}
}

func levelOf(level int8) int {
	if level == rtp.Unavailable || level >= 0 {
		return 0
	}
	return max(int(level), -127)
}
