package mixer

import (
	"strings"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
)

// A listener goes from one encoder to another of the same codec while his decoder knows nothing of it. What that takes was measured in
// docs/adr/0002-encoder-hand-over.md:
//
//	to his own encoder      "copy the state": bit by bit what the shared one would have sent
//	back to the shared one  "wait until both have encoded the same mix for 5 frames (100 ms)"
//	nothing to copy from    "pre-roll 3 frames", the last packets of the group
//
// The 100 ms hold for a mix that goes on as it was. When somebody else has just begun to speak two Opus encoders take 500 ms to agree:
// steps of 1.4 times the tones' own were measured after 100 ms. Then the shared encoder makes one packet without prediction
// (codec.IndependentEncoder), and the listener comes back with that; a codec that cannot do so waits for calm, within reason.
//
// When nobody was left on the shared encoder it has stood still; then it copies the state of the first who comes back.
const (
	preroll  = 3 * FrameDuration
	hangover = 5 * FrameDuration
	calm     = 25 // ticks since a voice was added to the mix
	patience = 50 // packets after the hangover; then the floor is so restless that nobody will notice
)

// stateless: "G.711 has no state and needs none of this".
func (f Format) stateless() bool {
	return strings.EqualFold(f.Codec.Name, "PCMU") || strings.EqualFold(f.Codec.Name, "PCMA")
}

// hangover is how many packets both encoders get the same before the shared one takes over.
func (f Format) hangover() int {
	if f.stateless() {
		return 0
	}
	return int((hangover + f.Ptime - 1) / f.Ptime)
}

// remembered is how many samples of whole packets a group keeps to warm encoders with.
func (f Format) remembered() int {
	if f.stateless() {
		return 0
	}
	return int((preroll+f.Ptime-1)/f.Ptime) * f.samples()
}

// warm brings a member's encoder to where the shared one is.
func (g *group) warm(m *Mixer, own codec.Encoder) {
	if !g.cold && takeOver(own, g.encoder) {
		return
	}
	g.preroll(m, own)
}

// mayReturn reports whether o has been on both encoders for long enough, and stands where its group stands in the packet.
func (o *own) mayReturn(m *Mixer) bool {
	if o.path || o.hangover > 0 || !o.atBoundary() {
		return false
	}
	g := o.member.group
	if g.format.stateless() || g.cold || o.hangover < -patience || m.stats.Ticks >= m.lastStart+calm {
		return true
	}
	_, able := g.encoder.(codec.IndependentEncoder)
	g.independent = g.independent || able
	return able
}

// handBack lets a group whose encoder stood still go on where the member's is.
func (g *group) handBack(own codec.Encoder) {
	if g.cold && g.encoder != nil {
		g.cold = !takeOver(g.encoder, own)
	}
}

// preroll feeds encoder the last packets of the group, which nobody gets.
func (g *group) preroll(m *Mixer, encoder codec.Encoder) {
	if encoder == nil {
		return
	}
	encoder.Reset()
	for rest := g.history; len(rest) >= g.packer.size; rest = rest[g.packer.size:] {
		m.scratch = m.encode(encoder, m.scratch, rest[:g.packer.size])
	}
}

func takeOver(to, from codec.Encoder) bool {
	copier, ok := to.(codec.Copier)
	return ok && from != nil && copier.CopyFrom(from)
}
