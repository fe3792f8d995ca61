package quality

import (
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// AppendText appends the report as RFC 6035 §4.6.1 has it. Values that are not known are left out. Line breaks in texts become spaces.
func (r *Report) AppendText(dst []byte) []byte {
	w := textWriter{dst: dst}
	if r.Interval {
		w.line("VQIntervalReport")
	} else {
		w.header("VQSessionReport", "CallTerm")
	}
	w.header("CallID", r.CallID)
	w.header("LocalID", angled(r.LocalID))
	w.header("RemoteID", angled(r.RemoteID))
	w.header("OrigID", angled(r.OrigID()))
	w.address("LocalAddr", r.LocalAddr, r.Remote) // the stream from here is the one that the other end has measured
	w.address("RemoteAddr", r.RemoteAddr, r.Local)
	if r.Local != nil {
		w.header("LocalMetrics", "")
		w.metrics(r, r.Local)
	}
	if r.Remote != nil {
		w.header("RemoteMetrics", "")
		w.metrics(r, r.Remote)
	}
	if r.RemoteTag != "" || r.LocalTag != "" {
		w.header("DialogID", r.CallID+";to-tag="+r.toTag()+";from-tag="+r.fromTag())
	}
	return w.dst
}

// toTag is the tag of who was called (RFC 3261 §8.2.6.2).
func (r *Report) toTag() string {
	if r.Outgoing {
		return r.RemoteTag
	}
	return r.LocalTag
}

func (r *Report) fromTag() string {
	if r.Outgoing {
		return r.LocalTag
	}
	return r.RemoteTag
}

func angled(uri string) string {
	if uri == "" || strings.ContainsRune(uri, '<') {
		return uri
	}
	return "<" + uri + ">"
}

// textWriter writes lines of NAME: KEY=VALUE …
type textWriter struct {
	dst  []byte
	mark int  // where the line began
	any  bool // it has a value
}

func (w *textWriter) line(text string) { w.dst = append(append(w.dst, clean(text)...), "\r\n"...) }

func (w *textWriter) header(name, value string) {
	if value == "" {
		w.line(name + ":")
		return
	}
	w.line(name + ": " + value)
}

// clean keeps a text on its line.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
}

func (w *textWriter) begin(name string) {
	w.mark, w.any = len(w.dst), false
	w.dst = append(append(w.dst, name...), ':')
}

// end closes a line, or takes it back when nothing is on it.
func (w *textWriter) end() {
	if !w.any {
		w.dst = w.dst[:w.mark]
		return
	}
	w.dst = append(w.dst, "\r\n"...)
}

func (w *textWriter) value(key, value string) {
	if value == "" {
		return
	}
	w.any = true
	w.dst = append(append(append(append(w.dst, ' '), key...), '='), value...)
}

func (w *textWriter) integer(key string, value float64) {
	w.value(key, strconv.FormatInt(int64(math.Round(value)), 10))
}

func (w *textWriter) decimal(key string, value float64) {
	w.value(key, strconv.FormatFloat(value, 'f', 1, 64))
}

// known writes what is not 0.
func (w *textWriter) known(key string, value float64, write func(string, float64)) {
	if value != 0 {
		write(key, value)
	}
}

func (w *textWriter) address(name string, addr netip.AddrPort, of *Metrics) {
	w.begin(name)
	if addr.IsValid() {
		w.value("IP", addr.Addr().Unmap().WithZone("").String())
		w.value("PORT", strconv.Itoa(int(addr.Port())))
	}
	if of != nil && of.SSRC != 0 {
		w.value("SSRC", "0x"+strconv.FormatUint(uint64(of.SSRC), 16))
	}
	w.end()
}

func (w *textWriter) metrics(r *Report, m *Metrics) {
	w.begin("Timestamps")
	w.value("START", r.Start.UTC().Format(time.RFC3339))
	w.value("STOP", r.Stop.UTC().Format(time.RFC3339))
	w.end()
	if m == r.Local {
		w.codec(&r.Codec)
	}
	w.buffer(m)
	w.losses(m)
	w.begin("Delay")
	w.known("RTD", m.RoundTrip, w.integer)
	w.known("ESD", m.EndSystem, w.integer)
	w.known("SOWD", oneWay(m), w.integer)
	w.integer("IAJ", m.Jitter)
	w.known("MAJ", m.MaxJitter, w.integer)
	w.end()
	w.begin("Signal")
	w.known("SL", float64(m.Signal), w.integer)
	w.known("NL", float64(m.Noise), w.integer)
	w.known("RERL", float64(m.RERL), w.integer)
	w.end()
	w.begin("QualityEst")
	w.known("RLQ", m.RLQ, w.integer)
	w.known("RCQ", m.R, w.integer)
	w.known("MOSLQ", m.MOSLQ, w.decimal)
	w.known("MOSCQ", m.MOSCQ, w.decimal)
	if w.any {
		w.value("QoEEstAlg", "G.107")
	}
	w.end()
}

// oneWay is the "Symmetric One Way Delay": half the round trip and the delay of this end; 0 when the round trip is not known.
func oneWay(m *Metrics) float64 {
	if m.RoundTrip == 0 {
		return 0
	}
	return m.RoundTrip/2 + m.EndSystem
}

func (w *textWriter) codec(c *Codec) {
	if c.Name == "" {
		return
	}
	w.begin("SessionDesc")
	w.value("PT", strconv.Itoa(int(c.PayloadType)))
	w.value("PD", c.Name)
	w.known("SR", float64(c.Rate), w.integer)
	w.known("FD", c.FrameDuration, w.integer)
	w.known("FO", float64(c.FrameOctets), w.integer)
	w.known("FPP", float64(c.FramesPerPacket), w.integer)
	w.known("PPS", c.PacketsPerSecond, w.integer)
	if c.FMTP != "" {
		w.value("FMTP", `"`+strings.NewReplacer(`"`, "", `\`, "").Replace(clean(c.FMTP))+`"`)
	}
	w.known("PLC", float64(c.Concealment), w.integer)
	if c.SilenceSuppress {
		w.value("SSUP", "on")
	} else {
		w.value("SSUP", "off")
	}
	w.end()
}

// buffer writes the jitter buffer; JBA is 3 for adaptive (RFC 3611 §4.7.6).
func (w *textWriter) buffer(m *Metrics) {
	if m.BufferAbsolute == 0 {
		return
	}
	w.begin("JitterBuffer")
	if m.BufferAdaptive {
		w.value("JBA", "3")
	} else {
		w.value("JBA", "2")
	}
	w.integer("JBN", m.BufferNominal)
	w.integer("JBM", m.BufferMaximum)
	w.integer("JBX", m.BufferAbsolute)
	w.end()
}

// losses writes rates and densities in percent.
func (w *textWriter) losses(m *Metrics) {
	w.begin("PacketLoss")
	w.decimal("NLR", 100*m.LossRate)
	w.decimal("JDR", 100*m.DiscardRate)
	w.end()
	if m.Gmin == 0 {
		return
	}
	w.begin("BurstGapLoss")
	w.decimal("BLD", 100*m.BurstDensity)
	w.integer("BD", m.BurstDuration)
	w.decimal("GLD", 100*m.GapDensity)
	w.integer("GD", m.GapDuration)
	w.integer("GMIN", float64(m.Gmin))
	w.end()
}
