package quality

import (
	"fmt"
	"math"
	"strconv"

	"github.com/seed-f3cefc8c/focus/pkg/strictxml"
)

// metric is one figure of Metrics: its attribute, where it is, and what it may be.
type metric struct {
	name     string
	at       any // *float64, *int, *int64, *uint32, *uint64 or *bool
	from, to float64
}

const most = math.MaxUint32

// metricsOf lists the figures of m; their names are those of the JSON form.
func metricsOf(m *Metrics) []metric {
	return []metric{
		{"ssrc", &m.SSRC, 0, most}, {"packets", &m.Packets, 0, most}, {"lost", &m.Lost, -most, most}, {"discarded", &m.Discarded, 0, most},
		{"duplicate", &m.Duplicate, 0, most}, {"lossRate", &m.LossRate, 0, 1}, {"discardRate", &m.DiscardRate, 0, 1},
		{"burstDensity", &m.BurstDensity, 0, 1}, {"gapDensity", &m.GapDensity, 0, 1}, {"burstDuration", &m.BurstDuration, 0, most},
		{"gapDuration", &m.GapDuration, 0, most}, {"burstRatio", &m.BurstRatio, 0, most}, {"gmin", &m.Gmin, 0, 255}, {"jitter", &m.Jitter, 0, most},
		{"maxJitter", &m.MaxJitter, 0, most}, {"roundTrip", &m.RoundTrip, 0, most}, {"endSystem", &m.EndSystem, 0, most},
		{"bufferNominal", &m.BufferNominal, 0, most}, {"bufferMaximum", &m.BufferMaximum, 0, most}, {"bufferAbsolute", &m.BufferAbsolute, 0, most},
		{"bufferAdaptive", &m.BufferAdaptive, 0, 1}, {"concealed", &m.Concealed, 0, 1}, {"recovered", &m.Recovered, 0, 1},
		{"signal", &m.Signal, -127, 0}, {"noise", &m.Noise, -127, 0}, {"rerl", &m.RERL, 0, 127},
		{"r", &m.R, 0, 120}, {"rlq", &m.RLQ, 0, 120}, {"mosLQ", &m.MOSLQ, 0, 5}, {"mosCQ", &m.MOSCQ, 0, 5},
	}
}

// value is the figure as a number.
func (m metric) value() float64 {
	switch at := m.at.(type) {
	case *float64:
		return *at
	case *int:
		return float64(*at)
	case *int64:
		return float64(*at)
	case *uint32:
		return float64(*at)
	case *uint64:
		return float64(*at)
	case *bool:
		if *at {
			return 1
		}
	}
	return 0
}

func (m metric) set(v float64) {
	switch at := m.at.(type) {
	case *float64:
		*at = v
	case *int:
		*at = int(v)
	case *int64:
		*at = int64(v)
	case *uint32:
		*at = uint32(v)
	case *uint64:
		*at = uint64(v)
	case *bool:
		*at = v != 0
	}
}

// AppendElement writes m as an element of that name: an attribute for each figure that is not 0. Nothing is written of nil.
func (m *Metrics) AppendElement(w *strictxml.Writer, name string) {
	if m == nil {
		return
	}
	w.Start(name)
	for _, figure := range metricsOf(m) {
		if v := figure.value(); v != 0 {
			w.Attr(figure.name, strconv.FormatFloat(v, 'f', -1, 64))
		}
	}
	w.End(name)
}

// ReadElement reads what AppendElement writes; nil of nil. The error is ErrReport.
func ReadElement(e *strictxml.Element) (*Metrics, error) {
	if e == nil {
		return nil, nil
	}
	m := &Metrics{}
	for _, figure := range metricsOf(m) {
		text, ok := e.LookupAttr("", figure.name)
		if !ok {
			continue
		}
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || !(v >= figure.from && v <= figure.to) {
			return nil, fmt.Errorf("%w: %s is out of bounds", ErrReport, figure.name)
		}
		figure.set(v)
	}
	return m, nil
}
