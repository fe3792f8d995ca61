package media

import (
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/pcm"
	"github.com/seed-f3cefc8c/focus/pkg/rtp"
)

const (
	framesPerSecond = 50
	frameTime       = time.Second / framesPerSecond
)

// Rate is the sampling rate of Frame in Hz. It may change with the payload type, in Advance.
func (s *AudioStream) Rate() int { return s.player.rate }

// Advance goes one 20 ms step on and tells how loud it is. It decodes only when nothing else tells the level.
func (s *AudioStream) Advance(now time.Time) pcm.Level {
	s.player.nextStep()
	if s.jitter == nil {
		s.level = pcm.Level{DBov: pcm.Silence}
		return s.level
	}
	step := s.jitter.Next(now, !s.level.Voice)
	s.player.take(step, s)
	s.level = s.judge()
	s.hearing.note(step, s.level)
	return s.level
}

// judge updates the voice detector with the loudest that the step has to say.
func (s *AudioStream) judge() pcm.Level {
	p := &s.player
	dBov, voice := p.metered, p.voice
	if p.blind {
		p.produce()
		dBov, voice = pcm.LevelOf(p.frame), codec.VoiceUnknown
		p.metered = dBov
	}
	level := p.ear.listen(dBov, voice, p.heardBefore, p.decoded)
	if !level.Voice && level.DBov > pcm.Silence {
		p.background = level.DBov
	}
	return level
}

// Payload is the packet that this step consumed, for a recorder that stores payloads as they came: its codec and its payload, valid until the
// next Advance. It is nil when there was none, or more than one, or when something was concealed: Frame has the sound then.
func (s *AudioStream) Payload() (*codec.Codec, []byte) {
	p := &s.player
	if p.only == nil {
		return nil, nil
	}
	return p.onlyFormat.codec, p.only.Payload
}

// take queues the segments of a step, and reads the meters.
func (p *player) take(step *rtp.Step, s *AudioStream) {
	p.merge, p.ahead, p.clockRate = step.Accelerate, step.Ahead, s.clockRate
	p.joint = p.joint || step.Break
	plays, others := 0, false
	for _, segment := range step.Segments {
		if segment.Kind != rtp.Play {
			others = others || segment.Kind != rtp.Silence
			if next := segment.Next; next != nil && s.formats[next.Header.PayloadType&127] != p.format {
				segment.Next = nil // no copy for this codec
			}
			p.push(item{segment: segment, format: p.format})
			p.silent(segment.Kind)
			continue
		}
		f := s.formats[segment.Packet.Header.PayloadType&127]
		if f == nil { // negotiated away while it waited
			s.drop(segment.Packet, rtp.DropPayloadType)
			continue
		}
		if f.kind == comfortNoise {
			p.noise(segment)
			continue
		}
		plays++
		f.open(s.config.NewDecoder)
		p.use(f)
		p.push(item{segment: segment, format: f})
		p.listen(f, segment.Packet.Payload, plays == 1)
		p.only, p.onlyFormat = segment.Packet, f
	}
	if plays != 1 || others {
		p.only = nil
	}
}

// listen meters one payload; a step is as loud as the loudest of its packets.
func (p *player) listen(f *format, payload []byte, first bool) {
	if first {
		p.metered, p.voice, p.blind = pcm.Silence, codec.VoiceNo, false
	}
	p.comfort = false
	if f.meter == nil {
		p.blind = true
		return
	}
	dBov, voice := f.meter.Level(payload)
	p.metered = max(p.metered, dBov)
	if voice == codec.VoiceYes || voice == codec.VoiceUnknown && p.voice == codec.VoiceNo {
		p.voice = voice
	}
}

// silent follows the level where there is no packet: a loss keeps it for a while, a pause ends it.
func (p *player) silent(kind rtp.Kind) {
	switch kind {
	case rtp.Idle:
		p.metered, p.voice, p.blind = pcm.Silence, codec.VoiceNo, false
	case rtp.Silence:
		p.metered, p.voice, p.blind = p.background, codec.VoiceNo, false
	}
}

// noise follows RFC 3389: "the receiver … generates comfort noise" at that level until speech comes.
func (p *player) noise(segment rtp.Segment) {
	if level, ok := rtp.ComfortNoiseLevel(segment.Packet.Payload); ok {
		p.background, p.comfort = level, true
	}
	segment.Packet.Release()
	segment.Packet, segment.Kind = nil, rtp.Silence
	p.push(item{segment: segment, format: p.format})
	p.silent(rtp.Silence)
}
