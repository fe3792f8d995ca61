package mixer

import (
	"slices"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
)

// packer cuts a stream of 20 ms frames into packets.
type packer struct {
	pending []int16
	size    int // samples in a packet
}

// push adds a frame and calls send for each packet that is full.
func (p *packer) push(frame []int16, send func(packet []int16)) {
	p.pending = append(p.pending, frame...)
	done := 0
	for len(p.pending)-done >= p.size {
		send(p.pending[done : done+p.size])
		done += p.size
	}
	p.pending = p.pending[:copy(p.pending, p.pending[done:])]
}

// group is all sinks of one Format that hear the same. Packets of the same Ptime begin at the same ticks in every group, so that a
// member can go from one to another at a packet boundary.
type group struct {
	format      Format
	deaf        bool
	members     []*Member
	tap         *tap
	packer      packer
	history     []int16 // the last packets, up to where pending begins; enough to warm an encoder
	encoder     codec.Encoder
	cold        bool // the encoder has missed packets that nobody listened to
	independent bool // somebody comes back: the next packet must not rest on those before it
	payload     []byte
	deliver     func([]int16) // bound once, so that a tick allocates nothing
}

func (m *Mixer) groupOf(format Format, deaf bool) *group {
	for _, g := range m.groups {
		if g.format == format && g.deaf == deaf {
			return g
		}
	}
	g := &group{format: format, deaf: deaf, tap: m.tapOf(format.Rate(), deaf), cold: true}
	g.packer = packer{size: format.samples(), pending: make([]int16, m.phase(format), format.samples()+initialCapacity)}
	g.history = make([]int16, 0, format.remembered())
	g.encoder, _ = format.Codec.NewEncoder(format.Rate(), format.Params)
	g.deliver = func(packet []int16) { g.send(m, packet) }
	m.groups = append(m.groups, g)
	return g
}

// phase is how many samples of a packet have gone by: all packets of one Ptime begin together, counted from the first tick.
func (m *Mixer) phase(format Format) int {
	elapsed := time.Duration(m.stats.Ticks) * FrameDuration % format.Ptime
	return int(int64(format.Rate()) * int64(elapsed) / int64(time.Second))
}

func (g *group) join(member *Member) {
	member.group = g
	g.members = append(g.members, member)
}

func (g *group) leave(member *Member) {
	member.group = nil
	if i := slices.Index(g.members, member); i >= 0 {
		g.members = slices.Delete(g.members, i, i+1)
	}
}

func (g *group) pack() { g.packer.push(g.tap.frame, g.deliver) }

// send encodes one packet for all who listen here, once; for nobody not at all.
func (g *group) send(m *Mixer, packet []int16) {
	encoded, duration := false, g.format.duration()
	for _, member := range g.members {
		if member.own != nil {
			continue
		}
		if !encoded {
			g.encode(m, packet)
			encoded = true
		}
		member.sink.WritePayload(sendable(g.payload, g.format), duration)
	}
	g.cold = !encoded
	g.remember(packet)
}

func (g *group) encode(m *Mixer, packet []int16) {
	if g.cold {
		g.preroll(m, g.encoder)
	}
	if g.independent {
		g.predict(false)
		defer g.predict(true)
	}
	g.payload = m.encode(g.encoder, g.payload, packet)
}

func (g *group) predict(on bool) {
	g.independent = false
	if e, ok := g.encoder.(codec.IndependentEncoder); ok {
		e.Independent(!on)
	}
}

// sendable is nil for what need not be sent: nothing, and the one or two bytes by which an Opus encoder says so (RFC 7587 section
// 3.1.3, opus_encode: "If the return value is 2 bytes or less, then the packet does not need to be transmitted (DTX)").
func sendable(payload []byte, format Format) []byte {
	if len(payload) == 0 || format.Params.DTX && len(payload) <= 2 {
		return nil
	}
	return payload
}

// remember keeps the last packets, whole.
func (g *group) remember(packet []int16) {
	room := cap(g.history)
	if room == 0 {
		return
	}
	if over := len(g.history) + len(packet) - room; over > 0 {
		g.history = g.history[:copy(g.history, g.history[over:])]
	}
	g.history = append(g.history, packet...)
}

// releaseGroups frees groups without members, once nobody fades out of them any more.
func (m *Mixer) releaseGroups() {
	kept := m.groups[:0]
	for _, g := range m.groups {
		if len(g.members) > 0 {
			kept = append(kept, g)
			continue
		}
		if g.encoder != nil {
			g.encoder.Close()
		}
		m.releaseTap(g.tap)
	}
	clear(m.groups[len(kept):])
	m.groups = kept
}
