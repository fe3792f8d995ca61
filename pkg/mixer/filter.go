package mixer

import (
	"slices"

	"github.com/seed-f3cefc8c/focus/pkg/pcm"
)

// Filter says whom a member hears: everybody but those with these IDs or, with Only, nobody but those. What is played to the room
// (Mixer.Play) is heard by all. IDs are sorted.
//
// The floor is the conference's: who is not among its loudest is heard by nobody, whatever a filter says.
type Filter struct {
	Only bool
	IDs  []string
}

// passes reports whether a member with filter f hears who has that id. A nil filter passes everybody.
func (f *Filter) passes(id string) bool {
	if f == nil {
		return true
	}
	_, named := slices.BinarySearch(f.IDs, id)
	return named == f.Only
}

// maxFiltered bounds how many members have a filter: each is on an encoder of his own while he is kept from hearing somebody.
const maxFiltered = 128

// SetFilter says whom the member hears, from the next tick on; nil is everybody. It reports false, and nothing changes, when too many
// members have filters (128). The filter must not be changed afterwards.
func (m *Member) SetFilter(f *Filter) bool {
	listed := slices.Contains(m.mixer.filtered, m)
	if f != nil && !listed {
		if len(m.mixer.filtered) >= maxFiltered {
			return false
		}
		m.mixer.filtered = append(m.mixer.filtered, m)
	}
	m.filter = f
	return true
}

// applyFilters finds out who is kept from hearing somebody in this tick, or was in the last.
func (m *Mixer) applyFilters() {
	for _, member := range m.filtered {
		member.shut = slices.ContainsFunc(m.voices, func(v *voice) bool {
			return v.member != member && (member.hears(v, member.filter) < 1 || member.hears(v, member.past) < 1)
		})
		if member.shut {
			m.bridge(member)
		}
	}
}

// hears is the volume of a voice for the member, with a filter.
func (m *Member) hears(v *voice, f *Filter) float32 {
	if v.room || f.passes(v.id) {
		return 1
	}
	return 0
}

// shutOut takes out of sum what the member does not hear; a new filter fades in over the frame. It returns how many voices are gone
// altogether.
func (m *Member) shutOut(sum []int32, lane int) (gone int) {
	for _, v := range m.mixer.voices {
		if v.member == m {
			continue
		}
		from, to := m.hears(v, m.past), m.hears(v, m.filter)
		switch {
		case from == 1 && to == 1:
		case from == 0 && to == 0:
			pcm.Subtract(sum, sum, v.lanes[lane].pcm)
			gone++
		default:
			fade(sum, v.lanes[lane].pcm, from-1, to-1)
		}
	}
	return gone
}

// fade adds frame to sum, at a volume that goes from one to the other.
func fade(sum []int32, frame []int16, from, to float32) {
	step := (to - from) / float32(max(1, len(frame)))
	for i, x := range frame {
		from += step
		sum[i] += int32(float32(x) * from)
	}
}

// settleFilters: who has no filter any more is done with them.
func (m *Mixer) settleFilters() {
	for i := len(m.filtered) - 1; i >= 0; i-- {
		member := m.filtered[i]
		member.past = member.filter
		if member.filter == nil {
			member.shut = false
			m.filtered = slices.Delete(m.filtered, i, i+1)
		}
	}
}

// dropFilter forgets a member who goes.
func (m *Mixer) dropFilter(member *Member) {
	if i := slices.Index(m.filtered, member); i >= 0 {
		m.filtered = slices.Delete(m.filtered, i, i+1)
	}
}
