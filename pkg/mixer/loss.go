package mixer

import "github.com/seed-f3cefc8c/focus/pkg/codec"

// SetPacketLoss has what the member hears armed against loss, in per cent (codec.Params.PacketLoss), while it goes on without a seam. He shares an
// encode with those of his format who miss as much, so whoever asks had better know few values: each costs the conference an encode of its own, with
// Opus three times as dear as one that is not armed (docs/adr/0003-opus-without-silk.md). Codecs without in-band FEC, and receivers who have
// not asked for it, stay as they are. It reports false, and nothing changes, when too many are on their way between encodes: they ask again.
func (m *Member) SetPacketLoss(percent int) bool {
	encoder, able := m.encoder.(codec.LossEncoder)
	if m.group == nil || !able || !m.format.Params.FEC {
		return true
	}
	if m.format.Params.PacketLoss == percent {
		return true
	}
	if m.own == nil && len(m.mixer.owns) >= maxBridges {
		return false
	}
	encoder.SetPacketLoss(percent)
	m.mixer.bridge(m)
	m.own.hangover = m.format.hangover()
	m.group.leave(m)
	m.format.Params.PacketLoss = percent
	m.mixer.groupOf(m.format, m.deaf).join(m)
	return true
}
