package mixer

import (
	"slices"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/pcm"
)

// lane is one signal on its way from one rate to another. There are two of everything that has a lane, so that two conference rates can
// run side by side for a tick.
type lane struct {
	resampler *pcm.Resampler
	era       int
	pcm       []int16 // this tick's 20 ms at the new rate
}

// run resamples src. A lane that has not run in this era starts from past, so that it joins a running signal without a step.
func (l *lane) run(src, past []int16, from, to, era int) {
	if l.resampler == nil || l.resampler.From() != from || l.resampler.To() != to {
		l.resampler, l.era = pcm.NewResampler(from, to), 0
	}
	if l.era != era {
		l.era = era
		l.resampler.Prime(past)
	}
	l.pcm = l.resampler.Process(l.pcm[:0], src)
}

// voice is one signal in the sum: a member who is heard, or a player.
type voice struct {
	source  Source
	member  *Member // nil for a player, and for a member who was removed while he spoke
	id      string  // of the member, also of one who was removed
	room    bool    // not a member's: what is played to everybody
	rate    int
	frame   []int16 // this tick's 20 ms as they came
	last    []int16 // the 20 ms before
	gain    float32 // at the end of the last tick
	target  float32 // at the end of this one
	lanes   [2]lane
	limiter [2]pcm.Limiter // for gains above 1
	scaled  []int32
}

func (m *Mixer) newVoice(source Source, member *Member) *voice {
	v := takeIdle(&m.idleVoices)
	if v == nil {
		v = &voice{frame: make([]int16, 0, initialCapacity), last: make([]int16, 0, initialCapacity)}
	}
	v.source, v.member, v.rate = source, member, 0
	v.id, v.room = "", member == nil
	if member != nil {
		v.id = member.id
	}
	v.frame, v.last = v.frame[:0], v.last[:0]
	v.gain, v.target = 0, 0
	v.limiter = [2]pcm.Limiter{}
	v.lanes[0].era, v.lanes[1].era = 0, 0
	return v
}

// takeIdle pops from a free list; nil when it is empty.
func takeIdle[T any](list *[]*T) *T {
	n := len(*list)
	if n == 0 {
		return nil
	}
	x := (*list)[n-1]
	*list = (*list)[:n-1]
	return x
}

func (m *Mixer) startVoice(member *Member) {
	member.voice = m.newVoice(member.source, member)
	m.voices = append(m.voices, member.voice)
	m.lastStart = m.stats.Ticks
}

// collectVoices takes this tick's frame from everybody who is in the sum, and from the clips.
func (m *Mixer) collectVoices() {
	if m.roomOn == nil && m.room.busy() {
		m.roomOn = m.newVoice(&m.room, nil)
		m.roomOn.gain = 1
		m.voices = append(m.voices, m.roomOn)
	}
	for _, v := range m.voices {
		v.aim()
		v.pull()
	}
}

// aim decides how loud the voice is at the end of this tick.
func (v *voice) aim() {
	switch {
	case v.source == nil:
		v.target = 0
	case v.member == nil:
		v.target = 1
	case v.member.heard:
		v.target = v.member.gain
	default:
		v.target = 0
	}
}

// pull gets 20 ms from the source. A source that is gone is replaced by its last frame played backwards: that begins where the frame
// ended, so the fade to nothing has no step.
func (v *voice) pull() {
	v.frame, v.last = v.last, v.frame
	if v.source == nil {
		v.frame = append(v.frame[:0], v.last...)
		slices.Reverse(v.frame)
		return
	}
	if rate := v.source.Rate(); rate != v.rate {
		v.rate, v.last = rate, v.last[:0]
	}
	v.frame = slices.Grow(v.frame[:0], v.rate/framesPerSecond)[:v.rate/framesPerSecond]
	v.source.Frame(v.frame)
}

// orphan lets the voice fade out without its member.
func (v *voice) orphan() {
	v.member.voice = nil
	v.source, v.member = nil, nil
}

