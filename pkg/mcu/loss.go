package mcu

import "github.com/seed-f3cefc8c/focus/pkg/codec"

// arm follows what the peer reports of loss: what it hears is armed against that, or is not any more. When the mixer has too many to move at
// once the leg asks again at the next tick.
func (l *Leg) arm() {
	if loss := l.transport.PeerLoss(); loss != l.loss && l.member != nil && l.member.SetPacketLoss(loss) {
		l.loss = loss
	}
}

// disarm is for a new place in a mix, or a new encoder: both begin without loss.
func (l *Leg) disarm() {
	if e, ok := l.encoder.(codec.LossEncoder); ok {
		e.SetPacketLoss(0)
	}
	l.loss = 0
}
