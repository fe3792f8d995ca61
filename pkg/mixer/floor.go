package mixer

import (
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/pcm"
)

const (
	floorBonus = 6   // dB: who is heard gives way only to somebody that much louder
	floorDecay = 0.4 // dB a tick: loudness is a peak that falls 20 dB in a second, so that a pause between words costs nobody the floor
)

// advance moves every source on by one frame and learns its level and rate.
func (m *Mixer) advance(now time.Time) {
	for _, member := range m.members {
		if member.source == nil {
			continue
		}
		if rate := member.source.Rate(); rate != member.rate {
			member.rate, m.retune = rate, true
		}
		member.level = member.source.Advance(now)
	}
}

// elect chooses who is heard: of those who speak and are not muted, the loudest.
func (m *Mixer) elect() {
	m.top = m.top[:0]
	for _, member := range m.members {
		if !member.level.Voice || member.muted {
			member.heard, member.loudness = false, pcm.Silence
			continue
		}
		member.loudness = max(float32(member.level.DBov), member.loudness-floorDecay)
		m.rank(member)
	}
	for _, member := range m.top {
		member.heard = true
		if member.voice == nil {
			m.startVoice(member)
		}
	}
}

// rank inserts member into top, loudest first, and lets the last one go when there are too many.
func (m *Mixer) rank(member *Member) {
	at, score := len(m.top), member.score()
	for at > 0 && m.top[at-1].score() < score {
		at--
	}
	if at == m.config.MaxHeard {
		member.heard = false
		return
	}
	if len(m.top) == m.config.MaxHeard {
		last := len(m.top) - 1
		m.top[last].heard = false
		m.top = m.top[:last]
	}
	m.top = append(m.top, nil)
	copy(m.top[at+1:], m.top[at:])
	m.top[at] = member
}

func (m *Member) score() float32 {
	if m.heard {
		return m.loudness + floorBonus
	}
	return m.loudness
}
