package mixer

import (
	"math"
	"slices"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/pcm"
)

// MemberConfig says what a member brings along.
type MemberConfig struct {
	Source Source // nil: listens only
	Sink   Sink   // nil: talks only
	Format Format // what Sink wants; ignored without one

	// Encoder is the member's own, for Format at Format.Rate(), used while he is heard or told something in private. nil: he always
	// gets the common mix, and would hear himself. The mixer does not close it; SetFormat replaces it, Remove gives it back.
	Encoder codec.Encoder

	Muted, Deaf bool
	Gain        float64 // dB, as in SetGain

	ID     string  // whose voice it is, for the filters of others
	Filter *Filter // as in SetFilter
}

// Member is one participant's audio. Its methods are called on the goroutine that calls Tick.
type Member struct {
	mixer   *Mixer
	source  Source
	sink    Sink
	format  Format
	encoder codec.Encoder
	muted   bool
	deaf    bool
	gain    float32 // a factor

	id     string
	filter *Filter // filter.go: whom he hears
	past   *Filter // … as it was at the end of the last tick
	shut   bool    // … somebody in the sum is kept from him

	level    pcm.Level
	loudness float32 // floor.go: falls slowly
	heard    bool    // floor.go: has the floor this tick
	rate     int     // of source, last seen

	voice   *voice // while in the sum
	group   *group // nil without sink
	own     *own   // while on the own encoder
	prompts player
	private *voice // while prompts has something to say
}

// gainLimit keeps SetGain within reason, in dB both ways: a conference allows -60 to 20.
const gainLimit = 60

// Add links a member in; it is part of the next tick.
func (m *Mixer) Add(config MemberConfig) *Member {
	member := &Member{
		mixer: m, source: config.Source, sink: config.Sink, encoder: config.Encoder,
		muted: config.Muted, deaf: config.Deaf, loudness: pcm.Silence, level: pcm.Level{DBov: pcm.Silence}, id: config.ID,
	}
	if member.SetFilter(config.Filter) {
		member.past = config.Filter // he has heard nobody yet
	}
	member.SetGain(config.Gain)
	if member.source != nil {
		member.rate = member.source.Rate()
	}
	if member.sink != nil {
		member.format = config.Format.normal()
		m.groupOf(member.format, member.deaf).join(member)
	}
	m.members = append(m.members, member)
	m.retune = true
	return member
}

// Remove takes a member out at once; his source and sink are not called again. What he was saying fades out for the others. Members of
// other mixers, or removed before, are ignored.
func (m *Mixer) Remove(member *Member) {
	i := slices.Index(m.members, member)
	if i < 0 {
		return
	}
	m.members = slices.Delete(m.members, i, i+1)
	m.retune = true
	if member.voice != nil {
		member.voice.orphan()
	}
	if member.group != nil {
		member.group.leave(member)
	}
	m.dropOwn(member)
	m.dropFilter(member)
	if len(m.members) == 0 {
		m.releaseGroups()
		m.hush()
	}
}

// SetMuted takes the member out of what others hear, within 20 ms, or back in.
func (m *Member) SetMuted(muted bool) { m.muted = muted }

// Muted reports the last SetMuted.
func (m *Member) Muted() bool { return m.muted }

// SetDeaf takes all others out of what the member hears; comfort noise and private prompts remain.
func (m *Member) SetDeaf(deaf bool) {
	if m.deaf == deaf {
		return
	}
	m.deaf = deaf
	if m.group == nil {
		return
	}
	if len(m.mixer.owns) < maxBridges {
		m.mixer.bridge(m)
	}
	m.group.leave(m)
	m.mixer.groupOf(m.format, deaf).join(m)
}

// Deaf reports the last SetDeaf.
func (m *Member) Deaf() bool { return m.deaf }

// SetGain makes the member louder or softer for all others, by dB within ±60.
func (m *Member) SetGain(dB float64) {
	dB = math.Max(-gainLimit, math.Min(gainLimit, dB))
	m.gain = float32(math.Pow(10, dB/20))
}

// SetFormat changes what the sink wants, at once: the other side has a new decoder. The packet that was being filled is dropped.
func (m *Member) SetFormat(format Format, encoder codec.Encoder) {
	if m.sink == nil {
		return
	}
	m.mixer.dropOwn(m)
	m.group.leave(m)
	m.format, m.encoder = format.normal(), encoder
	m.mixer.groupOf(m.format, m.deaf).join(m)
	m.mixer.retune = true
	if m.prompts.busy() {
		m.mixer.bridge(m)
	}
}

// Play queues a clip that only this member hears, as Mixer.Play does for the room. It costs an encode of his own as long as it lasts: what
// everybody is to hear belongs into Mixer.Play.
func (m *Member) Play(rate int, clip []int16) bool {
	if m.group == nil || m.encoder == nil || !m.prompts.play(rate, clip) {
		return false
	}
	m.mixer.bridge(m)
	return true
}

// StopPlaying drops what the member has not heard yet of his clips.
func (m *Member) StopPlaying() { m.prompts.stop() }

// Playing reports whether clips are left.
func (m *Member) Playing() bool { return m.prompts.busy() }

// Speaking reports whether the member was taken for speaking in the last tick, and is not muted.
func (m *Member) Speaking() bool { return m.level.Voice && !m.muted }

// Heard reports whether the member was among those who are heard in the last tick.
func (m *Member) Heard() bool { return m.heard }

// Level is that of the last tick, before mute and gain.
func (m *Member) Level() pcm.Level { return m.level }
