package c3p

import (
	"math"
	"net/netip"
	"strconv"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/quality"
	"github.com/seed-f3cefc8c/focus/pkg/strictxml"
)

// Quality is how well an endpoint is heard, and how well it hears as far as it says so. It comes every few seconds, and once more when the
// endpoint's media ends.
type Quality struct {
	Keys  EndpointKeys
	Final bool // the last one of this endpoint
	// Report has what the MCU knows: times, addresses, the codec and the metrics. Interval is the opposite of Final. Who called whom is the
	// focus's to know.
	Report quality.Report
}

// metric is one figure of quality.Metrics: its attribute, where it is, and what it may be.
type metric struct {
	name     string
	at       any // *float64, *int, *int64, *uint32, *uint64 or *bool
	from, to float64
}

const most = math.MaxUint32

// metricsOf lists the figures of m; their names are those of the JSON form.
func metricsOf(m *quality.Metrics) []metric {
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

func readQuality(e *strictxml.Element) (Event, error) {
	q := &Quality{Keys: endpointKeysOf(e), Final: e.Attr("", "final") == "true"}
	r := &q.Report
	r.Interval = !q.Final
	var err error
	if r.Start, err = readTime(e, "start"); err != nil {
		return nil, err
	}
	if r.Stop, err = readTime(e, "stop"); err != nil {
		return nil, err
	}
	if r.LocalAddr, err = readAddress(e, "localAddress"); err != nil {
		return nil, err
	}
	if r.RemoteAddr, err = readAddress(e, "remoteAddress"); err != nil {
		return nil, err
	}
	if r.Codec, err = readCodec(e); err != nil {
		return nil, err
	}
	if r.Local, err = readMetrics(e.Child(ExtensionNamespace, "received")); err != nil {
		return nil, err
	}
	r.Remote, err = readMetrics(e.Child(ExtensionNamespace, "sent"))
	return q, err
}

func readTime(e *strictxml.Element, local string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, e.Attr("", local))
	if err != nil {
		return t, invalid(ReasonInvalidContent, local+" is not a time")
	}
	return t.UTC().Truncate(time.Second), nil
}

func readAddress(e *strictxml.Element, local string) (netip.AddrPort, error) {
	text := e.Attr("", local)
	if text == "" {
		return netip.AddrPort{}, nil
	}
	addr, err := netip.ParseAddrPort(text)
	if err != nil {
		return addr, invalid(ReasonInvalidContent, local+" is not an address")
	}
	return addr, nil
}

// readCodec reads a format of one frame a packet, as far as our MCU tells.
func readCodec(e *strictxml.Element) (quality.Codec, error) {
	c := quality.Codec{Name: e.Attr("", "codec")}
	if c.Name == "" {
		return c, nil
	}
	number, err := readNumber(e, "payloadType", 127)
	if err != nil {
		return c, err
	}
	rate, err := readNumber(e, "rate", 1_000_000)
	if err != nil {
		return c, err
	}
	ptime, err := readNumber(e, "ptime", 1000)
	c.PayloadType, c.Rate, c.FrameDuration = uint8(number), uint32(rate), float64(ptime)
	if ptime > 0 {
		c.FramesPerPacket, c.PacketsPerSecond = 1, quality.Round(1000/float64(ptime), 10)
	}
	return c, err
}

func readMetrics(e *strictxml.Element) (*quality.Metrics, error) {
	if e == nil {
		return nil, nil
	}
	m := &quality.Metrics{}
	for _, figure := range metricsOf(m) {
		text, ok := e.LookupAttr("", figure.name)
		if !ok {
			continue
		}
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || !(v >= figure.from && v <= figure.to) {
			return nil, invalid(ReasonInvalidContent, figure.name+" is out of bounds")
		}
		figure.set(v)
	}
	return m, nil
}

func (q *Quality) append(w *strictxml.Writer) {
	r := &q.Report
	w.Start("fx:quality")
	q.Keys.attrs(w)
	if q.Final {
		w.Attr("final", "true")
	}
	w.Attr("start", r.Start.UTC().Format(time.RFC3339))
	w.Attr("stop", r.Stop.UTC().Format(time.RFC3339))
	if r.LocalAddr.IsValid() {
		w.Attr("localAddress", r.LocalAddr.String())
	}
	if r.RemoteAddr.IsValid() {
		w.Attr("remoteAddress", r.RemoteAddr.String())
	}
	if r.Codec.Name != "" {
		w.Attr("codec", r.Codec.Name)
		w.IntAttr("payloadType", int64(r.Codec.PayloadType))
		w.IntAttr("rate", int64(r.Codec.Rate))
		w.IntAttr("ptime", int64(r.Codec.FrameDuration))
	}
	appendMetrics(w, "fx:received", r.Local)
	appendMetrics(w, "fx:sent", r.Remote)
	w.End("fx:quality")
}

// appendMetrics leaves out what is 0.
func appendMetrics(w *strictxml.Writer, name string, m *quality.Metrics) {
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
