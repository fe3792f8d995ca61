package quality

import (
	"math"
	"strings"
)

// Impairment is what ITU-T G.107 §3.5 wants to know of a codec: the equipment impairment factor Ie, and the packet-loss robustness factor Bpl.
type Impairment struct{ Ie, Bpl float64 }

// impairments are the codecs of this server. Those of G.711 with packet-loss concealment are in G.113 Appendix I. For the others it has values
// for wideband scales only: here they are as good as G.711 when nothing is lost, and stand losses as their concealment does, G.722 with ours
// somewhat worse than G.711, Opus with its own somewhat better.
var impairments = map[string]Impairment{
	"PCMU": {0, 25.1}, "PCMA": {0, 25.1}, "G722": {0, 20}, "OPUS": {0, 30},
}

// ImpairmentOf is that of a codec, by its encoding name. One that is not known is G.711 without concealment (G.113 Appendix I).
func ImpairmentOf(codec string) Impairment {
	if i, ok := impairments[strings.ToUpper(codec)]; ok {
		return i
	}
	return Impairment{0, 4.3}
}

const (
	bestR         = 93.2 // Ro − Is with the default values of G.107 table 2
	delayOfNoHarm = 100  // ms
	longestDelay  = 60_000
)

// R is the transmission rating factor of ITU-T G.107 §3: R = Ro − Is − Id − Ie-eff + A, with everything but delay and loss at its default and
// no echo. delay is Ta, one way from mouth to ear, in ms; loss is the share of packets that were not played, 0 to 1; burst is BurstR, at least 1.
func R(delay, loss, burst float64, codec Impairment) float64 {
	return min(max(bestR-delayImpairment(delay)-codec.effective(loss, burst), 0), 100)
}

// delayImpairment is Idd, for "too long absolute delay" (G.107 §3.4).
func delayImpairment(ta float64) float64 {
	if !(ta > delayOfNoHarm) {
		return 0
	}
	x := math.Log2(min(ta, longestDelay) / delayOfNoHarm)
	return 25 * (sixth(x) - 3*sixth(x/3) + 2)
}

// sixth is (1 + x^6)^(1/6).
func sixth(x float64) float64 { return math.Pow(1+math.Pow(x, 6), 1./6) }

// effective is Ie-eff = Ie + (95 − Ie)·Ppl / (Ppl/BurstR + Bpl) (G.107 §3.5); Ppl is in percent.
func (i Impairment) effective(loss, burst float64) float64 {
	ppl := 100 * min(max(loss, 0), 1)
	return i.Ie + (95-i.Ie)*ppl/(ppl/max(burst, 1)+i.Bpl)
}

// MOS is the mean opinion score, 1 to 4.5, that people would give (ITU-T G.107 Annex B).
func MOS(r float64) float64 {
	if r <= 0 {
		return 1
	}
	if r >= 100 {
		return 4.5
	}
	return max(1, 1+0.035*r+r*(r-60)*(100-r)*7e-6)
}
