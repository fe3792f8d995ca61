package media

import (
	"strings"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/pcm"
	"github.com/seed-f3cefc8c/focus/pkg/rtp"
)

// The way of a packet through a stream, all on the clock's goroutine:
//
//	Put      1  SSRC: ours is a loop, another one must follow up before it takes over
//	         2  payload type: telephone-event → digits, unknown → dropped, else the jitter buffer
//	Advance  3  the jitter buffer says what this step is made of (audiostream_step.go)
//	         4  the meter reads the payload; the detector says whether it is speech
//	Frame    5  only for those who can be heard: decode or conceal into the FIFO (audiostream_decode.go)
//	         6  cut 20 ms off it; bridge the seam when they do not continue what was heard before
//
// A stream that is not heard keeps its last 160 ms of payloads undecoded. When it is heard again they are decoded first, and not played, so
// that the decoder is warm and the first syllable is whole.

// AudioStreamConfig is what a stream is made of.
type AudioStreamConfig struct {
	// Formats are the payload types that were negotiated, by number. A row named "telephone-event" (RFC 4733) or "CN" (RFC 3389) is not
	// decoded but understood.
	Formats map[uint8]*codec.Codec
	// Rate is the wish for Frame's samples per second. The codec's nearest rate is taken; 0 is its best.
	Rate int
	// MaxDelay bounds the jitter buffer; 0 is rtp.DefaultMaxDelay.
	MaxDelay time.Duration
	// LocalSSRC is our own; packets that carry it are a loop or a collision (RFC 3550 §8.2).
	LocalSSRC uint32
	// Digit is told each key once, on the clock's goroutine, within Put. It must not block. It may be nil.
	Digit func(rtp.Digit)
	// NewDecoder makes or lends a decoder on the clock's goroutine, so it had better be quick; nil is the codec's own NewDecoder.
	NewDecoder func(c *codec.Codec, rate int) (codec.Decoder, error)
}

// AudioStats counts what happened to a stream.
type AudioStats struct {
	Received   uint64        // packets given to Put
	Lost       uint64        // missing when their turn came
	Late       uint64        // came after it
	Duplicate  uint64        // came again
	Concealed  time.Duration // played in the place of sound that was not there
	Recovered  time.Duration // of that, rebuilt from the packet behind (FEC)
	Merged     time.Duration // left out to shorten the delay
	Jitter     time.Duration // RFC 3550 interarrival jitter
	Delay      time.Duration // mean wait from arrival to the step
	Collisions uint64        // packets with our own SSRC
	Drops      rtp.Drops     // by reason
}

// sourceLife is how soon the second packet of a new SSRC must follow the first, and how long the old one may be silent before one will do.
const sourceLife = time.Second

// AudioStream is the receiving side of one RTP audio stream, and a mixer.Source. It belongs to the clock of its conference.
type AudioStream struct {
	config  AudioStreamConfig
	formats [128]*format // by payload type (7 bits); an array, for it is asked twice for each packet

	known     bool // an SSRC was accepted
	receiver  rtp.Receiver
	events    rtp.Events
	jitter    *rtp.JitterBuffer
	clockRate uint32
	lastHeard time.Time
	candidate *rtp.Packet // the first packet of an SSRC that may take over

	player  player
	level   pcm.Level
	stats   AudioStats
	hearing hearing
}

// NewAudioStream returns a stream that has heard nothing yet.
func NewAudioStream(config AudioStreamConfig) *AudioStream {
	if config.NewDecoder == nil {
		config.NewDecoder = func(c *codec.Codec, rate int) (codec.Decoder, error) { return c.NewDecoder(rate) }
	}
	s := &AudioStream{config: config, level: pcm.Level{DBov: pcm.Silence}}
	s.SetFormats(config.Formats)
	s.player = newPlayer(s.firstRate())
	return s
}

// SetFormats follows a new answer (RFC 3264 §8.3.2). Payload types that keep their codec keep their decoder; the others are forgotten.
func (s *AudioStream) SetFormats(formats map[uint8]*codec.Codec) {
	old := s.formats
	s.formats = [128]*format{}
	for number, row := range formats {
		n := number & 127
		if f := old[n]; f != nil && f.codec == row {
			s.formats[n], old[n] = f, nil
			continue
		}
		s.formats[n] = newFormat(row, s.config.Rate)
	}
	for _, f := range old {
		if f != nil {
			s.player.forget(f)
			f.close()
		}
	}
}

// SetLocalSSRC follows a change of our own SSRC.
func (s *AudioStream) SetLocalSSRC(ssrc uint32) { s.config.LocalSSRC = ssrc }

func (s *AudioStream) firstRate() int {
	for _, f := range s.formats {
		if f != nil && f.kind == audio {
			return f.rate
		}
	}
	return 8000
}

