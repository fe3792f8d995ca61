package media

import (
	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/pcm"
)

const (
	// certainly is how many steps in a row a codec must say "voice" to be believed against the level.
	certainly = 2
	// doubtfully is added to that after it was wrong.
	doubtfully = 8
)

// ear decides whether a stream speaks, in two stages. While nobody hears it, the meter's guess is all there is: it opens early. Once it
// is heard, what was decoded decides, and teaches the first stage when that was wrong. So a meter may be a few dB off, and SILK may say
// "voice" in plain noise and "noise" in music and held tones: it costs a look, and not the tone.
type ear struct {
	gate, truth *pcm.Detector
	certain     int
}

func newEar() ear { return ear{gate: pcm.NewGate(), truth: pcm.NewDetector()} }

// listen takes what the meter says of this step and, when the last one was heard, how loud it was.
func (e *ear) listen(metered int, voice codec.Voice, heard bool, decoded int) pcm.Level {
	open := e.open(metered, voice)
	if !heard {
		return pcm.Level{DBov: metered, Voice: open}
	}
	speaks := e.truth.Voice(decoded)
	if !speaks && open {
		e.gate.Reject(metered)
		e.certain = -doubtfully
	}
	return pcm.Level{DBov: decoded, Voice: speaks}
}

func (e *ear) open(metered int, voice codec.Voice) bool {
	if voice == codec.VoiceNo {
		e.certain = min(e.certain, 0)
		return e.gate.Noise(metered)
	}
	open := e.gate.Voice(metered)
	if voice == codec.VoiceYes {
		e.certain++
	}
	return open || e.certain >= certainly
}
