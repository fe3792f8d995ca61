package mixer

import (
	"strings"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
)

// handover says how a listener goes from one encoder to another of the same codec while his decoder knows nothing of it
// (docs/adr/0002-encoder-hand-over.md).
type handover struct {
	preroll  time.Duration // of the common mix that an encoder is fed before its first packet is sent
	hangover time.Duration // for which both encoders get the same before the shared one takes over
}

// G.711 keeps no state: "encoding each sample by itself". Everything else predicts from what it sent before, and is fed that first.
var (
	stateless = handover{}
	stateful  = handover{preroll: 200 * time.Millisecond, hangover: 200 * time.Millisecond}
)

func (f Format) handover() handover {
	if strings.EqualFold(f.Codec.Name, "PCMU") || strings.EqualFold(f.Codec.Name, "PCMA") {
		return stateless
	}
	return stateful
}

func (h handover) packets(f Format) int { return int((h.hangover + f.Ptime - 1) / f.Ptime) }

// remembered is how many samples of whole packets the group keeps to warm encoders with.
func (g *group) remembered() int {
	h := g.format.handover()
	return int((h.preroll+g.format.Ptime-1)/g.format.Ptime) * g.packer.size
}

// warm brings encoder to where one would be that has encoded the last packets of g.
func (m *Mixer) warm(encoder codec.Encoder, g *group) {
	if encoder == nil {
		return
	}
	encoder.Reset()
	for rest := g.history; len(rest) >= g.packer.size; rest = rest[g.packer.size:] {
		m.scratch = m.encode(encoder, m.scratch, rest[:g.packer.size])
	}
}
