package mixer_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/codec/g711"
	"github.com/seed-f3cefc8c/focus/pkg/mixer"
	"github.com/seed-f3cefc8c/focus/pkg/pcm"
)

// mouth is a source that costs next to nothing, and an ear that forgets.
type mouth struct {
	rate  int
	level pcm.Level
	tone  []int16
	bytes int
}

func (m *mouth) Rate() int                             { return m.rate }
func (m *mouth) Advance(time.Time) pcm.Level           { return m.level }
func (m *mouth) Frame(dst []int16)                     { copy(dst, m.tone) }
func (m *mouth) WritePayload(payload []byte, _ uint32) { m.bytes += len(payload) }

// crowd fills a mixer with members of whom some talk.
func crowd(tb testing.TB, row *codec.Codec, members, talking int) *mixer.Mixer {
	mix := mixer.New(mixer.Config{})
	tb.Cleanup(mix.Close)
	format := mixer.Format{Codec: row, Ptime: mixer.FrameDuration}
	tone := pcm.Tone(format.Rate(), 440, mixer.FrameDuration, -20)
	for i := range members {
		m := &mouth{rate: format.Rate(), tone: tone, level: pcm.Level{DBov: -60}}
		if i < talking {
			m.level = pcm.Level{DBov: -20, Voice: true}
		}
		encoder, err := row.NewEncoder(format.Rate(), format.Params)
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(encoder.Close)
		mix.Add(mixer.MemberConfig{Source: m, Sink: m, Format: format, Encoder: encoder})
	}
	return mix
}

func TestTickAllocatesNothing(t *testing.T) {
	for _, tt := range []struct{ members, talking int }{{0, 0}, {2, 0}, {10, 3}, {100, 12}} {
		mix, now := crowd(t, g711.PCMU, tt.members, tt.talking), time.Unix(0, 0)
		for range 10 {
			mix.Tick(now)
		}
		if got := testing.AllocsPerRun(100, func() { mix.Tick(now) }); got != 0 {
			t.Errorf("%d members, %d talking: %v allocations", tt.members, tt.talking, got)
		}
	}
}

func TestTalkersComeAndGoWithoutAllocation(t *testing.T) {
	mix, now := mixer.New(mixer.Config{}), time.Unix(0, 0)
	t.Cleanup(mix.Close)
	var mouths []*mouth
	for i := range 12 {
		rate := []int{8000, 16000}[i%2]
		m := &mouth{rate: rate, tone: pcm.Tone(rate, 440, mixer.FrameDuration, -20)}
		mouths = append(mouths, m)
		mix.Add(mixer.MemberConfig{Source: m, Sink: m, Format: mixer.Format{Codec: linears[rate], Ptime: 60 * time.Millisecond}, Encoder: &linearEncoder{}})
	}
	turn := 0
	round := func() {
		for range 12 {
			for i, m := range mouths {
				m.level = pcm.Level{DBov: -20, Voice: (i+turn)%6 == 0}
			}
			turn += 2
			mix.Tick(now)
			mix.Tick(now)
		}
	}
	for range 20 {
		round()
	}
	if got := testing.AllocsPerRun(5, round); got != 0 {
		t.Errorf("%v allocations in 24 ticks", got)
	}
}

func TestFiltersAllocateNothing(t *testing.T) {
	mix, now := mixer.New(mixer.Config{}), time.Unix(0, 0)
	t.Cleanup(mix.Close)
	var mouths []*mouth
	var members []*mixer.Member
	for i := range 12 {
		m := &mouth{rate: 8000, tone: pcm.Tone(8000, 440, mixer.FrameDuration, -20)}
		mouths = append(mouths, m)
		members = append(members, mix.Add(mixer.MemberConfig{
			Source: m, Sink: m, Format: mixer.Format{Codec: linear8}, Encoder: &linearEncoder{}, ID: string(rune('a' + i)),
		}))
	}
	filters := []*mixer.Filter{nil, {IDs: []string{"a", "c"}}, {Only: true, IDs: []string{"b"}}}
	turn := 0
	round := func() {
		for range 12 {
			for i := range mouths {
				mouths[i].level = pcm.Level{DBov: -20, Voice: (i+turn)%6 == 0}
				members[i].SetFilter(filters[(i+turn)%3])
			}
			turn++
			mix.Tick(now)
		}
	}
	for range 20 {
		round()
	}
	if got := testing.AllocsPerRun(5, round); got != 0 {
		t.Errorf("%v allocations in 12 ticks", got)
	}
}

func BenchmarkTick(b *testing.B) {
	for _, bb := range []struct{ members, talking int }{{10, 3}, {100, 3}, {1000, 3}, {1000, 100}} {
		b.Run(fmt.Sprintf("PCMU/%d_members_%d_talking", bb.members, bb.talking), func(b *testing.B) {
			mix, now := crowd(b, g711.PCMU, bb.members, bb.talking), time.Unix(0, 0)
			for b.Loop() {
				mix.Tick(now)
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N), "µs/tick")
		})
	}
}

// BenchmarkTwoMuted is one tick of 1000 conferences in which two muted members sit.
func BenchmarkTwoMuted(b *testing.B) {
	var mixers []*mixer.Mixer
	for range 1000 {
		mixers = append(mixers, crowd(b, g711.PCMU, 2, 0))
	}
	now := time.Unix(0, 0)
	for b.Loop() {
		for _, mix := range mixers {
			mix.Tick(now)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N), "µs/1000ticks")
}
