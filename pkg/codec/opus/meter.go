package opus

import "github.com/seed-f3cefc8c/focus/pkg/codec"

// The meter reads the head of each frame. With a SILK layer, that is of all
// speech, an encoder's own voice activity flags come first, in the clear, and the
// gains of the subframes a few range coded symbols later. What a gain scales is
// the excitation; how much louder the filters make it depends on the signal, so
// the level is good to some 6 dB, enough to tell who speaks up.
//
// A CELT-only frame (music, mixes, encoders told that latency matters) has no voice flag, but the energies of its bands come first, in steps
// of 6 dB relative to the frame before: celtlevel.go.
type meter struct {
	packet packet
	celt   celtEnergy
	before mode // of the last packet
}

// Level never allocates and costs about as much as a few divisions per frame.
func (m *meter) Level(payload []byte) (int, codec.Voice) {
	if len(payload) <= 2 && len(payload) > 0 {
		// RFC 6716 section 2.1.9: in DTX "only one frame is encoded every
		// 400 milliseconds"; what comes in between has no content.
		return codec.Silence, codec.VoiceNo
	}
	if m.packet.parse(payload) != nil {
		return codec.Silence, codec.VoiceUnknown
	}
	if m.before != m.packet.toc.mode() {
		m.before = m.packet.toc.mode()
		m.celt.reset() // as the decoder does
	}
	level, voice := codec.Silence, codec.VoiceNo
	for _, frame := range m.packet.frames[:m.packet.count] {
		l, v := m.frameLevel(m.packet.toc, frame)
		level, voice = max(level, l), loudest(voice, v)
	}
	return level, voice
}

// loudest: one frame with voice makes a packet with voice.
func loudest(a, b codec.Voice) codec.Voice {
	if a == codec.VoiceYes || b == codec.VoiceYes {
		return codec.VoiceYes
	}
	return min(a, b)
}

func (m *meter) frameLevel(t toc, frame []byte) (int, codec.Voice) {
	if len(frame) <= 1 {
		return codec.Silence, codec.VoiceNo
	}
	if t.mode() == celt {
		return m.celt.level(t, frame), codec.VoiceUnknown
	}
	voice := codec.VoiceNo
	if active, _ := t.silkFlags(frame); active {
		voice = codec.VoiceYes
	}
	return silkLevel(t, frame), voice
}
