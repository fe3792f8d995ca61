package quality

import "math"

// Metrics are those of one direction, as its receiver measured them.
type Metrics struct {
	SSRC      uint32 `json:"ssrc,omitempty"`
	Packets   uint64 `json:"packets"`             // that came
	Lost      int64  `json:"lost"`                // that did not
	Discarded uint64 `json:"discarded,omitempty"` // that came too late to be played, or too early to be kept
	Duplicate uint64 `json:"duplicate,omitempty"`

	LossRate      float64 `json:"lossRate"`
	DiscardRate   float64 `json:"discardRate,omitempty"`
	BurstDensity  float64 `json:"burstDensity,omitempty"` // share of the packets of bursts that were not played (RFC 3611 §4.7.2)
	GapDensity    float64 `json:"gapDensity,omitempty"`
	BurstDuration float64 `json:"burstDuration,omitempty"` // mean
	GapDuration   float64 `json:"gapDuration,omitempty"`
	BurstRatio    float64 `json:"burstRatio,omitempty"` // BurstR of G.107
	Gmin          int     `json:"gmin,omitempty"`       // 0: bursts were not counted

	Jitter    float64 `json:"jitter"`              // interarrival jitter (RFC 3550 §6.4.1)
	MaxJitter float64 `json:"maxJitter,omitempty"` // the most it has been
	RoundTrip float64 `json:"roundTrip,omitempty"` // 0: not known
	EndSystem float64 `json:"endSystem,omitempty"` // delay in the receiver and in the sender beside it (RFC 3611 §4.7.3)

	BufferNominal  float64 `json:"bufferNominal,omitempty"`  // delay of the jitter buffer for packets in time, now
	BufferMaximum  float64 `json:"bufferMaximum,omitempty"`  // the most it has been
	BufferAbsolute float64 `json:"bufferAbsolute,omitempty"` // the most it can be
	BufferAdaptive bool    `json:"bufferAdaptive,omitempty"`

	Concealed float64 `json:"concealed,omitempty"` // share of what was played that was made up
	Recovered float64 `json:"recovered,omitempty"` // of that, the share rebuilt from copies (FEC)

	Signal int `json:"signal,omitempty"` // mean level of speech
	Noise  int `json:"noise,omitempty"`  // level between speech
	RERL   int `json:"rerl,omitempty"`   // residual echo return loss

	R     float64 `json:"r,omitempty"`     // conversational (RFC 3611 §4.7.5)
	RLQ   float64 `json:"rlq,omitempty"`   // the same without the delay
	MOSLQ float64 `json:"mosLQ,omitempty"` // listening
	MOSCQ float64 `json:"mosCQ,omitempty"` // conversational
}

// Estimate fills in R and MOS from what was measured. A stream of which nothing came is not judged.
func (m *Metrics) Estimate(codec string) {
	m.R, m.RLQ, m.MOSLQ, m.MOSCQ = 0, 0, 0, 0
	if m.Packets == 0 {
		return
	}
	impairment := ImpairmentOf(codec)
	loss := (m.LossRate + m.DiscardRate) * (1 - m.Recovered)
	listening := R(0, loss, m.BurstRatio, impairment)
	talking := R(m.RoundTrip/2+m.EndSystem, loss, m.BurstRatio, impairment)
	m.RLQ, m.R = Round(listening, 10), Round(talking, 10)
	m.MOSLQ, m.MOSCQ = Round(MOS(listening), 100), Round(MOS(talking), 100)
}

// Round is x in steps of 1/parts: nobody measures to the sixteenth digit.
func Round(x, parts float64) float64 { return math.Round(x*parts) / parts }
