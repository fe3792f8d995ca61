package mixer

import (
	"slices"

	"github.com/seed-f3cefc8c/focus/pkg/pcm"
)

// tap is the common mix at the rate of a format, shared by all groups of that rate. A deaf tap carries comfort noise only.
type tap struct {
	rate  int
	deaf  bool
	users int // groups
	lanes [2]lane
	frame []int16 // this tick's 20 ms
}

func (m *Mixer) tapOf(rate int, deaf bool) *tap {
	i := slices.IndexFunc(m.taps, func(t *tap) bool { return t.rate == rate && t.deaf == deaf })
	if i < 0 {
		i = len(m.taps)
		m.taps = append(m.taps, &tap{rate: rate, deaf: deaf})
	}
	m.taps[i].users++
	return m.taps[i]
}

func (m *Mixer) releaseTap(t *tap) {
	if t.users--; t.users > 0 {
		return
	}
	i := slices.Index(m.taps, t)
	m.taps = slices.Delete(m.taps, i, i+1)
}

func (t *tap) render(i int, b *bus) {
	if t.deaf {
		t.lanes[i].run(b.quiet(), nil, b.rate, t.rate, b.era)
		return
	}
	t.lanes[i].run(b.common, b.before, b.rate, t.rate, b.era)
}

func (t *tap) finish(m *Mixer) { t.frame = m.blend(&t.lanes) }

// blend is what a pair of lanes gives this tick: the active one; while the rate changes the old one first, then a cross-fade over 10 ms,
// by which time the filters of the new one are filled.
func (m *Mixer) blend(lanes *[2]lane) []int16 {
	frame := lanes[m.active].pcm
	if m.turning {
		old, half := lanes[1-m.active].pcm, len(frame)/2
		copy(frame[:half], old)
		pcm.CrossFade(frame[half:], old[half:])
	}
	return frame
}