// Put takes a parsed packet and owns it.
func (s *AudioStream) Put(p *rtp.Packet) {
	s.stats.Received++
	if p.Header.SSRC == s.config.LocalSSRC && s.config.LocalSSRC != 0 {
		s.stats.Collisions++
		s.drop(p, rtp.DropCollision)
		return
	}
	f := s.formats[p.Header.PayloadType&127]
	if f == nil {
		s.drop(p, rtp.DropPayloadType)
		return
	}
	if !s.known || p.Header.SSRC != s.receiver.SSRC() {
		s.meet(p, f)
		return
	}
	s.dropCandidate()
	s.accept(p, f)
}

// meet decides whether a new SSRC takes over. The first packet of a stream does, and one after a second of silence; one in the middle of another
// stream only when a second one follows with nothing between them.
func (s *AudioStream) meet(p *rtp.Packet, f *format) {
	c := s.candidate
	follows := c != nil && c.Header.SSRC == p.Header.SSRC && p.Arrival.Sub(c.Arrival) < sourceLife
	if s.known && !follows && p.Arrival.Sub(s.lastHeard) < sourceLife {
		s.dropCandidate()
		s.candidate = p
		return
	}
	s.candidate = nil
	s.begin(p.Header.SSRC, f)
	if c != nil && follows {
		if cf := s.formats[c.Header.PayloadType&127]; cf != nil {
			s.accept(c, cf)
		} else {
			s.drop(c, rtp.DropPayloadType)
		}
	} else if c != nil {
		s.drop(c, rtp.DropSource)
	}
	s.accept(p, f)
}

func (s *AudioStream) begin(ssrc uint32, f *format) {
	s.receiver = rtp.NewReceiver(ssrc, f.codec.ClockRate)
	s.events = rtp.Events{}
	s.known = true
	if s.jitter != nil {
		s.jitter.Reset(s.clockRate)
	}
	s.player.joint = true
}

// accept handles a packet of the SSRC we listen to.
func (s *AudioStream) accept(p *rtp.Packet, f *format) {
	s.lastHeard = p.Arrival
	if f.kind == telephoneEvent {
		s.receiver.Receive(p)
		s.event(p)
		return
	}
	if f.codec.ClockRate != s.clockRate {
		s.setClockRate(f.codec.ClockRate)
	}
	s.receiver.Receive(p)
	p.Redundant = f.codec.Redundant != nil && f.codec.Redundant(p.Payload)
	s.jitter.Put(p, f.duration(p.Payload))
}

func (s *AudioStream) setClockRate(rate uint32) {
	if s.jitter == nil {
		s.jitter = rtp.NewJitterBuffer(rate, s.config.MaxDelay)
	} else {
		s.jitter.Reset(rate)
	}
	s.clockRate = rate
	s.receiver.SetClockRate(rate)
}

func (s *AudioStream) event(p *rtp.Packet) {
	digit, pressed, err := s.events.Receive(p)
	s.stats.Drops.Count(err)
	if pressed && s.config.Digit != nil {
		s.config.Digit(digit)
	}
	if s.jitter == nil {
		p.Release()
		return
	}
	s.jitter.Pass(p)
}

func (s *AudioStream) drop(p *rtp.Packet, why rtp.DropReason) {
	s.stats.Drops[why]++
	p.Release()
}

func (s *AudioStream) dropCandidate() {
	if s.candidate != nil {
		s.drop(s.candidate, rtp.DropSource)
		s.candidate = nil
	}
}

// Report makes the reception report block of the source we hear; false before the first packet.
func (s *AudioStream) Report(now time.Time) (rtp.ReceptionReport, bool) {
	if !s.known {
		return rtp.ReceptionReport{}, false
	}
	return s.receiver.Report(now), true
}

// SenderReport notes an SR of ssrc that arrived now.
func (s *AudioStream) SenderReport(ssrc uint32, ntp uint64, now time.Time) {
	if s.known && ssrc == s.receiver.SSRC() {
		s.receiver.SenderReport(ntp, now)
	}
}

// Stats returns the counters as they are now.
func (s *AudioStream) Stats() AudioStats {
	stats := s.stats
	stats.Concealed, stats.Recovered, stats.Merged = s.player.concealed, s.player.recovered, s.player.merged
	stats.Drops[rtp.DropPayload] += s.player.unreadable
	stats.Jitter = s.receiver.Jitter()
	if s.jitter != nil {
		stats.Lost, stats.Delay = s.jitter.Lost(), s.jitter.Delay()
		for why, n := range s.jitter.Drops() {
			stats.Drops[why] += n
		}
	}
	stats.Late, stats.Duplicate = stats.Drops[rtp.DropLate], stats.Drops[rtp.DropDuplicate]
	return stats
}

// Close releases packets and decoders. The stream is not used afterwards.
func (s *AudioStream) Close() {
	s.dropCandidate()
	s.player.close()
	if s.jitter != nil {
		s.jitter.Reset(s.clockRate)
	}
	for _, f := range s.formats {
		if f != nil {
			f.close()
		}
	}
	s.formats = [128]*format{}
}

// isNamed compares encoding names as RFC 4855 §3 does.
func isNamed(c *codec.Codec, name string) bool { return strings.EqualFold(c.Name, name) }
