package mixer

import (
	"slices"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/pcm"
)

// Source is one voice. Each tick the mixer calls Rate and Advance once on every source, and then Frame at most once, on those only who
// can be heard.
type Source interface {
	Rate() int                       // Hz of Frame, a multiple of 50; may change between ticks
	Advance(now time.Time) pcm.Level // one 20 ms step; never decodes unless it must
	Frame(dst []int16)               // decodes this step's 20 ms into dst, which has Rate()/50 samples
}

// Sink takes encoded audio. duration is in RTP clock units of the codec. A nil payload is silence that need not be sent (DTX): only the
// timestamp advances. The payload is the sink's until it returns.
type Sink interface {
	WritePayload(payload []byte, duration uint32)
}

// FrameSink takes the full mix, nobody subtracted: 20 ms at rate each tick, zeros when nobody is heard. The frame is the sink's until it
// returns; the rate changes with the conference.
type FrameSink interface {
	WriteFrame(rate int, frame []int16)
}

const (
	minHeard        = 5
	defaultHeard    = 8
	defaultNoise    = -68 // dBov
	frameSinkRate   = 48000
	initialCapacity = 960 // samples of 20 ms at 48 kHz
)

// Config of a mixer; the zero value is good.
type Config struct {
	MaxHeard     int    // how many are heard at once: 8 when 0, at least 5
	ComfortNoise int    // dBov of the noise instead of dead air: -68 when 0; pcm.Silence (-127) is none
	Seed         uint64 // of the noise
}

// Stats are counted since New.
type Stats struct {
	Ticks        uint64
	Encodes      uint64 // packets encoded, those that only warm an encoder included
	EncodeErrors uint64 // packets that an encoder refused; nil payloads were sent
}

// Mixer mixes the audio of one conference.
type Mixer struct {
	config     Config
	members    []*Member
	frameSinks []FrameSink

	top       []*Member // floor.go: the loudest of this tick
	voices    []*voice  // voice.go: what is in the sum
	room      player    // voice.go: announcements to everybody
	roomOn    *voice    // … while it has something to say
	buses     [2]bus    // bus.go: the sum at the active rate, and at the one before
	active    int       // index into buses and all lanes
	era       int       // counts rates; a lane of another era starts anew
	lastStart uint64    // tick at which somebody began to be heard
	turning   bool      // this tick runs both rates
	retune    bool      // somebody came, left or changed rate
	taps      []*tap    // tap.go
	groups    []*group  // group.go
	owns      []*own    // own.go
	filtered  []*Member // filter.go: those who have a filter, or had one in the last tick

	idleVoices []*voice
	idleOwns   []*own
	noise      *pcm.Noise
	scratch    []byte // payloads that only warm an encoder
	silence    []int16
	stats      Stats
}

// New returns a mixer without members.
func New(config Config) *Mixer {
	if config.MaxHeard == 0 {
		config.MaxHeard = defaultHeard
	}
	if config.ComfortNoise == 0 {
		config.ComfortNoise = defaultNoise
	}
	config.MaxHeard = max(config.MaxHeard, minHeard)
	return &Mixer{config: config, noise: pcm.NewNoise(config.Seed), top: make([]*Member, 0, config.MaxHeard+1)}
}

// Tick mixes the next 20 ms and gives every sink its packets. A mixer with neither members nor frame sinks does nothing.
func (m *Mixer) Tick(now time.Time) {
	if len(m.members) == 0 && len(m.frameSinks) == 0 {
		return
	}
	m.advance(now)
	m.chooseRate()
	m.elect()
	m.collectVoices()
	m.prepareOwns()
	if m.turning {
		m.render(1 - m.active)
	}
	m.render(m.active)
	m.pack()
	m.settle()
	m.stats.Ticks++
}

// render runs one lane from the voices to the outputs.
func (m *Mixer) render(lane int) {
	b := &m.buses[lane]
	b.begin()
	for _, v := range m.voices {
		v.render(lane, b)
		b.add(v.lanes[lane].pcm)
	}
	for _, o := range m.owns {
		if o.member.private != nil {
			o.member.private.render(lane, b)
		}
	}
	for _, o := range m.owns {
		o.render(lane, b)
	}
	b.finish()
	for _, t := range m.taps {
		t.render(lane, b)
	}
}

// pack makes packets of what the lanes rendered. The shared ones come first: who gets one no more, or not yet, has an own.
func (m *Mixer) pack() {
	for _, t := range m.taps {
		t.finish(m)
	}
	for _, g := range m.groups {
		g.pack()
	}
	for _, o := range m.owns {
		o.pack(m)
	}
	b := &m.buses[m.active]
	frame := b.common
	if b.voices == 0 {
		frame = m.silence[:len(b.common)]
	}
	for _, sink := range m.frameSinks {
		sink.WriteFrame(b.rate, frame)
	}
}

// settle ends the tick: who has faded out is let go.
func (m *Mixer) settle() {
	m.turning = false
	m.releaseVoices()
	m.settleFilters()
	m.releaseOwns()
	m.releaseGroups()
}

// AddFrameSink adds a sink for the full mix, from the next tick on.
func (m *Mixer) AddFrameSink(sink FrameSink) {
	m.frameSinks = append(m.frameSinks, sink)
	m.retune = true
}

// RemoveFrameSink undoes AddFrameSink. Unknown sinks are ignored.
func (m *Mixer) RemoveFrameSink(sink FrameSink) {
	if i := slices.Index(m.frameSinks, sink); i >= 0 {
		m.frameSinks = slices.Delete(m.frameSinks, i, i+1)
		m.retune = true
	}
}

// Play queues a clip for the whole room: mono samples, not copied and never changed. It reports false when the queue is full (16 clips)
// or no resampler takes the rate (a multiple of 50, see pcm.CanResample).
func (m *Mixer) Play(rate int, clip []int16) bool { return m.room.play(rate, clip) }

// StopPlaying drops what the room has not heard yet.
func (m *Mixer) StopPlaying() { m.room.stop() }

// Rate is the rate of the conference in Hz: 8000, 16000 or 48000; 0 before the first tick.
func (m *Mixer) Rate() int { return m.buses[m.active].rate }

// Stats returns the counters.
func (m *Mixer) Stats() Stats { return m.stats }

// Len is the number of members.
func (m *Mixer) Len() int { return len(m.members) }

// Close frees the encoders of the groups. The mixer is empty afterwards and may be used again.
func (m *Mixer) Close() {
	for len(m.members) > 0 {
		m.Remove(m.members[len(m.members)-1])
	}
	m.releaseGroups()
}

// hush forgets what was being said and played: there is nobody left to hear the end of it.
func (m *Mixer) hush() {
	m.idleVoices = append(m.idleVoices, m.voices...)
	clear(m.voices)
	m.voices, m.roomOn, m.room = m.voices[:0], nil, player{}
}

// encode asks encoder for one packet; a refusal is counted and is silence.
func (m *Mixer) encode(encoder codec.Encoder, dst []byte, frame []int16) []byte {
	m.stats.Encodes++
	if encoder == nil {
		m.stats.EncodeErrors++
		return dst[:0]
	}
	payload, err := encoder.Encode(dst[:0], frame)
	if err != nil {
		m.stats.EncodeErrors++
		return dst[:0]
	}
	return payload
}
