package rtp

// DefaultGmin is how many packets in a row must be received before a burst of losses is over; RFC 3611 §4.7.2 recommends it.
const DefaultGmin = 16

// Bursts tells bursts of losses and discards from the gaps between them (RFC 3611 §4.7.2). A burst begins and ends with a packet that was not
// played, and has fewer than Gmin in a row that were; everything else is a gap, and so is what comes before the first loss. The zero value has
// seen nothing.
//
// Annex A.2 counts transitions of a Markov chain, c11 to c33. What it computes from them are the sums kept here: c13 bursts, in which
// c13 + c23 + c33 packets are lost and c22 + c23 received, and gaps with c14 lost and c11 received.
type Bursts struct {
	lost, discarded uint64
	runs            uint64 // of losses with nothing received between them

	bursts                   uint64
	burstLost, burstReceived uint64
	gapLost, gapReceived     uint64

	// Of what may be a burst, or a single loss: nobody knows before Gmin packets came.
	missing, between uint64
	since            uint64 // received since its last loss
}

// Received notes n packets that came in time.
func (b *Bursts) Received(n uint64) { b.since += n }

// Lost notes n packets in a row that are not here when their turn comes.
func (b *Bursts) Lost(n uint64) {
	b.lost += n
	b.gone(n)
}

// Discarded notes a packet that came and is not played.
func (b *Bursts) Discarded() {
	b.discarded++
	b.gone(1)
}

// CameLate turns a loss into a discard: the packet came after its turn.
func (b *Bursts) CameLate() {
	if b.lost > 0 {
		b.lost, b.discarded = b.lost-1, b.discarded+1
	}
}

func (b *Bursts) gone(n uint64) {
	switch {
	case n == 0:
		return
	case b.missing > 0 && b.since < DefaultGmin:
		b.between += b.since
	default:
		b.settle()
	}
	if b.since > 0 || b.runs == 0 {
		b.runs++
	}
	b.missing, b.since = b.missing+n, 0
}

// settle decides what the last losses were, and begins a gap.
func (b *Bursts) settle() {
	if b.missing > 1 {
		b.bursts++
		b.burstLost += b.missing
		b.burstReceived += b.between
	} else {
		b.gapLost += b.missing
	}
	b.gapReceived += b.since
	b.missing, b.between = 0, 0
}

// BurstStats is what Bursts says. Rates and densities are between 0 and 1, lengths in packets.
type BurstStats struct {
	Expected, Lost, Discarded uint64
	LossRate, DiscardRate     float64
	BurstDensity, GapDensity  float64 // share of packets that were not played
	BurstLength, GapLength    float64 // mean
	Bursts                    uint64
	// Ratio is BurstR of ITU-T G.107 §3.5: how long losses in a row are on average, over what they would be if each packet were lost by chance. It
	// is 1 without losses.
	Ratio float64
}

// Stats are the figures so far.
func (b Bursts) Stats() BurstStats {
	b.settle()
	burst, gap := b.burstLost+b.burstReceived, b.gapLost+b.gapReceived
	total, gone := burst+gap, b.lost+b.discarded
	s := BurstStats{
		Expected: total, Lost: b.lost, Discarded: b.discarded, Bursts: b.bursts, Ratio: 1,
		LossRate: share(b.lost, total), DiscardRate: share(b.discarded, total),
		BurstDensity: share(b.burstLost, burst), GapDensity: share(b.gapLost, gap),
		BurstLength: share(burst, b.bursts), GapLength: share(gap, b.bursts+1),
	}
	if b.runs > 0 && gone < total {
		s.Ratio = share(gone, b.runs) * (1 - share(gone, total))
	}
	return s
}

// share is part of whole, 0 when there is nothing.
func share(part, whole uint64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}