// render brings the frame to the rate and the volume it has in the conference.
func (v *voice) render(i int, b *bus) {
	l := &v.lanes[i]
	if len(v.frame) == 0 {
		l.pcm = l.pcm[:0]
		return
	}
	l.run(v.frame, v.last, v.rate, b.rate, b.era)
	turn := v.turn(len(l.pcm))
	if max(v.gain, v.target) <= 1 {
		pcm.Ramp(l.pcm[:turn], v.gain, v.target)
		pcm.Ramp(l.pcm[turn:], v.target, v.target)
		return
	}
	v.scaled = slices.Grow(v.scaled[:0], len(l.pcm))[:len(l.pcm)]
	pcm.Scale(v.scaled[:turn], l.pcm[:turn], v.gain, v.target)
	pcm.Scale(v.scaled[turn:], l.pcm[turn:], v.target, v.target)
	v.limiter[i].Process(l.pcm, v.scaled)
}

// turn is in how many of n samples the gain goes to its target: in all of them, but a voice begins within 10 ms, because the first sound of a
// word is short.
func (v *voice) turn(n int) int {
	if v.gain == 0 {
		return n / 2
	}
	return n
}

// releaseVoices lets go of those who have faded out.
func (m *Mixer) releaseVoices() {
	kept := m.voices[:0]
	for _, v := range m.voices {
		v.gain = v.target
		switch {
		case v == m.roomOn && !m.room.busy():
			m.roomOn = nil
		case v.target > 0:
			kept = append(kept, v)
			continue
		case v.member != nil:
			v.member.voice = nil
		}
		m.idleVoices = append(m.idleVoices, v)
	}
	clear(m.voices[len(kept):])
	m.voices = kept
}

// maxClips bounds the queue of a player; a full queue refuses.
const maxClips = 16

// player is a Source that plays clips one after the other.
type player struct {
	clips []clip
	at    int  // in clips[0]
	rate  int  // of the clip that was last
	flush bool // one frame of silence is left to play, so that the resampler gives out its tail
}

type clip struct {
	rate int
	pcm  []int16
}

func (p *player) play(rate int, samples []int16) bool {
	if len(p.clips) == maxClips || rate%framesPerSecond != 0 || !playable(rate) {
		return false
	}
	if len(samples) > 0 {
		p.clips = append(p.clips, clip{rate, samples})
		p.flush = true
	}
	return true
}

func playable(rate int) bool {
	for _, to := range ladder {
		if !pcm.CanResample(rate, to) {
			return false
		}
	}
	return true
}

// stop keeps the clip that is being played for one more frame, in which it fades out.
func (p *player) stop() {
	if len(p.clips) == 0 {
		return
	}
	current := p.clips[0]
	end := min(len(current.pcm), p.at+current.rate/framesPerSecond)
	rest := slices.Clone(current.pcm[p.at:end])
	pcm.Ramp(rest, 1, 0)
	p.clips = append(p.clips[:0], clip{current.rate, rest})
	p.at = 0
}

func (p *player) busy() bool { return len(p.clips) > 0 || p.flush }

// Rate is that of the clip that is next, or of the one whose tail is left.
func (p *player) Rate() int {
	if len(p.clips) > 0 {
		p.rate = p.clips[0].rate
	}
	return p.rate
}

// Advance does nothing: a player is always heard.
func (p *player) Advance(time.Time) pcm.Level { return pcm.Level{Voice: true} }

// Frame gives the next 20 ms; the end of a clip is filled with silence.
func (p *player) Frame(dst []int16) {
	clear(dst)
	if len(p.clips) == 0 {
		p.flush = false
		return
	}
	p.at += copy(dst, p.clips[0].pcm[p.at:])
	if p.at == len(p.clips[0].pcm) {
		p.clips = slices.Delete(p.clips, 0, 1)
		p.at = 0
	}
}
