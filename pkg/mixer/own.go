package mixer

import (
	"slices"

	"github.com/seed-f3cefc8c/focus/pkg/pcm"
)

// own is the output of a member who is on his own encoder. It plays one of two things: his path (sum minus own, minus whom he is not to hear,
// plus what he is told in private) while he has a voice or a prompt or such a one speaks; else what his group plays, until the hangover is over and he goes back to the shared
// encoder.
type own struct {
	member   *Member
	heard    *tap // what it played in the last tick; nil: the path
	path     bool // what it plays now
	lanes    [2]lane
	mixes    [2][]int16
	limiters [2]pcm.Limiter
	base     float32 // volume of the room in the path: 0 for the deaf
	frame    []int16
	packer   packer
	hangover int // packets to go on the own encoder
	payload  []byte
	deliver  func([]int16)
	mixer    *Mixer
}

// maxBridges bounds how many may be on their own encoder only to be spared a click: when a presenter deafens a thousand, the rest of them
// get the other stream as it is.
const maxBridges = 32

// prepareOwns decides for this tick who needs a path of his own, and takes the frames of private clips. It runs before the sum, so that a
// new path inherits the limiter and the past of the common mix it comes from.
func (m *Mixer) prepareOwns() {
	for _, v := range m.voices {
		if v.member != nil {
			m.bridge(v.member)
		}
	}
	m.applyFilters()
	for _, o := range m.owns {
		o.prepare()
	}
}

// bridge puts a member on his own encoder, where he was on the shared one, at the same place in the same packet.
func (m *Mixer) bridge(member *Member) {
	if member.own != nil || member.group == nil || member.encoder == nil {
		return
	}
	o := takeIdle(&m.idleOwns)
	if o == nil {
		o = &own{mixer: m}
		o.deliver = o.send
	}
	g := member.group
	o.member, o.heard, o.path = member, g.tap, false
	o.packer.size = g.packer.size
	o.packer.pending = append(o.packer.pending[:0], g.packer.pending...)
	o.hangover = g.format.hangover()
	member.own = o
	m.owns = append(m.owns, o)
	g.warm(m, member.encoder)
}

func (o *own) prepare() {
	member := o.member
	if member.private == nil && member.prompts.busy() {
		member.private = o.mixer.newVoice(&member.prompts, nil)
		member.private.gain = 1
	}
	if member.private != nil {
		member.private.target = 1
		member.private.pull()
	}
	o.path = member.voice != nil || member.private != nil || member.shut
	if o.path && o.heard != nil {
		o.enterPath()
	}
}

// enterPath makes the path go on where the common mix was: same limiter, same past.
func (o *own) enterPath() {
	m := o.mixer
	for i := range o.lanes {
		o.lanes[i].era = 0
		o.limiters[i] = m.buses[i].limiter
	}
	o.base = 1
	if o.heard.deaf {
		o.base = 0
	}
}

// render mixes the path: the sum without his own voice, at the volume he hears the room, and his prompts.
func (o *own) render(i int, b *bus) {
	if !o.path && o.heard != nil {
		return
	}
	member, others := o.member, b.voices
	copy(b.scratch, b.sum)
	if member.voice != nil {
		pcm.Subtract(b.scratch, b.sum, member.voice.lanes[i].pcm)
		others--
	}
	if member.shut {
		others -= member.shutOut(b.scratch, i)
	}
	target := o.base // the cross-fade in choose is fade enough when the path ends
	if o.path {
		target = audible(member.deaf)
	}
	attenuate(b.scratch, o.base, target)
	switch {
	case member.private != nil:
		pcm.AddTo(b.scratch, member.private.lanes[i].pcm)
	case others == 0 || target == 0:
		pcm.AddTo(b.scratch, b.quiet())
	}
	o.mixes[i] = slices.Grow(o.mixes[i][:0], len(b.scratch))[:len(b.scratch)]
	o.limiters[i].Process(o.mixes[i], b.scratch)
	o.lanes[i].run(o.mixes[i], b.last(o.base), b.rate, member.format.Rate(), b.era)
}

func audible(deaf bool) float32 {
	if deaf {
		return 0
	}
	return 1
}

// pack chooses this tick's frame and sends the packets it fills.
func (o *own) pack(m *Mixer) {
	o.choose(m)
	o.packer.push(o.frame, o.deliver)
}

// choose cross-fades where the path ends, or one group follows another; the path's beginning needs none.
func (o *own) choose(m *Mixer) {
	now := o.member.group.tap
	switch {
	case o.path:
		o.frame = append(o.frame[:0], m.blend(&o.lanes)...)
		o.heard, o.base = nil, audible(o.member.deaf)
		o.hangover = o.member.format.hangover()
		return
	case o.heard == nil:
		o.frame = append(o.frame[:0], now.frame...)
		pcm.CrossFade(o.frame, m.blend(&o.lanes))
	case o.heard != now:
		o.frame = append(o.frame[:0], now.frame...)
		pcm.CrossFade(o.frame, o.heard.frame)
	default:
		o.frame = append(o.frame[:0], now.frame...)
	}
	o.heard = now
}

func (o *own) send(packet []int16) {
	format := o.member.format
	o.payload = o.mixer.encode(o.member.encoder, o.payload, packet)
	o.member.sink.WritePayload(sendable(o.payload, format), format.duration())
	o.hangover--
}

// releaseOwns hands back those who have played what their group plays for long enough. They are at the same place in the packet, but
// a packet that was begun here is ended here.
func (m *Mixer) releaseOwns() {
	for i := len(m.owns) - 1; i >= 0; i-- {
		o := m.owns[i]
		if v := o.member.private; v != nil && !o.member.prompts.busy() {
			o.member.private = nil
			m.idleVoices = append(m.idleVoices, v)
		}
		if o.mayReturn(m) {
			o.member.group.handBack(o.member.encoder)
			m.dropOwn(o.member)
		}
	}
}

// atBoundary: pending holds nothing that differs from the group's. Only the tick of the cross-fade can.
func (o *own) atBoundary() bool {
	return slices.Equal(o.packer.pending, o.member.group.packer.pending)
}

// dropOwn takes a member off his own encoder at once.
func (m *Mixer) dropOwn(member *Member) {
	o := member.own
	if o == nil {
		return
	}
	if member.private != nil {
		m.idleVoices = append(m.idleVoices, member.private)
	}
	member.own, member.private, o.member = nil, nil, nil
	i := slices.Index(m.owns, o)
	m.owns = slices.Delete(m.owns, i, i+1)
	m.idleOwns = append(m.idleOwns, o)
}
