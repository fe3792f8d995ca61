package srtp

// The packet index of RFC 3711 §3.3.1 is 48 bits: rollover counter · 2^16 + sequence number. Packets carry the sequence number alone.

const half = 1 << 15

func rollover(index uint64) uint32 { return uint32(index >> 16) }

// nearest is the index with this sequence number that lies closest to the highest one so far, as RFC 3711 Appendix A estimates it.
// Below zero there is nothing: the rollover counter starts there.
func nearest(highest uint64, sequence uint16) uint64 {
	index := highest&^0xffff | uint64(sequence)
	switch last := uint16(highest); {
	case sequence > last && sequence-last > half && index >= 1<<16:
		index -= 1 << 16
	case sequence < last && last-sequence > half:
		index += 1 << 16
	}
	return index
}

// guesses are the indices that a packet may have, the most likely first. A sequence number may lie behind the highest one, or ahead
// by more than the half that RFC 3711 presumes: whose sender was not heard for 40,000 packets would otherwise never be heard again.
// The second guess costs genuine packets nothing, and forged ones one more look.
func guesses(highest uint64, sequence uint16) (list [2]uint64, n int) {
	list[0] = nearest(highest, sequence)
	if list[0] >= highest {
		return list, 1
	}
	list[1] = list[0] + 1<<16
	return list, 2
}
