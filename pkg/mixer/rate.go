package mixer

import "slices"

// ladder holds the rates a conference can have.
var ladder = [...]int{8000, 16000, 48000}

// chooseRate looks at the members when something about them changed. A new rate runs beside the old one for this tick; tap and own
// cross-fade between the two.
func (m *Mixer) chooseRate() {
	if !m.retune {
		return
	}
	m.retune = false
	rate, first := m.bestRate(), m.era == 0
	if rate == m.Rate() {
		return
	}
	m.era++
	if !first {
		m.active, m.turning = 1-m.active, true
	}
	m.buses[m.active].tune(rate, m.era, m.noise, m.config.ComfortNoise)
	if n := rate / framesPerSecond; len(m.silence) < n {
		m.silence = slices.Grow(m.silence, n)[:n]
	}
}

// bestRate is the highest that somebody sends and somebody can use.
func (m *Mixer) bestRate() int {
	if len(m.members) == 0 {
		return step(m.Rate())
	}
	source, sink := 0, 0
	for _, member := range m.members {
		if member.source != nil {
			source = max(source, member.rate)
		}
		if member.sink != nil {
			sink = max(sink, member.format.Rate())
		}
	}
	if len(m.frameSinks) > 0 {
		sink = frameSinkRate
	}
	return step(min(orElse(source, sink), orElse(sink, source)))
}

func orElse(a, b int) int {
	if a == 0 {
		return b
	}
	return a
}

// step is the lowest rung of the ladder that holds rate.
func step(rate int) int {
	for _, rung := range ladder {
		if rate <= rung {
			return rung
		}
	}
	return ladder[len(ladder)-1]
}
