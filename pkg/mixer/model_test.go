package mixer_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/mixer"
	"github.com/seed-f3cefc8c/focus/pkg/pcm"
	"pgregory.net/rapid"
)

// modelMember is what the slow mixer knows of somebody.
type modelMember struct {
	*person
	muted, deaf  bool
	gain         float64 // a factor
	volume, base float64 // at the end of the last tick: of his voice, and of what he hears
	wants        []float64
	filter, past *mixer.Filter // whom he hears, now and at the end of the last tick
	name         string
}

// slowTick is the mixer as one would say it: for each listener and each sample add everybody else. Volumes go to where they should be in
// a straight line over the frame, or over half of it when somebody begins.
func slowTick(members []*modelMember, rate int) {
	n := rate / 50
	for _, listener := range members {
		for i := range n {
			along, sum := float64(i+1)/float64(n), 0.0
			for _, talker := range members {
				if talker != listener {
					sum += towards(listener.hears(listener.past, talker), listener.hears(listener.filter, talker), along) * towards(talker.volume, talker.target(), talker.soon(along)) * float64(talker.sample((talker.step-1)*n+i))
				}
			}
			listener.wants = append(listener.wants, sum*towards(listener.base, listener.ear(), along))
		}
	}
	for _, m := range members {
		m.volume, m.base, m.past = m.target(), m.ear(), m.filter
	}
}

func (m *modelMember) hears(f *mixer.Filter, talker *modelMember) float64 {
	if f == nil || slices.Contains(f.IDs, talker.name) == f.Only {
		return 1
	}
	return 0
}

func (m *modelMember) soon(along float64) float64 {
	if m.volume == 0 {
		return min(1, 2*along)
	}
	return along
}

func towards(from, to, along float64) float64 { return from + (to-from)*along }

func (m *modelMember) target() float64 {
	if m.talking && !m.muted {
		return m.gain
	}
	return 0
}

func (m *modelMember) ear() float64 {
	if m.deaf {
		return 0
	}
	return 1
}

// namesOfPeople are those of the first who join, in all combinations that matter.
var namesOfPeople = [][]string{{"p0"}, {"p1"}, {"p0", "p1"}, {"p1", "p2", "p3"}, {}}

func TestMixerIsTheSlowOne(t *testing.T) {
	ptimes := []time.Duration{10, 20, 30, 40, 60}
	rapid.Check(t, func(rt *rapid.T) {
		r := &room{t: t, mix: mixer.New(mixer.Config{ComfortNoise: pcm.Silence}), now: time.Unix(0, 0)}
		defer r.mix.Close()
		var members []*modelMember
		for i := range rapid.IntRange(2, 5).Draw(rt, "members") {
			ptime := rapid.SampledFrom(ptimes).Draw(rt, "ptime") * time.Millisecond
			p := r.joinsAs(mixer.Format{Codec: linear8, Ptime: ptime}, 300+250*float64(i))
			p.peak = 1500
			members = append(members, &modelMember{person: p, gain: 1, base: 1, name: p.name})
		}
		for range rapid.IntRange(1, 60).Draw(rt, "ticks") {
			meddle(rt, members[rapid.IntRange(0, len(members)-1).Draw(rt, "who")])
			r.runs(mixer.FrameDuration)
			slowTick(members, 8000)
		}
		for i, m := range members {
			for at, got := range m.heard {
				if math.Abs(float64(got)-m.wants[at]) > 8 {
					rt.Fatalf("member %d, tick %d, sample %d: %d, want %.1f", i, at/160, at%160, got, m.wants[at])
				}
			}
		}
	})
}

func meddle(rt *rapid.T, m *modelMember) {
	switch rapid.IntRange(0, 6).Draw(rt, "what") {
	case 6:
		m.filter = nil
		if rapid.Bool().Draw(rt, "filter") {
			m.filter = &mixer.Filter{Only: rapid.Bool().Draw(rt, "only"), IDs: rapid.SampledFrom(namesOfPeople).Draw(rt, "whom")}
		}
		m.member.SetFilter(m.filter)
	case 0, 1:
		m.talking = !m.talking
	case 2:
		m.muted = !m.muted
		m.member.SetMuted(m.muted)
	case 3:
		m.deaf = !m.deaf
		m.member.SetDeaf(m.deaf)
	case 4:
		dB := rapid.SampledFrom([]float64{0, -6, 6}).Draw(rt, "gain")
		m.gain = math.Pow(10, dB/20)
		m.member.SetGain(dB)
	}
}

func TestAnythingGoesAndTheClockIsRight(t *testing.T) {
	rates, ptimes := []int{8000, 16000, 48000}, []time.Duration{10, 20, 30, 40, 60}
	rapid.Check(t, func(rt *rapid.T) {
		r := &room{t: t, mix: mixer.New(mixer.Config{}), now: time.Unix(0, 0)}
		defer r.mix.Close()
		var members []*modelMember
		joined := map[*modelMember]int{}
		for tick := range rapid.IntRange(1, 40).Draw(rt, "ticks") {
			if len(members) < 6 && rapid.Bool().Draw(rt, "join") {
				format := mixer.Format{Codec: linears[rapid.SampledFrom(rates).Draw(rt, "rate")], Ptime: rapid.SampledFrom(ptimes).Draw(rt, "ptime") * time.Millisecond}
				m := &modelMember{person: r.joinsAs(format, 440)}
				members, joined[m] = append(members, m), tick
			}
			if n := len(members); n > 0 {
				who := rapid.IntRange(0, n-1).Draw(rt, "who")
				meddle(rt, members[who])
				members[who].rate = rapid.SampledFrom(rates).Draw(rt, "new rate")
				switch rapid.IntRange(0, 9).Draw(rt, "more") {
				case 0:
					r.mix.Remove(members[who].member)
					members = append(members[:who:who], members[who+1:]...)
				case 1:
					members[who].member.Play(16000, make([]int16, rapid.IntRange(0, 3000).Draw(rt, "clip")))
				case 2:
					r.mix.Play(48000, make([]int16, rapid.IntRange(0, 3000).Draw(rt, "clip")))
				case 3:
					members[who].member.StopPlaying()
				}
			}
			r.runs(mixer.FrameDuration)
		}
		for _, m := range members {
			for _, payload := range m.payload {
				if want := int(m.format.Ptime.Milliseconds()) * m.format.Rate() / 500; len(payload) != want {
					rt.Fatalf("%v at %d: payload of %d bytes", m.format.Ptime, m.format.Rate(), len(payload))
				}
			}
		}
	})
}
