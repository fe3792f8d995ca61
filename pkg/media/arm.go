package media

const (
	// ArmedLoss is what an encoder arms itself against, in per cent, once its packets get lost: more than the loss itself, for a copy that costs too
	// few bits is not worth its while. One value, so that all listeners who miss packets share one encode.
	ArmedLoss = 15

	armAbove    = 0.02 // loss in a report
	disarmBelow = 0.01
	disarmAfter = 4 // reports in a row with less: about 20 s
)

// arm decides by the peer's reception reports whether what is sent to it should carry redundancy.
type arm struct {
	armed bool
	calm  int // reports in a row with next to no loss
}

// report takes the share of packets that were lost since the last report (RFC 3550 §6.4.1, fraction lost).
func (a *arm) report(loss float64) {
	if loss >= disarmBelow {
		a.calm = 0
	} else {
		a.calm++
	}
	switch {
	case loss >= armAbove:
		a.armed = true
	case a.calm >= disarmAfter:
		a.armed = false
	}
}

// PeerLoss is against how much loss, in per cent, to arm what the peer is sent: ArmedLoss or 0. It follows the peer's reports.
func (t *Transport) PeerLoss() int {
	if t.reports.remote.arm.armed {
		return ArmedLoss
	}
	return 0
}
